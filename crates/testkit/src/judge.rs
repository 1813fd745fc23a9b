//! Compares what was seen of a call item with what it must show. Pure.

mod share;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

use serde_json::Value;

use crate::observed::Observed;
use crate::scenario::expect::{Expectation, Key, Want};
use crate::scenario::measure::{Relation, Share};
use crate::scenario::options::Weights;
use crate::scenario::pattern::Pattern;

use self::share::Source;

/// A clock that ticks in whole milliseconds may report this much less than what was waited.
const CLOCK_SLACK: Duration = Duration::from_millis(5);

/// The outcome for one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The key of `expect`, or the name of another thing that a depth checks.
    pub key: &'static str,
    /// Whether it is as wanted.
    pub ok: bool,
    /// What was wanted, as the file writes it.
    pub want: Value,
    /// What was seen.
    pub got: String,
}

/// The checks of all expectations of an item, given what was seen of each of its calls.
pub fn judge(expect: &[Expectation], seen: &[Observed], weights: Weights) -> Vec<Check> {
    expect
        .iter()
        .map(|expectation| {
            let (ok, got) = check(expectation, seen, weights);
            let written = expectation.written.clone();
            Check {
                key: expectation.key.name(),
                ok,
                want: written,
                got,
            }
        })
        .collect()
}

fn check(expectation: &Expectation, seen: &[Observed], weights: Weights) -> (bool, String) {
    let key = expectation.key;
    match &expectation.want {
        Want::Each(pattern) => {
            let values = values(key, seen);
            let ok = values.iter().all(|value| matches(key, pattern, value));
            (ok, show(&values))
        }
        Want::Split(parts) => {
            let values = values(key, seen);
            let sources = share::sources(seen, &values);
            let total = seen.len();
            let mut unnamed: Vec<&String> = values.iter().collect();
            let mut ok = true;
            for (pattern, part) in parts {
                let (hits, rest): (Vec<_>, Vec<_>) = unnamed
                    .into_iter()
                    .partition(|value| matches(key, pattern, value));
                unnamed = rest;
                ok &= share::near(hits.len(), total, *part, source(&sources, &hits, weights));
            }
            let parts: Vec<Share> = parts.iter().map(|(_, part)| *part).collect();
            (
                ok && (unnamed.is_empty() || !share::complete(&parts)),
                show(&values),
            )
        }
        Want::Number(relation, wanted) => number(key, *relation, *wanted, seen),
        Want::Copies(copies) => copies_ok(copies, seen, weights),
        Want::Headers(headers) => headers_ok(key, headers, seen),
        Want::Within(limits) => within(limits, seen),
    }
}

/// Where the count of some values comes from: as inexact as its least exact part.
fn source(sources: &share::Sources, hits: &[&String], weights: Weights) -> Source {
    if weights == Weights::Random {
        return Source::Chance;
    }
    let values: BTreeSet<&&String> = hits.iter().collect();
    values
        .into_iter()
        .map(|value| sources.of(value))
        .reduce(Source::and)
        .unwrap_or_else(|| sources.unseen())
}

/// One text for each call, `none` and `-` where there is nothing.
fn values(key: Key, seen: &[Observed]) -> Vec<String> {
    let logged = |call: &Observed, field: fn(&crate::observed::Logged) -> &String| {
        call.log
            .as_ref()
            .map_or_else(|| "no log line".to_owned(), |log| field(log).clone())
    };
    let workload = |call: &Observed, field: fn(&crate::observed::Seen) -> &String| {
        call.seen
            .as_ref()
            .map_or_else(|| "nobody saw it".to_owned(), |seen| field(seen).clone())
    };
    let value = |call: &Observed| match key {
        Key::To => call.workload.clone().unwrap_or_else(|| "nobody".to_owned()),
        Key::Flags => logged(call, |log| &log.flags),
        Key::Cluster => logged(call, |log| &log.cluster),
        Key::Route => logged(call, |log| &log.route),
        Key::Path => workload(call, |seen| &seen.path),
        Key::Host => workload(call, |seen| &seen.host),
        Key::Body => call.body.clone(),
        // The other keys never want a text; statuses do.
        _ => call
            .status
            .map_or_else(|| "none".to_owned(), |status| status.to_string()),
    };
    seen.iter().map(value).collect()
}

fn matches(key: Key, pattern: &Pattern, value: &str) -> bool {
    match pattern {
        Pattern::Exact(wanted) if key == Key::Flags => flags(wanted) == flags(value),
        _ => pattern.matches(value),
    }
}

/// Flags in a fixed order: `UF,URX` and `URX,UF` say the same.
fn flags(text: &str) -> Vec<&str> {
    let mut flags: Vec<&str> = text.split(',').map(str::trim).collect();
    flags.sort_unstable();
    flags
}

fn number(key: Key, relation: Relation, wanted: f64, seen: &[Observed]) -> (bool, String) {
    if key == Key::Pods {
        let pods = tally(seen.iter().filter_map(|call| call.pod.as_deref())).len();
        return (relation.holds(as_number(pods), wanted), pods.to_string());
    }
    let attempts: u32 = seen.iter().map(|call| call.attempts).sum();
    let mean = f64::from(attempts) / as_number(seen.len().max(1));
    let exact = relation == Relation::Exactly && (mean - wanted).abs() < 1e-9;
    let each: Vec<String> = seen.iter().map(|call| call.attempts.to_string()).collect();
    (exact || relation.holds(mean, wanted), show(&each))
}

fn copies_ok(
    wanted: &BTreeMap<String, Share>,
    seen: &[Observed],
    weights: Weights,
) -> (bool, String) {
    let counts = tally(
        seen.iter()
            .flat_map(|call| call.mirrored.iter().map(String::as_str)),
    );
    let source = if weights == Weights::Random {
        Source::Chance
    } else {
        Source::Exact(1)
    };
    let near = wanted.iter().all(|(workload, part)| {
        share::near(
            counts.get(workload.as_str()).copied().unwrap_or(0),
            seen.len(),
            *part,
            source,
        )
    });
    let nobody_else = counts.keys().all(|workload| wanted.contains_key(*workload));
    (
        near && nobody_else,
        if counts.is_empty() {
            "{}".to_owned()
        } else {
            show_counts(&counts)
        },
    )
}

fn headers_ok(
    key: Key,
    wanted: &BTreeMap<String, Option<Pattern>>,
    seen: &[Observed],
) -> (bool, String) {
    let mut all_ok = true;
    let mut shown = Vec::new();
    for (name, pattern) in wanted {
        let values: Vec<String> = seen
            .iter()
            .map(|call| {
                let (value, ok) = header(key, name, pattern.as_ref(), call);
                all_ok &= ok;
                value
            })
            .collect();
        shown.push(format!("{name}: {}", show(&values)));
    }
    (all_ok, shown.join("; "))
}

fn header(key: Key, name: &str, pattern: Option<&Pattern>, call: &Observed) -> (String, bool) {
    let headers = if key == Key::UpstreamHeaders {
        match &call.seen {
            Some(seen) => &seen.headers,
            None => return ("nobody saw it".to_owned(), false),
        }
    } else {
        &call.headers
    };
    match (pattern, headers.get(name)) {
        (None, None) => ("absent".to_owned(), true),
        (None, Some(value)) => (value.clone(), false),
        (Some(_), None) => ("absent".to_owned(), false),
        (Some(pattern), Some(value)) => (value.clone(), pattern.matches(value)),
    }
}

fn within(limits: &[(Relation, Duration)], seen: &[Observed]) -> (bool, String) {
    let ok = seen.iter().all(|call| {
        limits.iter().all(|(relation, limit)| {
            let slack = if *relation == Relation::AtLeast {
                CLOCK_SLACK
            } else {
                Duration::ZERO
            };
            relation.holds(call.took.saturating_add(slack), *limit)
        })
    });
    let shortest = seen.iter().map(|call| call.took).min().unwrap_or_default();
    let longest = seen.iter().map(|call| call.took).max().unwrap_or_default();
    let (low, high) = (shortest.as_secs_f64(), longest.as_secs_f64());
    let got = if seen.len() == 1 {
        format!("{low:.3}s")
    } else {
        format!("{low:.3}s to {high:.3}s")
    };
    (ok, got)
}

/// How often each text occurs.
fn tally<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

fn show(values: &[String]) -> String {
    let counts = tally(values.iter().map(String::as_str));
    match counts.len() {
        0 => "nothing was called".to_owned(),
        1 => values
            .first()
            .map_or_else(String::new, |value| shorten(value, 300)),
        _ => show_counts(&counts),
    }
}

fn show_counts(counts: &BTreeMap<&str, usize>) -> String {
    let mut sorted: Vec<(&&str, &usize)> = counts.iter().collect();
    sorted.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    let shown: Vec<String> = sorted
        .iter()
        .take(8)
        .map(|(value, n)| entry(&shorten(value, 120), n))
        .collect();
    shown.join(", ")
}

fn entry(value: &str, count: &impl Display) -> String {
    format!("{value}: {count}")
}

fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!(
            "{}…",
            text.split_at_checked(end).map_or(text, |(head, _)| head)
        ),
        None => text.to_owned(),
    }
}

/// Counts are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts of calls are small")]
fn as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
