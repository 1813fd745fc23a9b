//! How far a count may lie from its share.
//!
//! Sealane's splits, fault percentages and mirror percentages are exact: the count of each destination is less
//! than two away from `n × share`, wherever in the rule's sequence the calls begin. Picks among the endpoints
//! of one cluster are what their algorithm makes of them, often chance: four standard deviations. A file says
//! only `to: { a: 50%, b: 50% }`, so the judge has to find out which of the two made a split:
//!
//! - Calls are sorted by what is decided exactly: the logged cluster, and whether a fault was injected (flag
//!   `FI` or `DI`). All other flags can depend on the endpoint.
//! - Where such a group shows two values, its endpoints made the difference, so every value that it shows is
//!   left to chance. The same holds where the mesh says that the cluster's endpoints belong to several
//!   workloads.
//! - A value that only groups of one value show is exact. Each group is a destination with an allowance of its
//!   own, so a workload that two clusters lead to has two allowances.
//! - All calls in one group of one value: nothing was split, so a wanted split could only have come from
//!   endpoints; chance, unless the mesh says that one workload stands behind the cluster.
//! - A value that was never seen could have come from any group: exact, when all groups are.
//!
//! The rule errs towards chance only where chance is possible. A share of 0 or 1 allows no deviation at all.

use std::collections::{BTreeMap, BTreeSet};

use super::as_number;
use crate::observed::Observed;
use crate::scenario::measure::Share;

/// What made a count what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Exact sequences of this many destinations.
    Exact(u32),
    /// Picks by chance.
    Chance,
}

impl Source {
    /// Of the sum of two counts.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => Self::Exact(a.saturating_add(b)),
            (Self::Chance, _) | (_, Self::Chance) => Self::Chance,
        }
    }
}

/// Where the count of each value of one key comes from.
#[derive(Debug)]
pub(super) struct Sources {
    by_value: BTreeMap<String, Source>,
    unseen: Source,
}

impl Sources {
    /// Of a value that was seen.
    pub(super) fn of(&self, value: &str) -> Source {
        self.by_value.get(value).copied().unwrap_or(self.unseen)
    }

    /// Of a value that was never seen.
    pub(super) fn unseen(&self) -> Source {
        self.unseen
    }
}

/// What is decided exactly: the cluster, an injected abort, an injected delay.
type Group<'a> = (Option<&'a str>, bool, bool);

fn group(call: &Observed) -> Group<'_> {
    let Some(log) = &call.log else {
        return (None, false, false);
    };
    let has = |flag: &str| log.flags.split(',').any(|f| f.trim() == flag);
    (Some(&log.cluster), has("FI"), has("DI"))
}

/// Finds the source of each value; `values` has one for each call.
pub(super) fn sources(seen: &[Observed], values: &[String]) -> Sources {
    let mut groups: BTreeMap<Group<'_>, (BTreeSet<&str>, Option<usize>)> = BTreeMap::new();
    for (call, value) in seen.iter().zip(values) {
        let (shown, candidates) = groups.entry(group(call)).or_default();
        shown.insert(value);
        *candidates = (*candidates).max(call.candidates);
    }
    let alone = groups.len() == 1;
    let mut by_value = BTreeMap::new();
    let mut unseen = Source::Exact(1);
    for ((_, aborted, _), (shown, candidates)) in groups {
        let single = match candidates {
            _ if aborted => true, // No endpoint was picked.
            Some(workloads) => workloads <= 1,
            None => !alone,
        };
        let source = if shown.len() == 1 && single {
            Source::Exact(1)
        } else {
            Source::Chance
        };
        if source == Source::Chance {
            unseen = Source::Chance;
        }
        for value in shown {
            let sum = by_value
                .get(value)
                .map_or(source, |before: &Source| before.and(source));
            by_value.insert(value.to_owned(), sum);
        }
    }
    Sources { by_value, unseen }
}

/// Whether a count of `total` is as near to its share as its source allows.
pub(super) fn near(count: usize, total: usize, share: Share, source: Source) -> bool {
    if share.value <= 0.0 {
        return count == 0;
    }
    if share.value >= 1.0 {
        return count == total;
    }
    let n = as_number(total);
    let distance = (as_number(count) - n * share.value).abs() - n * share.rounding;
    match source {
        Source::Exact(destinations) => distance < 2.0 * f64::from(destinations),
        Source::Chance => {
            let deviation = (n * share.value * (1.0 - share.value)).sqrt();
            distance <= 4.0 * deviation + 1e-9
        }
    }
}

/// Whether shares, as they were rounded, make up the whole, so that no other value may show.
pub(super) fn complete(parts: &[Share]) -> bool {
    parts
        .iter()
        .map(|part| part.value + part.rounding)
        .sum::<f64>()
        >= 1.0 - 1e-9
}
