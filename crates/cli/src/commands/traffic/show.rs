//! What a test of traffic came to, for people and for programs.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::expect::{Expected, Who};
use super::judge::Verdict;
use super::seen::{NO_WORKLOAD, Seen};
use crate::args::TrafficTest;
use crate::output::bar;
use crate::print;
use crate::rules::percents;
use crate::statistics::in_words;

/// Everything that is to be said.
pub(super) struct Report<'a> {
    pub(super) args: &'a TrafficTest,
    pub(super) expected: &'a [Expected],
    pub(super) seen: &'a Seen,
    pub(super) verdict: &'a Verdict,
    /// The rule that decides, for people; empty when unknown.
    pub(super) rule: String,
}

/// A row: whose it is, the share that is expected of it, and how many there were.
type Row = (String, String, Option<f64>, u32);

/// Prints the table.
pub(super) fn show(report: &Report<'_>) -> Result<()> {
    let seen = report.seen;
    let statuses = seen.by_status.iter();
    let statuses = statuses.map(|(status, count)| format!("{count} × {status}"));
    let failed: u32 = seen.errors.values().sum();
    let failed = (failed > 0).then(|| format!("{failed} without an answer"));
    let statuses: Vec<_> = statuses.chain(failed).collect();
    let seconds = seen.total.as_secs_f64();
    let calls = if report.args.count == 1 {
        "call"
    } else {
        "calls"
    };
    print::line(format_args!(
        "  {} {calls} in {seconds:.1} s · {}\n",
        report.args.count,
        statuses.join(" · ")
    ))?;
    let rows = rows(report);
    let width = rows
        .iter()
        .map(|(_, workload, ..)| workload.chars().count())
        .max();
    let width = width.unwrap_or(0).max("workload".len());
    print::line(format_args!(
        "  {:<8} {:<width$}  {:>8}  {:>7}",
        "version", "workload", "expected", "seen"
    ))?;
    for (version, workload, share, got) in rows {
        let share = share.map_or_else(|| "-".to_owned(), |share| percents(share * 100.0));
        let bar = bar(f64::from(got) / f64::from(report.args.count.max(1)), 40);
        let line = format!("  {version:<8} {workload:<width$}  {share:>8}  {got:>7}  {bar}");
        print::line(format_args!("{}", line.trim_end()))?;
    }
    print::line(format_args!(
        "\n  latency  p50 {:.1} ms  p95 {:.1} ms  p99 {:.1} ms",
        seen.percentile(50),
        seen.percentile(95),
        seen.percentile(99)
    ))
}

fn rows(report: &Report<'_>) -> Vec<Row> {
    let mut rows: BTreeMap<(String, String), (Option<f64>, u32)> = report
        .seen
        .by_workload
        .iter()
        .map(|(name, count)| (name.clone(), (None, *count)))
        .collect();
    for part in report.expected {
        match &part.who {
            Who::Workload { version, workload } => {
                let name = (version.clone(), workload.clone());
                rows.entry(name).or_default().0 = Some(part.share);
            }
            Who::Named(name) => {
                let mut its: Vec<_> = rows
                    .iter_mut()
                    .filter(|((version, workload), _)| part.who.is(version, workload))
                    .collect();
                // The share is of all of them together.
                if let [(_, row), ..] = its.as_mut_slice() {
                    row.0 = Some(part.share);
                } else {
                    let name = (name.clone(), NO_WORKLOAD.to_owned());
                    rows.insert(name, (Some(part.share), 0));
                }
            }
        }
    }
    let rows = rows.into_iter();
    rows.map(|((version, workload), (share, got))| (version, workload, share, got))
        .collect()
}

/// Prints what is wrong, or that all is well.
pub(super) fn verdict(report: &Report<'_>) -> Result<()> {
    for problem in &report.verdict.problems {
        print::line(format_args!("✗ {problem}"))?;
    }
    if !report.verdict.problems.is_empty() {
        return Ok(());
    }
    if report.expected.is_empty() {
        return print::line(format_args!(
            "! nothing is known of what to expect; --expect v1=50,v2=50 says it"
        ));
    }
    let rule = match report.rule.as_str() {
        "" => String::new(),
        rule => format!(" ({rule})"),
    };
    let chance = report.verdict.probability;
    let chance = chance.map_or_else(String::new, |it| {
        format!(", within chance ({})", in_words(it))
    });
    let what = if report.args.expect.is_some() {
        "as expected"
    } else {
        "as configured"
    };
    print::line(format_args!("✓ {what}{chance}{rule}"))
}

/// The same for programs.
pub(super) fn as_json(report: &Report<'_>) -> Value {
    let seen = report.seen;
    let expected: Vec<_> = report
        .expected
        .iter()
        .map(|part| match &part.who {
            Who::Workload { version, workload } => json!({
                "version": version, "workload": workload, "share": part.share, "exact": part.exact,
            }),
            Who::Named(name) => json!({"name": name, "share": part.share, "exact": part.exact}),
        })
        .collect();
    let found: Vec<_> = seen
        .by_workload
        .iter()
        .map(|((version, workload), count)| {
            json!({"version": version, "workload": workload, "count": count})
        })
        .collect();
    json!({
        "calls": report.args.count,
        "answered": seen.answered(),
        "seconds": seen.total.as_secs_f64(),
        "statuses": seen.by_status,
        "errors": seen.errors,
        "expected": expected,
        "seen": found,
        "rule": report.rule,
        "probability": report.verdict.probability,
        "latencyMs": {"p50": seen.percentile(50), "p95": seen.percentile(95), "p99": seen.percentile(99)},
        "ok": report.verdict.problems.is_empty(),
        "problems": report.verdict.problems,
    })
}
