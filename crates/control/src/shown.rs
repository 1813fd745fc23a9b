//! What the API shows: the objects of one generation with the metadata that a store keeps.

mod defaults;
mod endpoints;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use sealane_model::resource::Object;
use serde_json::{Map, Value, json};

use crate::declared::{Declared, Stored, says_the_same};
use crate::resource::Name;
use crate::surroundings::Derived;
use crate::time::{rfc3339, seconds};

/// Marks what nobody declared and the mesh invented.
const INVENTED: &str = "sealane.dev/invented";

/// The readable objects of one generation. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The generation, which is also the `resourceVersion` of lists.
    pub version: u64,
    items: BTreeMap<Name, Arc<Item>>,
}

/// One object.
#[derive(Debug, Clone)]
pub struct Item {
    /// The generation in which it became what it is: its `resourceVersion`.
    pub version: u64,
    /// The whole object, `apiVersion` and `kind` included.
    pub json: Value,
    /// The object, when it is of a kind that acts.
    object: Option<Object>,
    /// What somebody declared, without what the machine around and the store added.
    declared: Option<Arc<Object>>,
    created: SystemTime,
    /// Bytes of JSON of an object that is only kept.
    size: usize,
}

impl Item {
    /// An object that is only kept.
    pub(crate) fn kept(version: u64, json: Value, created: SystemTime) -> Self {
        Self {
            version,
            size: json.to_string().len(),
            json,
            object: None,
            declared: None,
            created,
        }
    }

    /// The object, when it is of a kind that acts.
    pub(crate) const fn object(&self) -> Option<&Object> {
        self.object.as_ref()
    }

    /// Whether somebody declared it. The others (pods of a Deployment, slices) follow from those.
    pub const fn is_declared(&self) -> bool {
        self.declared.is_some() || self.object.is_none()
    }

    /// The document as somebody wrote it; as it is shown when it follows from others.
    pub fn said(&self) -> &Value {
        let declared = self.declared.as_ref();
        declared.map_or(&self.json, |object| &object.raw)
    }

    /// Bytes of JSON that it takes, when it is only kept.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// When it came here.
    pub const fn created(&self) -> SystemTime {
        self.created
    }
}

/// What became of an object between two generations.
#[derive(Debug, Clone)]
pub struct Event {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub kind: &'static str,
    /// The object.
    pub name: Name,
    /// As it is, or was last.
    pub item: Arc<Item>,
    /// As it was before, when it is `MODIFIED`.
    pub before: Option<Arc<Item>>,
}

impl Shown {
    /// The objects of generation `version`, made `at` a point in time: all of `derived` with what
    /// `declared` knows of them. Those that say the same as in `before` keep their version.
    pub fn of(
        (version, at): (u64, SystemTime),
        derived: &Derived,
        declared: &Declared,
        before: &Self,
    ) -> Self {
        let endpoints = endpoints::of(&derived.objects);
        let objects = derived.objects.iter().chain(&endpoints);
        let items = objects.map(|object| {
            let key = object.key();
            let name = Name::from(&key);
            let stored = declared.find(&key);
            let stored = stored.filter(|_| !derived.derived.contains(&key));
            let old = before.items.get(&name);
            let same = old.filter(|item| item.says(object, stored));
            let item = same.map_or_else(
                || Arc::new(Item::of((version, at), object, stored, old)),
                Arc::clone,
            );
            (name, item)
        });
        Self {
            version,
            items: items.collect(),
        }
    }

    /// These objects at this version.
    pub(crate) const fn at(version: u64, items: BTreeMap<Name, Arc<Item>>) -> Self {
        Self { version, items }
    }

    /// The object of that name.
    pub fn find(&self, name: &Name) -> Option<&Arc<Item>> {
        self.items.get(name)
    }

    /// All objects, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Arc<Item>)> {
        self.items.iter()
    }

    /// What happened since `before`, sorted by name.
    pub fn since(&self, before: &Self) -> Vec<Event> {
        let event = |kind, name: &Name, item: &Arc<Item>, before: Option<&Arc<Item>>| Event {
            kind,
            name: name.clone(),
            item: Arc::clone(item),
            before: before.map(Arc::clone),
        };
        let mut events = Vec::new();
        for (name, item) in &self.items {
            match before.items.get(name) {
                None => events.push(event("ADDED", name, item, None)),
                Some(old) if old.version != item.version => {
                    events.push(event("MODIFIED", name, item, Some(old)));
                }
                Some(_) => {}
            }
        }
        let gone = before.items.iter();
        let gone = gone.filter(|(name, _)| !self.items.contains_key(*name));
        events.extend(gone.map(|(name, item)| event("DELETED", name, item, None)));
        events
    }
}

impl Item {
    /// Whether it is this object already.
    fn says(&self, object: &Object, stored: Option<&Stored>) -> bool {
        let same = self.object.as_ref();
        let same = same.is_some_and(|mine| {
            says_the_same(mine, object) && mine.raw.get("status") == object.raw.get("status")
        });
        same && self.declared.is_some() == stored.is_some()
    }

    fn of(
        (version, at): (u64, SystemTime),
        object: &Object,
        stored: Option<&Stored>,
        old: Option<&Arc<Self>>,
    ) -> Self {
        let name = Name::from(&object.key());
        // A pod that somebody labels is declared from then on, and no younger.
        let created = old.map(|old| old.created);
        let created = created.or_else(|| stored.map(|stored| stored.created));
        let created = created.unwrap_or(at);
        let mut json = object.raw.clone();
        let metadata = metadata(&mut json, &name, version);
        if let Some(metadata) = metadata {
            let generation = stored.map(|stored| stored.generation);
            metadata.extend(generation.map(|it| ("generation".to_owned(), json!(it))));
            let declared = object.meta.creation_timestamp.as_deref();
            let declared = declared.filter(|_| metadata.contains_key("creationTimestamp"));
            let created = declared.map_or_else(|| rfc3339(created), str::to_owned);
            let created = json!(seconds(&created));
            metadata.insert("creationTimestamp".to_owned(), created);
            if object.meta.annotations.contains_key(INVENTED) {
                metadata.insert("uid".to_owned(), json!(uid_of_invented(&name)));
            }
        }
        defaults::fill(object.kind(), &mut json);
        Self {
            version,
            json: in_order(json),
            object: Some(object.clone()),
            declared: stored.map(|stored| Arc::clone(&stored.object)),
            created,
            size: 0,
        }
    }
}

/// Writes what a store knows into a document (its kind, namespace, uid and version), and gives its
/// metadata.
pub(crate) fn metadata<'a>(
    json: &'a mut Value,
    name: &Name,
    version: u64,
) -> Option<&'a mut Map<String, Value>> {
    let info = name.resource.info();
    let fields = json.as_object_mut()?;
    let preferred = info.versions.first().copied().unwrap_or("v1");
    let api_version = name.resource.api_version(preferred);
    fields.insert("apiVersion".to_owned(), json!(api_version));
    fields.insert("kind".to_owned(), json!(info.name));
    let metadata = fields
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    let metadata = metadata.as_object_mut()?;
    if info.namespaced {
        metadata.insert("namespace".to_owned(), json!(name.namespace));
    }
    metadata.insert("resourceVersion".to_owned(), json!(version.to_string()));
    metadata.insert("uid".to_owned(), json!(uid(name)));
    Some(metadata)
}

/// The fields of an object in the order in which people read them.
pub(crate) fn in_order(value: Value) -> Value {
    let Value::Object(mut fields) = value else {
        return value;
    };
    let mut ordered = Map::new();
    for name in ["apiVersion", "kind", "metadata", "spec"] {
        ordered.extend(fields.remove(name).map(|value| (name.to_owned(), value)));
    }
    let status = fields.remove("status");
    ordered.extend(fields);
    ordered.extend(status.map(|value| ("status".to_owned(), value)));
    Value::Object(ordered)
}

/// An id that an object of this name always has, in the form of a UUID (version 8: made of the
/// name), so that a restart changes nothing.
pub fn uid(name: &Name) -> String {
    hashed(&text_of(name))
}

/// The id of what was invented under a name: who deletes what was declared there, and waits until
/// it is gone, does not take this for it.
fn uid_of_invented(name: &Name) -> String {
    hashed(&(text_of(name) + "/invented"))
}

fn text_of(name: &Name) -> String {
    let kind = name.resource.qualified();
    format!("{kind}/{}/{}", name.namespace, name.name)
}

fn hashed(text: &str) -> String {
    let hash = text.bytes().fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        },
    );
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        hash >> 96,
        (hash >> 80) & 0xffff,
        (hash >> 64) & 0xfff,
        0x8000 | ((hash >> 48) & 0x3fff),
        hash & 0xffff_ffff_ffff
    )
}
