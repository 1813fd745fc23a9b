//! What the API shows: the objects of one generation with the metadata that a store keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::resource::Object;
use serde_json::{Map, Value, json};

use crate::declared::{Declared, says_the_same};
use crate::time::rfc3339;

/// The readable objects of one generation. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The generation, which is also the `resourceVersion` of lists.
    pub version: u64,
    items: BTreeMap<ObjectKey, Arc<Item>>,
}

/// One object.
#[derive(Debug)]
pub struct Item {
    /// The generation in which it became what it is: its `resourceVersion`.
    pub version: u64,
    /// The whole object, `apiVersion` and `kind` included.
    pub json: Value,
    object: Object,
    declared: bool,
}

impl Item {
    /// Whether somebody declared it. The others (pods of a Deployment, slices) follow from those.
    pub const fn is_declared(&self) -> bool {
        self.declared
    }
}

/// What became of an object between two generations.
#[derive(Debug, Clone)]
pub struct Event {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub kind: &'static str,
    /// The object.
    pub key: ObjectKey,
    /// As it is, or was last.
    pub item: Arc<Item>,
}

impl Shown {
    /// The objects of generation `version`: `objects` with what `declared` knows of them. Those
    /// that say the same as in `before` keep their version.
    pub fn of(
        version: u64,
        objects: &[Object],
        declared: &Declared,
        derived: &BTreeSet<ObjectKey>,
        before: &Self,
    ) -> Self {
        let items = objects.iter().map(|object| {
            let key = object.key();
            let same = before.items.get(&key);
            let same = same.filter(|item| says_the_same(&item.object, object));
            let item = same.map_or_else(
                || Arc::new(item(version, object, declared, !derived.contains(&key))),
                Arc::clone,
            );
            (key, item)
        });
        Self {
            version,
            items: items.collect(),
        }
    }

    /// The object of that key.
    pub fn find(&self, key: &ObjectKey) -> Option<&Arc<Item>> {
        self.items.get(key)
    }

    /// All objects, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &Arc<Item>)> {
        self.items.iter()
    }

    /// What happened since `before`, sorted by key.
    pub fn since(&self, before: &Self) -> Vec<Event> {
        let event = |kind, key: &ObjectKey, item: &Arc<Item>| Event {
            kind,
            key: key.clone(),
            item: Arc::clone(item),
        };
        let mut events = Vec::new();
        for (key, item) in &self.items {
            match before.items.get(key) {
                None => events.push(event("ADDED", key, item)),
                Some(old) if old.version != item.version => {
                    events.push(event("MODIFIED", key, item));
                }
                Some(_) => {}
            }
        }
        let gone = before.items.iter();
        let gone = gone.filter(|(key, _)| !self.items.contains_key(*key));
        events.extend(gone.map(|(key, item)| event("DELETED", key, item)));
        events
    }
}

fn item(version: u64, object: &Object, declared: &Declared, is_declared: bool) -> Item {
    let key = object.key();
    let mut json = object.raw.clone();
    if let Value::Object(fields) = &mut json {
        fields.insert("apiVersion".to_owned(), json!(key.kind.api_version()));
        fields.insert("kind".to_owned(), json!(key.kind.info().name));
        let metadata = fields
            .entry("metadata")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(metadata) = metadata {
            keep_metadata(metadata, &key, declared, version);
        }
    }
    Item {
        version,
        json: in_order(json),
        object: object.clone(),
        declared: is_declared,
    }
}

/// Adds what a store knows: namespace, uid, versions, creation time.
fn keep_metadata(
    metadata: &mut Map<String, Value>,
    key: &ObjectKey,
    declared: &Declared,
    version: u64,
) {
    if key.kind.info().namespaced {
        metadata.insert("namespace".to_owned(), json!(key.namespace));
    }
    metadata.insert("resourceVersion".to_owned(), json!(version.to_string()));
    metadata.insert("uid".to_owned(), json!(uid(key)));
    if let Some(stored) = declared.find(key) {
        metadata.insert("generation".to_owned(), json!(stored.generation));
        metadata
            .entry("creationTimestamp")
            .or_insert_with(|| json!(rfc3339(stored.created)));
    }
}

/// The fields of an object in the order in which people read them.
fn in_order(value: Value) -> Value {
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
pub fn uid(key: &ObjectKey) -> String {
    let text = format!("{}/{}/{}", key.kind, key.namespace, key.name);
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
