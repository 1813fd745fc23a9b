//! One sequence of picks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::counters::Counters;
use super::order::{LONGEST, Orders};
use super::pair::Pair;

/// Debts are counted in this many parts of a weight, so that little is lost when weights change.
const FINE: u64 = 1 << 16;

/// Destinations with weights, of which at least two are above 0.
pub(super) trait Shares {
    /// The weights.
    fn weights(&self) -> impl Iterator<Item = u64>;
    /// The destinations' names, by which they are known after a change.
    fn names(&self) -> impl Iterator<Item = &str>;
}

/// One sequence of picks from fixed shares.
#[derive(Debug)]
pub(super) struct Sequence {
    /// As they were given.
    given: Box<[u64]>,
    /// The picks of a period.
    period: u64,
    /// Without a common divisor, times [`FINE`].
    weights: Box<[u64]>,
    /// The sum of the weights: one pick.
    whole: u64,
    names: Box<[Arc<str>]>,
    /// What each was owed at the start, in parts of the whole.
    lead: Box<[i64]>,
    /// How many picks there were.
    tickets: AtomicU64,
    how: How,
}

#[derive(Debug)]
enum How {
    /// The placed one of two.
    Pair(usize, Pair),
    Orders(Orders),
    /// Guards what each is owed.
    Counters(Mutex<Counters>),
}

impl Sequence {
    /// A sequence that starts with what `old` owes.
    pub(super) fn new(shares: &impl Shares, old: Option<&Self>, seed: u64) -> Self {
        let given: Box<[u64]> = shares.weights().collect();
        let names: Box<[Arc<str>]> = shares.names().map(Arc::from).collect();
        let divisor = given.iter().copied().fold(0, common_divisor).max(1);
        let counts: Box<[u64]> = given.iter().map(|weight| weight / divisor).collect();
        let weights: Box<[u64]> = counts.iter().map(|count| count * FINE).collect();
        let period = counts.iter().sum::<u64>().max(1);
        let whole = period * FINE;
        let lead = match old {
            Some(old) => carried(old, &names, &weights, whole),
            None => weights.iter().map(|_| 0).collect(),
        };
        let how = match (&*weights, &*lead) {
            ([first, second], [first_lead, second_lead]) => {
                let (placed, part, lead) = if first < second {
                    (0, *first, *first_lead)
                } else {
                    (1, *second, *second_lead)
                };
                How::Pair(placed, Pair::new(part, whole, lead, seed))
            }
            _ if period <= LONGEST => How::Orders(Orders::new(&counts, (&lead, FINE), seed)),
            _ => How::Counters(Mutex::new(Counters::new(&lead))),
        };
        Self {
            given,
            period,
            weights,
            whole,
            names,
            lead,
            tickets: AtomicU64::new(0),
            how,
        }
    }

    /// Whether it is a sequence for these weights. Names do not count: a rule has other clusters
    /// on each port.
    pub(super) fn serves(&self, shares: &impl Shares) -> bool {
        shares.weights().eq(self.given.iter().copied())
    }

    /// The destination that gets the next pick.
    pub(super) fn next(&self) -> usize {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        match &self.how {
            How::Pair(placed, pair) if pair.takes(ticket) => *placed,
            How::Pair(placed, _) => 1 - placed,
            How::Orders(orders) => orders.at(ticket),
            How::Counters(counters) => {
                let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
                counters.next(&self.weights, self.whole)
            }
        }
    }

    /// What each destination is owed now, in parts of the whole. Nobody may be picking.
    fn owed(&self) -> Vec<i128> {
        let tickets = self.tickets.load(Ordering::Relaxed);
        let owed_after = |index: usize, picks: i128, tickets: u64| {
            let weight = self.weights.get(index).copied().unwrap_or(0);
            let lead = self.lead.get(index).copied().unwrap_or(0);
            i128::from(tickets) * i128::from(weight) + i128::from(lead)
                - picks * i128::from(self.whole)
        };
        match &self.how {
            How::Pair(placed, pair) => {
                let taken = pair.taken(tickets);
                let rest = i128::from(tickets) - taken;
                let picks = |index| if index == *placed { taken } else { rest };
                (0..2)
                    .map(|index| owed_after(index, picks(index), tickets))
                    .collect()
            }
            How::Orders(orders) => {
                let mut picks = vec![0_i128; self.weights.len()];
                for part in orders.drawn(tickets) {
                    if let Some(picks) = picks.get_mut(part) {
                        *picks += 1;
                    }
                }
                let into_block = tickets % self.period;
                let numbered = picks.into_iter().enumerate();
                numbered
                    .map(|(index, picks)| owed_after(index, picks, into_block))
                    .collect()
            }
            How::Counters(counters) => {
                let counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
                counters.owed().collect()
            }
        }
    }
}

/// What `old` owes, in parts of the new whole. A destination that is gone leaves its debt to the
/// others, by their shares; one that is new is owed nothing.
fn carried(old: &Sequence, names: &[Arc<str>], weights: &[u64], whole: u64) -> Box<[i64]> {
    let debts = old.owed();
    let new_whole = i128::from(whole);
    let scaled = |debt: i128| debt * new_whole / i128::from(old.whole);
    let known = |name: &Arc<str>| old.names.iter().position(|known| known == name);
    // The same rule on another port has other clusters in the same places.
    let renamed = old.names.len() == names.len() && !names.iter().any(|name| known(name).is_some());
    let mut lead: Vec<i128> = names
        .iter()
        .enumerate()
        .map(|(index, name)| if renamed { Some(index) } else { known(name) })
        .map(|place| {
            place
                .and_then(|place| debts.get(place))
                .copied()
                .map_or(0, scaled)
        })
        .collect();
    let rest: i128 = lead.iter().sum();
    for (lead, weight) in lead.iter_mut().zip(weights) {
        *lead -= rest * i128::from(*weight) / new_whole;
    }
    // What rounding has left goes to whoever it brings nearest to nothing.
    let left: i128 = lead.iter().sum();
    if let Some(most) = lead.iter_mut().max_by_key(|lead| **lead * left.signum()) {
        *most -= left;
    }
    let limit = new_whole - 1;
    let bounded = lead.into_iter().map(|lead| lead.clamp(-limit, limit));
    bounded
        .map(|lead| i64::try_from(lead).unwrap_or(0))
        .collect()
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
