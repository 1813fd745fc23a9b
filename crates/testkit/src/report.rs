//! What came of a scenario file at all depths together; for programs and for people.

pub mod human;

use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::depth::{Depth, Played, Verdict};
use crate::judge::Check;
use crate::scenario::Scenario;
use crate::scenario::call::CallItem;

/// The outcome of one scenario file; serialises to what `sealane test -o json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileReport {
    /// The file as it was named.
    pub file: String,
    /// Whether every call item passed at every depth, and nothing went wrong.
    pub ok: bool,
    /// Why the file could not be read, or a play ended early.
    pub error: Option<String>,
    /// The call items in file order.
    pub calls: Vec<CallReport>,
    /// How long it took.
    #[serde(skip)]
    pub took: Duration,
    /// The depths at which an item failed or the play ended early.
    #[serde(skip)]
    pub failed_depths: BTreeSet<Depth>,
}

/// The outcome of one call item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallReport {
    /// What the file calls it.
    pub name: Option<String>,
    /// The call as written.
    pub call: String,
    /// The calling workload.
    pub from: Option<String>,
    /// Whether it passed at every depth.
    pub ok: bool,
    /// For each key the first depth that failed, or else the deepest that checked it.
    pub checks: BTreeMap<&'static str, CheckReport>,
    /// The line of the file.
    #[serde(skip)]
    pub line: usize,
    /// Headers of the call, for people.
    #[serde(skip)]
    pub headers: Vec<(String, String)>,
    /// Keys that a depth could not check: depth, key, why.
    #[serde(skip)]
    pub unchecked: Vec<(Depth, &'static str, String)>,
}

/// The outcome for one key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// Whether it is as wanted.
    pub ok: bool,
    /// What was wanted.
    pub want: Value,
    /// What was seen.
    pub got: String,
    /// Where it was seen.
    pub depth: Depth,
}

impl FileReport {
    /// A file that could not be read or is no scenario.
    pub fn unreadable(file: &str, error: String) -> Self {
        Self {
            file: file.to_owned(),
            ok: false,
            error: Some(error),
            calls: Vec::new(),
            took: Duration::ZERO,
            failed_depths: BTreeSet::new(),
        }
    }

    /// Puts the depths of one scenario together.
    pub fn merge(scenario: &Scenario, played: &[Played], took: Duration) -> Self {
        let calls: Vec<CallReport> = scenario
            .items()
            .enumerate()
            .map(|(index, item)| CallReport::merge(item, index, played))
            .collect();
        let errors: Vec<String> = played
            .iter()
            .filter_map(|play| {
                play.error
                    .as_ref()
                    .map(|error| format!("{}: {error}", play.depth))
            })
            .collect();
        let failed_depths: BTreeSet<Depth> = played
            .iter()
            .filter(|play| play.failed())
            .map(|play| play.depth)
            .collect();
        let ok = failed_depths.is_empty() && calls.iter().all(|call| call.ok);
        let error = (!errors.is_empty()).then(|| errors.join("\n"));
        Self {
            file: scenario.file.clone(),
            ok,
            error,
            calls,
            took,
            failed_depths,
        }
    }

    /// Call items that passed and failed. A file that could not be played as a whole counts as one failure
    /// more when none of its items shows it.
    pub fn counts(&self) -> (usize, usize) {
        let passed = self.calls.iter().filter(|call| call.ok).count();
        let failed = self.calls.len() - passed;
        (passed, if !self.ok && failed == 0 { 1 } else { failed })
    }
}

impl CallReport {
    fn merge(item: &CallItem, index: usize, played: &[Played]) -> Self {
        let mut report = Self {
            name: item.name.clone(),
            call: item.call.clone(),
            from: item.from.clone(),
            ok: true,
            checks: BTreeMap::new(),
            line: item.line,
            headers: item.headers.clone(),
            unchecked: Vec::new(),
        };
        for play in played {
            match play.verdicts.get(index) {
                Some(verdict) => report.add(play.depth, verdict),
                None => report.add(play.depth, &not_reached(play)),
            }
        }
        report
    }

    fn add(&mut self, depth: Depth, verdict: &Verdict) {
        for check in &verdict.checks {
            self.ok &= check.ok;
            let report = CheckReport {
                ok: check.ok,
                want: check.want.clone(),
                got: check.got.clone(),
                depth,
            };
            match self.checks.get_mut(check.key) {
                Some(before) if !before.ok => {} // The shallowest failure explains the deeper ones.
                Some(before) => *before = report,
                None => drop(self.checks.insert(check.key, report)),
            }
        }
        let unchecked = verdict.unchecked.iter();
        self.unchecked
            .extend(unchecked.map(|(key, why)| (depth, *key, why.clone())));
    }
}

fn not_reached(play: &Played) -> Verdict {
    let got = play
        .error
        .clone()
        .unwrap_or_else(|| "the depth ended without a verdict".to_owned());
    let check = Check {
        key: "played",
        ok: false,
        want: Value::Bool(true),
        got,
    };
    Verdict {
        checks: vec![check],
        unchecked: Vec::new(),
    }
}
