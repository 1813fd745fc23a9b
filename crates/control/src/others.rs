//! Objects that are kept and do nothing: the store behind the kinds that do not act.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::resource::Name;
use crate::shown::{Item, Shown, in_order, metadata};
use crate::time::{rfc3339, seconds};

/// Versions whose objects are kept for those who watch from an earlier one.
const WATCHABLE: usize = 64;
/// Objects that are kept, at most.
const MAX_OBJECTS: usize = 10_000;
/// Bytes of JSON of all of them, at most.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The kept objects.
#[derive(Debug, Default)]
pub struct Others {
    shown: watch::Sender<Arc<Vec<Arc<Shown>>>>,
}

/// Why an object is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// There are too many.
    #[error("{MAX_OBJECTS} objects that do nothing are kept already: delete some")]
    Objects,
    /// They are too large.
    #[error("objects that do nothing take {} MiB already: delete some", MAX_BYTES >> 20)]
    Bytes,
}

impl Others {
    /// The last versions, the newest at the end, and those that follow.
    pub fn shown(&self) -> watch::Receiver<Arc<Vec<Arc<Shown>>>> {
        self.shown.subscribe()
    }

    /// Keeps a document under a name, made or replaced `at` a point in time.
    pub fn put(&self, name: &Name, json: Value, at: SystemTime) -> Result<(), Full> {
        let mut result = Ok(());
        self.change(|newest| {
            let mut items = items(newest);
            items.remove(name);
            result = fits(&items, &json);
            result.ok()?;
            let version = newest.version + 1;
            let old = newest.find(name);
            items.insert(name.clone(), Arc::new(item(version, name, json, (old, at))));
            Some(Shown::at(version, items))
        });
        result
    }

    /// Takes objects away.
    pub fn delete(&self, names: &[Name]) {
        self.change(|newest| {
            let mut items = items(newest);
            items.retain(|name, _| !names.contains(name));
            Some(Shown::at(newest.version + 1, items))
        });
    }

    /// Makes the version after the newest one.
    fn change(&self, next: impl FnOnce(&Shown) -> Option<Shown>) {
        self.shown.send_if_modified(|kept| {
            let newest = kept.last().map(Arc::clone).unwrap_or_default();
            let Some(shown) = next(&newest) else {
                return false;
            };
            let from = (kept.len() + 1).saturating_sub(WATCHABLE);
            let older = kept.iter().skip(from).cloned();
            *kept = Arc::new(older.chain([Arc::new(shown)]).collect());
            true
        });
    }
}

fn items(shown: &Shown) -> BTreeMap<Name, Arc<Item>> {
    let items = shown.iter();
    items
        .map(|(name, item)| (name.clone(), Arc::clone(item)))
        .collect()
}

fn fits(items: &BTreeMap<Name, Arc<Item>>, json: &Value) -> Result<(), Full> {
    if items.len() >= MAX_OBJECTS {
        return Err(Full::Objects);
    }
    let all: usize = items.values().map(|item| item.size()).sum();
    if all + json.to_string().len() > MAX_BYTES {
        return Err(Full::Bytes);
    }
    Ok(())
}

/// The object with what a store knows of it.
fn item(
    version: u64,
    name: &Name,
    mut json: Value,
    (old, at): (Option<&Arc<Item>>, SystemTime),
) -> Item {
    let created = old.map_or(at, |old| old.created());
    if let Some(metadata) = metadata(&mut json, name, version) {
        let created = json!(seconds(&rfc3339(created)));
        metadata.insert("creationTimestamp".to_owned(), created);
    }
    Item::kept(version, in_order(json), created)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use crate::resource::Resource;

    use super::*;

    fn name(name: &str) -> Name {
        Name::new(Resource::of("v1", "ConfigMap").unwrap(), "shop", name)
    }

    #[test]
    fn an_object_keeps_its_creation_and_gets_new_versions() {
        let others = Others::default();
        let put = |text: &str, at| {
            let json = json!({"metadata": {"name": "a"}, "data": {"x": text}});
            others.put(&name("a"), json, at).unwrap();
        };
        put("1", UNIX_EPOCH);
        put("2", UNIX_EPOCH + std::time::Duration::from_mins(1));
        let kept = others.shown().borrow().clone();
        let newest = kept.last().unwrap();
        let item = newest.find(&name("a")).unwrap();
        assert_eq!((newest.version, item.version), (2, 2));
        assert_eq!(item.json["data"]["x"], "2");
        assert_eq!(
            item.json["metadata"]["creationTimestamp"],
            "1970-01-01T00:00:00Z"
        );
        others.delete(&[name("a")]);
        let kept = others.shown().borrow().clone();
        assert!(kept.last().unwrap().find(&name("a")).is_none());
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let others = Others::default();
        let large = "x".repeat(MAX_BYTES / 2);
        let put = |text: &str| {
            let json = json!({"data": large});
            others.put(&name(text), json, UNIX_EPOCH)
        };
        assert_eq!(put("a"), Ok(()));
        assert_eq!(put("a"), Ok(()));
        assert_eq!(put("b"), Err(Full::Bytes));
    }
}
