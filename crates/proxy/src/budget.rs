//! Memory that many requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that request bodies may take together while they are kept for a second try or a mirror.
/// The proxies of one process share one.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    taken: AtomicUsize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            taken: AtomicUsize::new(0),
        })
    }

    /// Bytes that are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// What one request has taken of a budget; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Taken {
    pub(crate) const fn nothing_of(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Takes `bytes` more, if they are left.
    pub(crate) fn more(&mut self, bytes: usize) -> bool {
        let taken = &self.budget.taken;
        let grown = |taken: usize| {
            taken
                .checked_add(bytes)
                .filter(|sum| *sum <= self.budget.limit)
        };
        let is_left = taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown)
            .is_ok();
        if is_left {
            self.bytes += bytes;
        }
        is_left
    }

    /// Gives everything back.
    pub(crate) fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.budget.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(10);
        let mut one = Taken::nothing_of(Arc::clone(&budget));
        let mut other = Taken::nothing_of(Arc::clone(&budget));
        assert!(one.more(6));
        assert!(!other.more(5));
        assert!(other.more(4));
        assert_eq!(budget.taken(), 10);
        drop(one);
        assert!(other.more(6));
        other.give_back();
        assert_eq!(budget.taken(), 0);
    }
}
