//! The objects that were declared, by files and by the API: the in-memory store.
//!
//! A transaction is a list of [`Edit`]s that become visible together. The last writer of an object
//! wins, whoever it is. What the API shows beside (uid, version) is [`shown`](crate::shown)'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::resource::Object;
use serde_json::Value;

use crate::time::rfc3339;

/// Metadata that stores keep: what a document says about it does not count.
pub(crate) const KEPT_BY_STORES: [&str; 6] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
];

/// Who wrote an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// A file, as the user named it.
    File(Arc<str>),
    /// Somebody who asked the API.
    Api,
}

/// A declared object.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The object. Its creation time is that of its document, or, when the API made it, when that
    /// was; objects that files made have none, so that a restart changes no order.
    pub object: Arc<Object>,
    /// When it came here.
    pub created: SystemTime,
    /// Grows with each change of what it says.
    pub generation: i64,
    /// Who wrote it last.
    pub writer: Writer,
    /// The object as a file declares it, also after somebody else changed it.
    pub of_file: Option<Arc<Object>>,
}

/// One part of a transaction.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Makes or replaces an object.
    Put {
        /// The object.
        object: Object,
        /// Who writes it.
        writer: Writer,
    },
    /// Notes that a file says the same at other places. Nothing happens when somebody else wrote
    /// the object last.
    Moved {
        /// The object with its new places.
        object: Object,
        /// The file.
        writer: Writer,
    },
    /// Takes an object away.
    Delete(ObjectKey),
}

impl Edit {
    /// The object that it is about.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Put { object, .. } | Self::Moved { object, .. } => object.key(),
            Self::Delete(key) => key.clone(),
        }
    }
}

/// What became of an object, in kubectl's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It says something else than before.
    Configured,
    /// It says the same as before.
    Unchanged,
    /// It is gone.
    Deleted,
}

impl Outcome {
    /// The word that people read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
        }
    }
}

/// What a transaction did to one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The object.
    pub key: ObjectKey,
    /// What became of it.
    pub outcome: Outcome,
    /// As it was.
    pub before: Option<Arc<Object>>,
    /// As it is.
    pub after: Option<Arc<Object>>,
}

/// All declared objects. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    objects: BTreeMap<ObjectKey, Stored>,
}

impl Declared {
    /// The object of that key.
    pub fn find(&self, key: &ObjectKey) -> Option<&Stored> {
        self.objects.get(key)
    }

    /// All objects, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.objects.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Carries out a transaction at a point in time. Of several edits of one object the last one
    /// counts. A deletion of what is not there does nothing.
    pub fn apply(&mut self, edits: Vec<Edit>, at: SystemTime) -> Vec<Change> {
        let last: BTreeMap<ObjectKey, Edit> =
            edits.into_iter().map(|edit| (edit.key(), edit)).collect();
        last.into_iter()
            .filter_map(|(key, edit)| self.edit(key, edit, at))
            .collect()
    }

    fn edit(&mut self, key: ObjectKey, edit: Edit, at: SystemTime) -> Option<Change> {
        match edit {
            Edit::Put { object, writer } => Some(self.put(key, object, writer, at)),
            Edit::Moved { object, writer } => {
                let stored = self.objects.get_mut(&key)?;
                if stored.writer == writer && says_the_same(&stored.object, &object) {
                    stored.object = Arc::new(with_times(object, Some(&stored.object), None));
                    stored.of_file = Some(Arc::clone(&stored.object));
                }
                None
            }
            Edit::Delete(_) => {
                let before = self.objects.remove(&key)?;
                Some(Change {
                    key,
                    outcome: Outcome::Deleted,
                    before: Some(before.object),
                    after: None,
                })
            }
        }
    }

    fn put(&mut self, key: ObjectKey, object: Object, writer: Writer, at: SystemTime) -> Change {
        let old = self.objects.get(&key);
        let outcome = match old {
            None => Outcome::Created,
            Some(old) if says_the_same(&old.object, &object) => Outcome::Unchanged,
            Some(_) => Outcome::Configured,
        };
        let before = old.map(|old| Arc::clone(&old.object));
        let made_now = (old.is_none() && writer == Writer::Api).then_some(at);
        let object = Arc::new(with_times(object, before.as_deref(), made_now));
        let generation = match old {
            None => 1,
            Some(old) if old.object.body == object.body => old.generation,
            Some(old) => old.generation + 1,
        };
        let of_file = match &writer {
            Writer::File(_) => Some(Arc::clone(&object)),
            Writer::Api => old.and_then(|old| old.of_file.clone()),
        };
        let stored = Stored {
            of_file,
            object: Arc::clone(&object),
            created: old.map_or(at, |old| old.created),
            generation,
            writer,
        };
        self.objects.insert(key.clone(), stored);
        Change {
            key,
            outcome,
            before,
            after: Some(object),
        }
    }
}

/// The object with its creation time: that of its document, else the one that it had, else `now`.
fn with_times(mut object: Object, before: Option<&Object>, now: Option<SystemTime>) -> Object {
    if object.meta.creation_timestamp.is_none() {
        object.meta.creation_timestamp = match before {
            Some(before) => before.meta.creation_timestamp.clone(),
            None => now.map(rfc3339),
        };
    }
    object
}

/// Whether two versions of an object differ in nothing that a user writes.
pub fn says_the_same(a: &Object, b: &Object) -> bool {
    a.body == b.body && a.meta.labels == b.meta.labels && said(a) == said(b)
}

/// What the document says, without what stores keep.
fn said(object: &Object) -> Value {
    let mut raw = object.raw.clone();
    let metadata = raw.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        metadata.retain(|key, value| {
            let is_empty = matches!(value, Value::Object(map) if map.is_empty());
            !KEPT_BY_STORES.contains(&key.as_str()) && !is_empty && !value.is_null()
        });
    }
    if let Some(fields) = raw.as_object_mut() {
        // The served versions of a kind say the same.
        fields.remove("apiVersion");
        // Only a Pod's state is declared: its address and whether it is ready.
        if object.kind() != Kind::Pod {
            fields.remove("status");
        }
    }
    raw
}

#[cfg(test)]
mod tests;
