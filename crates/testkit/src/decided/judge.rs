//! Compares what can come of a call with what is expected of it.
//!
//! An outcome at an endpoint leaves much open: the workload's status, a retry, a reset. So every value has a
//! range of shares, from those outcomes that must show it to those that may. An expectation holds when the
//! wanted share lies in the range; where the range is everything, the key is reported as not checked.

use std::collections::BTreeMap;

use crate::judge::Check;
use crate::scenario::expect::{Expectation, Key, Want};
use crate::scenario::measure::Share;
use crate::scenario::pattern::Pattern;

use super::outcome::{Decided, End, Outcome};

/// Flags that only a decision makes, so that no endpoint can. (UH may also come of endpoints that were ejected.)
const DECIDED_FLAGS: [&str; 3] = ["FI", "NC", "NR"];

/// What an outcome may show for a key.
enum Shows<'a> {
    /// One of these, nothing else.
    OneOf(Vec<&'a str>),
    /// Anything for which this holds.
    Anything(fn(&str) -> bool),
}

/// The check of one expectation, or why it cannot be checked here.
pub fn judge(expectation: &Expectation, decided: &Decided) -> Result<Check, &'static str> {
    let key = expectation.key;
    let (ok, got) = match &expectation.want {
        Want::Each(pattern) => {
            let (low, high) = range(key, pattern, decided);
            if open(key, decided) && high >= 1.0 - 1e-9 && low < 1e-9 {
                return Err("it depends on what the endpoint does");
            }
            (high >= 1.0 - 1e-9, describe(key, decided))
        }
        Want::Split(parts) => (split(key, parts, decided), describe(key, decided)),
        Want::Copies(copies) => {
            let ok = copies
                .iter()
                .all(|(workload, share)| copied(workload, *share, decided));
            let named = |workload: &String| copies.contains_key(workload);
            let strays = decided.copies.iter().filter(|copied| copied.share > 0.0);
            let none = strays
                .clone()
                .all(|copied| copied.workloads.iter().any(named) || copied.workloads.is_empty());
            (ok && none, describe_copies(decided))
        }
        Want::Number(..) => return Err("it counts what endpoints saw"),
        Want::Headers(headers) if key == Key::ResponseHeaders => answer_headers(headers, decided)?,
        Want::Headers(_) => return Err("headers are made while serving"),
        Want::Within(_) => return Err("no time passes"),
    };
    Ok(Check {
        key: key.name(),
        ok,
        want: expectation.written.clone(),
        got,
    })
}

/// Whether no outcome says anything of the key.
fn open(key: Key, decided: &Decided) -> bool {
    let outcomes = decided.outcomes.iter();
    outcomes
        .map(|outcome| shows(key, outcome, decided))
        .all(|shown| matches!(shown, Shows::Anything(_)))
}

fn split(key: Key, parts: &[(Pattern, Share)], decided: &Decided) -> bool {
    let within = parts.iter().all(|(pattern, share)| {
        let (low, high) = range(key, pattern, decided);
        let slack = slack(*share);
        low - slack <= share.value && share.value <= high + slack
    });
    let named: f64 = parts
        .iter()
        .map(|(_, share)| share.value + share.rounding)
        .sum();
    if named < 1.0 - 1e-9 {
        return within;
    }
    let strays = decided.outcomes.iter().filter(|outcome| {
        parts
            .iter()
            .all(|(pattern, _)| !may(&shows(key, outcome, decided), pattern))
    });
    within && strays.map(|outcome| outcome.share).sum::<f64>() < 1e-9
}

/// The headers of the answers that a decision makes: a redirect's `location`, a preflight's.
fn answer_headers(
    wanted: &BTreeMap<String, Option<Pattern>>,
    decided: &Decided,
) -> Result<(bool, String), &'static str> {
    let (mut ok, mut shown) = (true, Vec::new());
    for outcome in &decided.outcomes {
        let headers = outcome
            .headers
            .as_ref()
            .ok_or("headers are made while serving")?;
        for (name, pattern) in wanted {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            ok &= match (pattern, value) {
                (Some(pattern), Some(value)) => pattern.matches(value),
                (None, Some(_)) => false,
                (_, None) => return Err("headers are made while serving"),
            };
            shown.push(format!("{name}: {}", value.unwrap_or_default()));
        }
    }
    Ok((ok, shown.join("; ")))
}

fn copied(workload: &str, share: Share, decided: &Decided) -> bool {
    let (mut low, mut high) = (0.0, 0.0);
    for copied in &decided.copies {
        if copied.workloads.contains(workload) {
            high += copied.share;
            low += if copied.workloads.len() == 1 {
                copied.share
            } else {
                0.0
            };
        }
    }
    low - slack(share) <= share.value && share.value <= high + slack(share)
}

/// Shares in files are rounded to whole percents, unless they have decimals.
fn slack(share: Share) -> f64 {
    if share.value <= 0.0 || share.value >= 1.0 {
        1e-9
    } else if share.rounding > 0.0 {
        share.rounding + 1e-9
    } else {
        0.005 + 1e-9
    }
}

/// The least and the greatest share of calls that show a match.
fn range(key: Key, pattern: &Pattern, decided: &Decided) -> (f64, f64) {
    let (mut low, mut high) = (0.0, 0.0);
    for outcome in &decided.outcomes {
        let shown = shows(key, outcome, decided);
        high += if may(&shown, pattern) {
            outcome.share
        } else {
            0.0
        };
        low += if must(&shown, pattern) {
            outcome.share
        } else {
            0.0
        };
    }
    (low, high)
}

fn may(shown: &Shows<'_>, pattern: &Pattern) -> bool {
    match (shown, pattern) {
        (Shows::OneOf(values), _) => values.iter().any(|value| pattern.matches(value)),
        (Shows::Anything(possible), Pattern::Exact(text)) => possible(text),
        (Shows::Anything(_), Pattern::Found(_)) => true,
    }
}

fn must(shown: &Shows<'_>, pattern: &Pattern) -> bool {
    match shown {
        Shows::OneOf(values) => values.iter().all(|value| pattern.matches(value)),
        Shows::Anything(_) => false,
    }
}

fn shows<'a>(key: Key, outcome: &'a Outcome, decided: &'a Decided) -> Shows<'a> {
    match (key, &outcome.end) {
        (Key::Cluster, _) => Shows::OneOf(vec![&outcome.cluster]),
        (Key::Route, _) => Shows::OneOf(vec![&decided.route]),
        (Key::To, End::Own { .. } | End::Refused) => Shows::OneOf(vec!["nobody"]),
        // A reset, a timeout or a limit makes nobody of them.
        (Key::To, End::Upstream { workloads, .. }) => Shows::OneOf(
            workloads
                .iter()
                .map(String::as_str)
                .chain(["nobody"])
                .collect(),
        ),
        (Key::Flags, End::Own { flags, .. }) => Shows::OneOf(vec![flags]),
        (Key::Flags, End::Upstream { .. } | End::Refused) => {
            Shows::Anything(|flags| !flags.split(',').any(|flag| DECIDED_FLAGS.contains(&flag)))
        }
        (
            Key::Path,
            End::Upstream {
                path: Some(path), ..
            },
        ) => Shows::OneOf(vec![path]),
        (
            Key::Host,
            End::Upstream {
                host: Some(host), ..
            },
        ) => Shows::OneOf(vec![host]),
        (Key::Path | Key::Host, End::Own { .. } | End::Refused) => {
            Shows::OneOf(vec!["nobody saw it"])
        }
        (
            Key::Body,
            End::Own {
                body: Some(body), ..
            },
        ) => Shows::OneOf(vec![body]),
        (Key::Status | Key::Shares, End::Own { status, .. }) => Shows::OneOf(vec![status]),
        (_, _) => Shows::Anything(|_| true),
    }
}

/// What can be seen, each with its share.
fn describe(key: Key, decided: &Decided) -> String {
    let mut parts = Vec::new();
    for outcome in &decided.outcomes {
        let shown = match shows(key, outcome, decided) {
            Shows::OneOf(values) => values.join(" or "),
            Shows::Anything(_) => "open".to_owned(),
        };
        parts.push((shown, outcome.share));
    }
    percentages(parts)
}

fn describe_copies(decided: &Decided) -> String {
    let copies = decided.copies.iter();
    let parts: Vec<(String, f64)> = copies
        .map(|copied| {
            let workloads: Vec<&str> = copied.workloads.iter().map(String::as_str).collect();
            (workloads.join(" or "), copied.share)
        })
        .collect();
    if parts.is_empty() {
        "{}".to_owned()
    } else {
        percentages(parts)
    }
}

fn percentages(parts: Vec<(String, f64)>) -> String {
    let mut sums: Vec<(String, f64)> = Vec::new();
    for (shown, share) in parts {
        match sums.iter_mut().find(|(before, _)| *before == shown) {
            Some((_, sum)) => *sum += share,
            None => sums.push((shown, share)),
        }
    }
    if let [(only, share)] = sums.as_slice()
        && (share - 1.0).abs() < 1e-9
    {
        return only.clone();
    }
    let shown: Vec<String> = sums
        .iter()
        .map(|(shown, share)| format!("{shown}: {:.4}%", share * 100.0))
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests;
