//! Draws from splits and fractions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealane_runtime::split::{Fraction, Split};
use sealane_seam::{Random, SeededRandom};

/// What is drawn from a fraction; each kind has sequences of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Draw {
    /// Whether a delay is injected.
    Delay,
    /// Whether an abort is injected.
    Abort,
    /// Whether a copy is sent.
    Mirror,
}

type Tickets = BTreeMap<(Option<Draw>, Arc<str>), u64>;

/// The sequences of a proxy: one per split, fault and mirror, by key.
#[derive(Debug)]
pub(crate) struct Sequences {
    random: SeededRandom,
    /// How far each sequence is. Guards the counters.
    tickets: Mutex<Tickets>,
}

impl Sequences {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(seed),
            tickets: Mutex::default(),
        }
    }

    /// The part of `split` that takes the next request, as an index into its parts.
    pub(crate) fn pick(&self, split: &Split) -> Option<usize> {
        let mut position = if split.random {
            self.random.below(split.total)
        } else {
            self.ticket((None, &split.key)) % split.total
        };
        split.parts.iter().position(|part| {
            let found = position < part.weight;
            position = position.saturating_sub(part.weight);
            found
        })
    }

    /// Whether the next draw of the sequence `key` is inside `fraction`.
    pub(crate) fn draw(&self, key: &Arc<str>, kind: Draw, fraction: Fraction) -> bool {
        if fraction.is_all() || fraction.is_none() {
            return fraction.is_all();
        }
        // Bresenham: of every `denominator` draws, `numerator` are inside, evenly spread.
        let (part, whole) = (
            u64::from(fraction.numerator),
            u64::from(fraction.denominator),
        );
        let ticket = self.ticket((Some(kind), key)) % whole;
        (ticket + 1) * part / whole > ticket * part / whole
    }

    fn ticket(&self, (kind, key): (Option<Draw>, &Arc<str>)) -> u64 {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let next = tickets.entry((kind, Arc::clone(key))).or_default();
        let ticket = *next;
        *next = ticket.wrapping_add(1);
        ticket
    }
}
