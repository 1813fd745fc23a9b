//! What came back from many calls.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::Answer;

/// What stands for the workload of a call that none answered, here and in what the mesh foresees.
pub(super) const NO_WORKLOAD: &str = "(no workload)";

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Calls by version and workload that answered.
    pub(super) by_workload: BTreeMap<(String, String), u32>,
    /// Calls by status.
    pub(super) by_status: BTreeMap<String, u32>,
    /// Calls that no status came back from, by what went wrong.
    pub(super) errors: BTreeMap<String, u32>,
    /// How long the answered calls took, sorted when all are in.
    pub(super) latencies: Vec<Duration>,
    /// From the first call to the last answer.
    pub(super) total: Duration,
}

impl Seen {
    /// Counts an answer.
    pub(super) fn count(&mut self, answer: &Answer, took: Duration) {
        let status = answer.status.as_u16().to_string();
        *self.by_status.entry(status).or_default() += 1;
        let header = |name: &str| {
            let value = answer.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let workload = header("x-echo-workload").unwrap_or_else(|| NO_WORKLOAD.to_owned());
        let version = header("x-echo-version").unwrap_or_default();
        *self.by_workload.entry((version, workload)).or_default() += 1;
        self.latencies.push(took);
    }

    /// Counts a call that came to nothing.
    pub(super) fn fail(&mut self, why: &str) {
        *self.errors.entry(why.to_owned()).or_default() += 1;
    }

    /// Calls that were answered.
    pub(super) fn answered(&self) -> u32 {
        self.by_workload.values().sum()
    }

    /// Milliseconds within which so many percent of the answers came.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let index = (self.latencies.len() * percent / 100).min(last);
        let found = self.latencies.get(index);
        found.map_or(0.0, Duration::as_secs_f64) * 1000.0
    }
}
