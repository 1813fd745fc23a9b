//! In turn, by weight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::deadline::Deadlines;

/// What a weight is multiplied by where nothing lessens it.
pub(super) const WHOLE: u64 = 1 << 20;

/// Turns among the endpoints of a set.
#[derive(Debug)]
pub(super) struct RoundRobin {
    turn: AtomicU64,
    weighted: Option<Weighted>,
}

/// Turns among endpoints of different weights.
#[derive(Debug)]
pub(super) struct Weighted {
    places: Vec<usize>,
    weights: Vec<u32>,
    /// Guards whose turn it is.
    turns: Mutex<Deadlines>,
}

impl Weighted {
    /// Turns where the weights differ; `None` where they are all the same.
    pub(super) fn new(places: &[usize], weights: impl Iterator<Item = u32>) -> Option<Self> {
        let weights: Vec<u32> = weights.collect();
        let differ = weights
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a != b));
        differ.then(|| Self {
            places: places.to_vec(),
            turns: Mutex::new(Deadlines::new(
                weights.iter().map(|weight| u64::from(*weight) * WHOLE),
            )),
            weights,
        })
    }

    /// The next of the `usable`, each with its weight multiplied by `factor` of its place,
    /// at most [`WHOLE`].
    pub(super) fn pick(&self, usable: &[usize], factor: impl Fn(usize) -> u64) -> Option<usize> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let weight = |index: usize| {
            let place = self.places.get(index).zip(self.weights.get(index));
            match place {
                Some((place, weight)) if usable.binary_search(place).is_ok() => {
                    u64::from(*weight) * factor(*place)
                }
                _ => 0,
            }
        };
        let index = turns.next(weight)?;
        self.places.get(index).copied()
    }
}

impl RoundRobin {
    pub(super) fn new(places: &[usize], weights: impl Iterator<Item = u32>) -> Self {
        Self {
            turn: AtomicU64::new(0),
            weighted: Weighted::new(places, weights),
        }
    }

    pub(super) fn pick(&self, usable: &[usize]) -> Option<usize> {
        match &self.weighted {
            Some(weighted) => weighted.pick(usable, |_| WHOLE),
            None => super::at(usable, self.turn.fetch_add(1, Ordering::Relaxed)),
        }
    }
}
