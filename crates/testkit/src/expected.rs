//! The list of scenario files that are known to fail, each with its reason.
//!
//! One entry a line: `AREA/FILE.md — reason`, or `AREA/FILE.md @DEPTH — reason` where only that depth fails.
//! `#` begins a comment. The list may only shrink: a file that is listed and passes is a failure too.

use std::collections::BTreeSet;

use crate::depth::Depth;
use crate::report::FileReport;

/// One known failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file, relative to the folder of the list.
    pub path: String,
    /// The depth that fails; any when absent.
    pub depth: Option<Depth>,
    /// Why.
    pub reason: String,
}

/// The known failures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedFailures {
    entries: Vec<Entry>,
}

/// How a file did against the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It passed and is not listed.
    Passed,
    /// It failed exactly where the list says.
    ExpectedFailure,
    /// It failed where the list does not say so; the depths.
    Failed(BTreeSet<Depth>),
    /// It is listed, and passes; the depths that must leave the list (any: all of its entries).
    UnexpectedPass(BTreeSet<Depth>),
}

impl ExpectedFailures {
    /// Reads the list; problems name their line.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match entry(line) {
                Ok(entry) => entries.push(entry),
                Err(what) => problems.push(format!("line {}: {what}", at + 1)),
            }
        }
        if problems.is_empty() {
            Ok(Self { entries })
        } else {
            Err(problems)
        }
    }

    /// The entries in written order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Judges the report of the file at `path`, which was played at `depths`.
    pub fn judge(&self, path: &str, report: &FileReport, depths: &[Depth]) -> Outcome {
        let failed = failed_depths(report, depths);
        let listed: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.path == path)
            .collect();
        let named: BTreeSet<Depth> = listed.iter().filter_map(|entry| entry.depth).collect();
        let anywhere = listed.iter().any(|entry| entry.depth.is_none());
        let played: BTreeSet<Depth> = depths.iter().copied().collect();
        let passed: BTreeSet<Depth> = named
            .intersection(&played)
            .filter(|depth| !failed.contains(depth))
            .copied()
            .collect();
        let surprising: BTreeSet<Depth> = failed.difference(&named).copied().collect();
        if !passed.is_empty() || (anywhere && failed.is_empty()) {
            Outcome::UnexpectedPass(passed)
        } else if !anywhere && (!surprising.is_empty() || (failed.is_empty() && !report.ok)) {
            Outcome::Failed(surprising)
        } else if failed.is_empty() {
            Outcome::Passed
        } else {
            Outcome::ExpectedFailure
        }
    }
}

/// The depths at which something failed; all of them when the file could not be read.
fn failed_depths(report: &FileReport, depths: &[Depth]) -> BTreeSet<Depth> {
    if report.failed_depths.is_empty() && !report.ok {
        return depths.iter().copied().collect();
    }
    report.failed_depths.clone()
}

fn entry(line: &str) -> Result<Entry, String> {
    let (place, reason) = line.split_once(" — ").ok_or_else(|| {
        "expected `AREA/FILE.md — reason` or `AREA/FILE.md @DEPTH — reason`".to_owned()
    })?;
    let (path, depth) = match place.split_once('@') {
        None => (place, None),
        Some((path, depth)) => {
            let depth = depth
                .trim()
                .parse::<Depth>()
                .map_err(|error| error.to_string())?;
            (path, Some(depth))
        }
    };
    let (path, reason) = (path.trim().to_owned(), reason.trim().to_owned());
    if path.is_empty() || reason.is_empty() {
        return Err("both the file and the reason are needed".to_owned());
    }
    Ok(Entry {
        path,
        depth,
        reason,
    })
}

#[cfg(test)]
mod tests;
