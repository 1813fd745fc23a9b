//! Several destinations: orders of one period, of which each block of tickets uses one.
//!
//! The j-th pick of a destination with weight w of a period n has the window
//! ⌊(j−1)n/w⌋+1 … ⌈jn/w⌉; an order that keeps every pick in its window never strays from a share by
//! one or more. Taking the earliest deadline first always finds one. Others come from releasing
//! picks later than they might be, at random. A debt from before shifts the windows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::OnceLock;

use super::mix;

/// The longest period for which orders are kept.
pub(super) const LONGEST: u64 = 4096;
/// The most entries that the orders of one sequence may have together, unless that leaves less
/// than `FEWEST`.
const BUDGET: u64 = 8192;
/// The fewest and most orders of a sequence.
const FEWEST: u64 = 4;
const MOST: u64 = 64;
/// How much of a window a release may be put off, in 16ths, attempt by attempt.
const ATTEMPTS: [u64; 6] = [16, 12, 8, 5, 3, 1];

/// The orders of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    picks: Vec<Pick>,
    /// Each is made when a block first uses it.
    variants: Vec<OnceLock<Box<[u16]>>>,
    period: u64,
    seed: u64,
}

/// A pick that must stand in some order, between two places, the first being 1.
#[derive(Debug, Clone, Copy)]
struct Pick {
    part: u16,
    release: i64,
    deadline: i64,
}

impl Orders {
    /// The orders for `weights`, which add up to at most [`LONGEST`]. `lead` is what each is owed
    /// at the start, in so many parts of a weight.
    pub(super) fn new(weights: &[u64], lead: (&[i64], u64), seed: u64) -> Self {
        let period: u64 = weights.iter().sum();
        let count = (BUDGET / period.max(1)).clamp(FEWEST, MOST);
        Self {
            picks: picks(weights, lead, period),
            variants: (0..count).map(|_| OnceLock::new()).collect(),
            period: period.max(1),
            seed,
        }
    }

    /// The destination that gets this ticket, the first being 0.
    pub(super) fn at(&self, ticket: u64) -> usize {
        let (block, place) = (ticket / self.period, ticket % self.period);
        let part = usize::try_from(place)
            .ok()
            .and_then(|place| self.block(block).get(place));
        part.copied().unwrap_or(0).into()
    }

    /// The destinations of the tickets of the current block that are drawn already.
    pub(super) fn drawn(&self, tickets: u64) -> impl Iterator<Item = usize> {
        let place = usize::try_from(tickets % self.period).unwrap_or(0);
        let block = self.block(tickets / self.period);
        block.iter().take(place).copied().map(usize::from)
    }

    fn block(&self, block: u64) -> &[u16] {
        let count = u64::try_from(self.variants.len()).unwrap_or(1);
        let chosen = mix::below(mix::pair(self.seed, !block), count);
        let variant = usize::try_from(chosen)
            .ok()
            .and_then(|chosen| self.variants.get(chosen));
        variant.map_or(&[], |variant| {
            variant.get_or_init(|| order(&self.picks, mix::pair(self.seed, chosen)))
        })
    }
}

fn picks(weights: &[u64], (lead, parts): (&[i64], u64), period: u64) -> Vec<Pick> {
    let (Ok(period), Ok(parts)) = (i64::try_from(period), i64::try_from(parts)) else {
        return Vec::new();
    };
    let mut picks = Vec::new();
    for (part, (weight, lead)) in weights.iter().zip(lead).enumerate() {
        let (Ok(part), Ok(weight)) = (u16::try_from(part), i64::try_from(*weight)) else {
            continue;
        };
        // What must be earned before this many picks are paid for.
        let owed = |number: i64| number * period * parts - lead;
        picks.extend((1..=weight).map(|number| Pick {
            part,
            release: (owed(number - 1).div_euclid(parts * weight) + 1).clamp(1, period),
            deadline: (-(-owed(number)).div_euclid(parts * weight)).clamp(1, period),
        }));
    }
    picks
}

/// An order that `seed` chooses.
fn order(picks: &[Pick], seed: u64) -> Box<[u16]> {
    let attempt = |(attempt, part): (u64, u64)| {
        let (order, met) = schedule(picks, mix::pair(seed, attempt), part);
        met.then_some(order)
    };
    (0..)
        .zip(ATTEMPTS)
        .find_map(attempt)
        .unwrap_or_else(|| schedule(picks, seed, 0).0)
        .into_boxed_slice()
}

/// Earliest deadline first, with every release put off at random by up to `part` 16ths of its
/// window; and whether every deadline was met.
fn schedule(picks: &[Pick], seed: u64, part: u64) -> (Vec<u16>, bool) {
    let entries: Vec<Entry> = picks
        .iter()
        .zip(0_u64..)
        .enumerate()
        .map(|(index, (pick, number))| Entry::new(index, pick, mix::pair(seed, number), part))
        .collect();
    let mut due = Queue::new(&entries, |entry| entry.put_off);
    let mut allowed = Queue::new(&entries, |entry| entry.release);
    let mut taken = vec![false; picks.len()];
    let mut order = Vec::with_capacity(picks.len());
    let mut met = true;
    for place in (1..).take(picks.len()) {
        // Where nobody is due, one whose release was put off comes early; where none may, the
        // next one all the same.
        let next = due
            .first(place, &taken)
            .or_else(|| allowed.first(place, &taken))
            .or_else(|| allowed.first(i64::MAX, &taken));
        let Some((pick, taken)) = next.and_then(|index| picks.get(index).zip(taken.get_mut(index)))
        else {
            break;
        };
        *taken = true;
        met &= pick.release <= place && place <= pick.deadline;
        order.push(pick.part);
    }
    (order, met)
}

/// A pick with what was drawn for it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    index: usize,
    release: i64,
    put_off: i64,
    deadline: i64,
    tie: u64,
}

impl Entry {
    fn new(index: usize, pick: &Pick, hash: u64, part: u64) -> Self {
        let room = u64::try_from(pick.deadline - pick.release).unwrap_or(0) * part / 16;
        let delay = i64::try_from(mix::below(hash, room + 1)).unwrap_or(0);
        Self {
            index,
            release: pick.release,
            put_off: pick.release + delay,
            deadline: pick.deadline,
            tie: mix::bits(hash),
        }
    }
}

/// Picks in the order of their deadlines, each from a time of its own.
struct Queue {
    /// The last comes first.
    later: Vec<(i64, Entry)>,
    ready: BinaryHeap<Reverse<(i64, u64, usize)>>,
}

impl Queue {
    fn new(entries: &[Entry], from: impl Fn(&Entry) -> i64) -> Self {
        let mut later: Vec<_> = entries.iter().map(|entry| (from(entry), *entry)).collect();
        later.sort_unstable_by_key(|(from, entry)| Reverse((*from, entry.deadline, entry.tie)));
        Self {
            later,
            ready: BinaryHeap::new(),
        }
    }

    /// Takes out the first of those that are there at `place` and not `taken`.
    fn first(&mut self, place: i64, taken: &[bool]) -> Option<usize> {
        while let Some((_, entry)) = self.later.pop_if(|(from, _)| *from <= place) {
            self.ready
                .push(Reverse((entry.deadline, entry.tie, entry.index)));
        }
        while let Some(Reverse((.., index))) = self.ready.pop() {
            if taken.get(index) == Some(&false) {
                return Some(index);
            }
        }
        None
    }
}
