//! What was built from which message, so that nothing is built twice.
//!
//! A control plane in the same process gives two hundred sidecars the very same messages; each then
//! has the very same clusters, tables and listeners, once in memory. Messages are told apart by where
//! they are, never by what they say: that would cost as much as building.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sealane_xds::cluster as clusters;
use sealane_xds::endpoint::ClusterLoadAssignment;
use sealane_xds::listener as listeners;
use sealane_xds::route::RouteConfiguration;

use crate::cluster::Cluster;
use crate::listener::Listener;
use crate::table::RouteTable;

/// How many values are known before those that nobody can ask for any more are looked for.
const FEW: usize = 128;

/// The values that somebody still uses, by the messages that they were built from. Holds on to
/// neither.
#[derive(Debug, Default)]
pub struct Builds {
    pub(super) listeners: Known<listeners::Listener, Listener>,
    pub(super) tables: Known<RouteConfiguration, RouteTable>,
    pub(super) clusters: Known<clusters::Cluster, Cluster>,
}

/// A message, and the resource beside it that is read with it.
type Sources<'a, M> = (&'a Arc<M>, Option<&'a Arc<ClusterLoadAssignment>>);

/// The values of one kind.
#[derive(Debug)]
pub(super) struct Known<M, B> {
    /// Guards the table; held for look-ups only, never while a value is built.
    table: Mutex<Table<M, B>>,
}

/// By where the messages are.
type Key = (usize, usize);

#[derive(Debug)]
struct Table<M, B> {
    entries: HashMap<Key, Entry<M, B>>,
    /// How many entries are too many.
    full: usize,
}

#[derive(Debug)]
struct Entry<M, B> {
    built: Weak<B>,
    /// As long as these are here, no other message can be where they are or were.
    message: Weak<M>,
    beside: Option<Weak<ClusterLoadAssignment>>,
}

impl<M, B> Entry<M, B> {
    /// Whether anybody may still ask for it, and somebody uses it.
    fn is_of_use(&self) -> bool {
        self.built.strong_count() > 0
            && self.message.strong_count() > 0
            && self
                .beside
                .as_ref()
                .is_none_or(|beside| beside.strong_count() > 0)
    }
}

impl<M, B> Default for Known<M, B> {
    fn default() -> Self {
        let table = Table {
            entries: HashMap::new(),
            full: FEW,
        };
        Self {
            table: Mutex::new(table),
        }
    }
}

impl<M, B: PartialEq> Known<M, B> {
    /// What was built from `sources`, if anybody uses it; else what is built now, which is `old`
    /// where it is equal to that.
    pub(super) fn of(
        &self,
        sources: Sources<'_, M>,
        old: Option<&Arc<B>>,
        build: impl FnOnce() -> Option<B>,
    ) -> Option<Arc<B>> {
        let key = key(sources);
        if let Some(built) = self.find(&key) {
            return Some(built);
        }
        let new = build()?;
        let built = match old {
            Some(old) if **old == new => Arc::clone(old),
            _ => Arc::new(new),
        };
        self.keep(key, sources, &built);
        Some(built)
    }

    fn find(&self, key: &Key) -> Option<Arc<B>> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.entries.get(key)?.built.upgrade()
    }

    fn keep(&self, key: Key, (message, beside): Sources<'_, M>, built: &Arc<B>) {
        let entry = Entry {
            built: Arc::downgrade(built),
            message: Arc::downgrade(message),
            beside: beside.map(Arc::downgrade),
        };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.entries.insert(key, entry);
        if table.entries.len() > table.full {
            table.entries.retain(|_, entry| entry.is_of_use());
            table.full = FEW.max(table.entries.len() * 2);
        }
    }
}

#[cfg(test)]
impl<M, B> Known<M, B> {
    /// How many messages are remembered.
    pub(super) fn len(&self) -> usize {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.entries.len()
    }
}

fn key<M>((message, beside): Sources<'_, M>) -> Key {
    let beside = beside.map_or(0, |beside| Arc::as_ptr(beside).addr());
    (Arc::as_ptr(message).addr(), beside)
}
