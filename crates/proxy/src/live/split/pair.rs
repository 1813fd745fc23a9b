//! Two destinations: one of them is placed, the other takes the rest.
//!
//! With `part` of `whole`, the tickets fall into windows in which the placed destination's share
//! grows by one. It is picked once in each, at a place that a hash chooses, so that its count never
//! strays from its share by one or more. No memory, no lock, however long the period.

use super::mix;

/// A share of `part` of `whole` tickets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    part: i128,
    whole: i128,
    /// How much the destination is owed at the start, in parts of `whole`; less than one pick
    /// either way.
    lead: i128,
    seed: u64,
}

impl Pair {
    pub(super) fn new(part: u64, whole: u64, lead: i64, seed: u64) -> Self {
        Self {
            part: part.max(1).into(),
            whole: whole.max(1).into(),
            lead: lead.into(),
            seed,
        }
    }

    /// Whether the placed destination gets this ticket, the first being 0.
    pub(super) fn takes(&self, ticket: u64) -> bool {
        let window = self.window(ticket);
        window > 0 && self.place(window) == i128::from(ticket)
    }

    /// How many of the first `tickets` the placed destination gets.
    pub(super) fn taken(&self, tickets: u64) -> i128 {
        let Some(last) = tickets.checked_sub(1) else {
            return 0;
        };
        let window = self.window(last);
        if window < 1 {
            return 0;
        }
        window - 1 + i128::from(self.place(window) <= i128::from(last))
    }

    /// The window of a ticket, the first pick's being 1.
    fn window(&self, ticket: u64) -> i128 {
        (i128::from(ticket) * self.part + self.lead).div_euclid(self.whole) + 1
    }

    /// The first ticket of a window.
    fn start(&self, window: i128) -> i128 {
        let share = (window - 1) * self.whole - self.lead;
        -(-share).div_euclid(self.part)
    }

    /// The ticket of a window that the placed destination gets.
    fn place(&self, window: i128) -> i128 {
        let start = self.start(window).max(0);
        let size = u64::try_from(self.start(window + 1) - start).unwrap_or(1);
        let number = u64::try_from(window).unwrap_or(0);
        start + i128::from(mix::below(mix::pair(self.seed, number), size))
    }
}
