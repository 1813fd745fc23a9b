//! Draws from splits and fractions.
//!
//! A rule has one sequence in a proxy, on whatever port and host it appears. From the start of a
//! sequence each destination's count stays within one of its share, over any stretch within two. A
//! change of weights goes on where the old ones stood.

mod counters;
mod mix;
mod order;
mod pair;
mod sequence;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sealane_runtime::split::{Fraction, Split};
use sealane_seam::{Random, SeededRandom};

use self::sequence::{Sequence, Shares};

/// What is drawn from a fraction; each kind has sequences of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Draw {
    /// Whether a delay is injected.
    Delay,
    /// Whether an abort is injected.
    Abort,
    /// Whether a copy is sent.
    Mirror,
}

/// The sequences of a proxy, one per split, fault and mirror.
#[derive(Debug)]
pub(crate) struct Sequences {
    random: SeededRandom,
    seed: u64,
    /// By the key of the split. Guards the table; a sequence is drawn from while the table is held
    /// for reading, so that none is drawn from any more once another has taken its place.
    splits: RwLock<HashMap<Arc<str>, Sequence>>,
    /// By kind, then by the key of the fault or mirror.
    fractions: RwLock<HashMap<Draw, HashMap<Arc<str>, Sequence>>>,
}

impl Sequences {
    /// No sequences yet. What they will be depends on `seed` alone.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(seed),
            seed,
            splits: RwLock::default(),
            fractions: RwLock::default(),
        }
    }

    /// The part of `split` that takes the next request, as an index into its parts.
    pub(crate) fn pick(&self, split: &Split) -> Option<usize> {
        if split.parts.len() < 2 {
            return (!split.parts.is_empty()).then_some(0);
        }
        if split.random {
            return self.at_random(split);
        }
        let shares = SplitShares(split);
        {
            let splits = self.splits.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(sequence) = splits.get(&split.key).filter(|known| known.serves(&shares)) {
                return Some(sequence.next());
            }
        }
        let mut splits = self.splits.write().unwrap_or_else(PoisonError::into_inner);
        Some(self.renewed(&mut splits, &split.key, &shares).next())
    }

    /// Whether the next draw of the sequence `key` of this kind is inside `fraction`.
    pub(crate) fn draw(&self, key: &Arc<str>, kind: Draw, fraction: Fraction) -> bool {
        if fraction.is_all() || fraction.is_none() {
            return fraction.is_all();
        }
        let shares = FractionShares(fraction);
        {
            let fractions = self
                .fractions
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            let known = fractions.get(&kind).and_then(|keys| keys.get(key));
            if let Some(sequence) = known.filter(|known| known.serves(&shares)) {
                return sequence.next() == 0;
            }
        }
        let mut fractions = self
            .fractions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let keys = fractions.entry(kind).or_default();
        self.renewed(keys, key, &shares).next() == 0
    }

    /// Forgets the sequences whose keys are not `wanted` any more.
    pub(crate) fn retain(&self, wanted: impl Fn(&str) -> bool) {
        let mut splits = self.splits.write().unwrap_or_else(PoisonError::into_inner);
        splits.retain(|key, _| wanted(key));
        let mut fractions = self
            .fractions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        fractions.retain(|_, keys| {
            keys.retain(|key, _| wanted(key));
            !keys.is_empty()
        });
    }

    /// The sequence for these shares, which goes on where one for others stood.
    fn renewed<'a>(
        &self,
        known: &'a mut HashMap<Arc<str>, Sequence>,
        key: &Arc<str>,
        shares: &impl Shares,
    ) -> &'a Sequence {
        let old = known.remove(key);
        let sequence = match old {
            // Another thread was faster.
            Some(old) if old.serves(shares) => old,
            old => Sequence::new(shares, old.as_ref(), mix::text(self.seed, key)),
        };
        known.entry(Arc::clone(key)).or_insert(sequence)
    }

    fn at_random(&self, split: &Split) -> Option<usize> {
        let mut position = self.random.below(split.total);
        split.parts.iter().position(|part| {
            let found = position < part.weight;
            position = position.saturating_sub(part.weight);
            found
        })
    }
}

struct SplitShares<'a>(&'a Split);

impl Shares for SplitShares<'_> {
    fn weights(&self) -> impl Iterator<Item = u64> {
        self.0.parts.iter().map(|part| part.weight)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.parts.iter().map(|part| &*part.cluster)
    }
}

/// Inside is part 0, outside part 1.
struct FractionShares(Fraction);

impl Shares for FractionShares {
    fn weights(&self) -> impl Iterator<Item = u64> {
        let inside = self.0.numerator;
        let outside = self.0.denominator.saturating_sub(inside);
        [inside, outside].into_iter().map(u64::from)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        ["inside", "outside"].into_iter()
    }
}

#[cfg(test)]
mod tests;
