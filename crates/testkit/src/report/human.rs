//! Reports for people: one line for a file, the failing keys below it, totals at the end.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::{CallReport, FileReport};
use crate::depth::Depth;

/// One file. `width` is the width of the column of file names; `-v` shows what depths could not check.
pub fn file(report: &FileReport, width: usize, verbose: bool) -> String {
    let mut text = String::new();
    let verdict = if report.ok { "ok  " } else { "FAIL" };
    let calls = report.calls.len();
    let unit = if calls == 1 { "call " } else { "calls" };
    let time = report.took.as_millis();
    line(
        &mut text,
        format_args!(
            "{verdict}  {:<width$}  {calls:>3} {unit}  {time:>5} ms",
            report.file
        ),
    );
    if let Some(error) = &report.error {
        for part in error.lines() {
            line(&mut text, format_args!("      {part}"));
        }
    }
    for (index, call) in report.calls.iter().enumerate() {
        if !call.ok {
            failed(&mut text, index + 1, call);
        }
        if verbose {
            unchecked(&mut text, index + 1, call);
        }
    }
    text
}

/// The totals; the last line counts call items.
pub fn totals(reports: &[FileReport]) -> String {
    let ok = reports.iter().filter(|report| report.ok).count();
    let (mut passed, mut failed) = (0, 0);
    for report in reports {
        let counts = report.counts();
        passed += counts.0;
        failed += counts.1;
    }
    let files = reports.len();
    let unit = if files == 1 { "file" } else { "files" };
    format!(
        "{files} {unit}: {ok} ok, {} failed\n{passed} passed, {failed} failed\n",
        files - ok
    )
}

/// What no item could be checked for, one line for each depth; nothing when everything was checked.
pub fn left_open(reports: &[FileReport]) -> String {
    let mut open: BTreeMap<Depth, BTreeMap<&str, usize>> = BTreeMap::new();
    let calls = reports.iter().flat_map(|report| &report.calls);
    for (depth, key, _) in calls.flat_map(|call| &call.unchecked) {
        *open.entry(*depth).or_default().entry(key).or_default() += 1;
    }
    let mut text = String::new();
    for (depth, keys) in open {
        let keys: Vec<String> = keys
            .iter()
            .map(|(key, count)| format!("{key} ({count})"))
            .collect();
        line(
            &mut text,
            format_args!("not checked at {depth}: {}", keys.join(", ")),
        );
    }
    text
}

fn failed(text: &mut String, number: usize, call: &CallReport) {
    let mut about = Vec::new();
    if let Some(from) = &call.from {
        about.push(format!("from {from}"));
    }
    if !call.headers.is_empty() {
        let headers: Vec<String> = call
            .headers
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        about.push(format!("headers: {}", headers.join(", ")));
    }
    let about = if about.is_empty() {
        String::new()
    } else {
        format!("  ({})", about.join("; "))
    };
    let name = call
        .name
        .as_ref()
        .map(|name| format!("  # {name}"))
        .unwrap_or_default();
    line(
        text,
        format_args!(
            "      call {number}, line {}  {}{about}{name}",
            call.line, call.call
        ),
    );
    let failing = || call.checks.iter().filter(|(_, check)| !check.ok);
    let width = failing().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, check) in failing() {
        let (want, got, depth) = (shown(&check.want), &check.got, check.depth);
        line(
            text,
            format_args!("        {key:<width$}  expected {want}   seen {got}   ({depth})"),
        );
    }
}

fn unchecked(text: &mut String, number: usize, call: &CallReport) {
    for (depth, key, why) in &call.unchecked {
        line(
            text,
            format_args!("      call {number}  {key} is not checked at {depth}: {why}"),
        );
    }
}

/// A wanted value on one line, texts without quotes.
fn shown(want: &Value) -> String {
    match want {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key}: {}", shown(value)))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
        other => other.to_string(),
    }
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    if writeln!(text, "{content}").is_err() {
        text.push('\n');
    }
}
