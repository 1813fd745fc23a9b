//! Endpoints by hash: a ring or a table, made anew when other endpoints are usable.

use std::sync::{Arc, Mutex, PoisonError};

use super::maglev::Maglev;
use super::ring_hash::Ring;

/// A ring or a table of the usable endpoints.
#[derive(Debug)]
pub(super) struct HashTable {
    kind: Kind,
    /// For which places it was made, and what. Guards the one that is in use.
    made: Mutex<Option<(Vec<usize>, Arc<Made>)>>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Ring { minimum: u64, maximum: u64 },
    Maglev { size: u64 },
}

#[derive(Debug)]
enum Made {
    Ring(Ring),
    Maglev(Maglev),
}

impl HashTable {
    pub(super) fn ring(minimum: u64, maximum: u64) -> Self {
        Self::new(Kind::Ring { minimum, maximum })
    }

    pub(super) fn maglev(size: u64) -> Self {
        Self::new(Kind::Maglev { size })
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            made: Mutex::default(),
        }
    }

    /// The usable place for a hash; a later attempt leads to another. `key` gives what is hashed
    /// of a place, and its weight.
    pub(super) fn pick(
        &self,
        usable: &[usize],
        key: impl Fn(usize) -> Option<(String, u32)>,
        (hash, attempt): (u64, u32),
    ) -> Option<usize> {
        let index = match &*self.made_for(usable, key)? {
            Made::Ring(ring) => ring.pick(hash, attempt),
            Made::Maglev(table) => table.pick(hash, attempt),
        };
        usable.get(index?).copied()
    }

    fn made_for(
        &self,
        usable: &[usize],
        key: impl Fn(usize) -> Option<(String, u32)>,
    ) -> Option<Arc<Made>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, made)) = made.as_ref().filter(|(places, _)| places == usable) {
            return Some(Arc::clone(made));
        }
        let keys: Vec<_> = usable.iter().filter_map(|place| key(*place)).collect();
        if keys.len() != usable.len() || keys.is_empty() {
            return None;
        }
        let new = Arc::new(match self.kind {
            Kind::Ring { minimum, maximum } => Made::Ring(Ring::new(&keys, minimum, maximum)),
            Kind::Maglev { size } => Made::Maglev(Maglev::new(&keys, size)),
        });
        *made = Some((usable.to_vec(), Arc::clone(&new)));
        Some(new)
    }
}
