//! What should be seen: what the mesh is configured to do, or what somebody says.

use serde_json::Value;

use super::seen::{NO_WORKLOAD, Seen};
use crate::args::Shares;
use crate::columns::text;
use crate::rules::array;

/// A share, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    /// Who.
    pub(super) who: Who,
    /// Between 0 and 1.
    pub(super) share: f64,
    /// Whether the share is dealt exactly, or left to a balancer or to chance.
    pub(super) exact: bool,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// A workload with its version.
    Workload { version: String, workload: String },
    /// All with this version, or the workload of this name.
    Named(String),
}

impl Who {
    /// The name in sentences.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Workload { version, workload } if version.is_empty() => workload,
            Self::Workload { version, .. } => version,
            Self::Named(name) => name,
        }
    }

    /// Whether an answer of this version and workload is meant.
    pub(super) fn is(&self, version: &str, workload: &str) -> bool {
        match self {
            Self::Workload {
                version: v,
                workload: w,
            } => v == version && w == workload,
            Self::Named(name) => name == version || name == workload,
        }
    }

    /// How many such answers there are.
    pub(super) fn count(&self, seen: &Seen) -> u32 {
        let mine = seen.by_workload.iter();
        let mine = mine.filter(|((version, workload), _)| self.is(version, workload));
        mine.map(|(_, count)| count).sum()
    }
}

/// What the mesh foresees. A fault that answers instead takes its part of each share.
pub(super) fn configured(plan: &Value) -> Vec<Expected> {
    let aborted = plan.get("aborted").and_then(Value::as_f64).unwrap_or(0.0);
    let mut expected: Vec<Expected> = array(plan, "/workloads")
        .iter()
        .map(|part| Expected {
            who: Who::Workload {
                version: text(part, "/version"),
                workload: text(part, "/workload"),
            },
            share: part.get("share").and_then(Value::as_f64).unwrap_or(0.0) * (1.0 - aborted),
            exact: part.get("exact").and_then(Value::as_bool).unwrap_or(false),
        })
        .collect();
    if aborted > 0.0 && !expected.is_empty() {
        expected.push(Expected {
            who: Who::Workload {
                version: String::new(),
                workload: NO_WORKLOAD.to_owned(),
            },
            share: aborted,
            exact: false,
        });
    }
    expected
}

/// What somebody says, as shares of the whole. Whether that must be met exactly depends on how the
/// mesh deals.
pub(super) fn said(shares: &Shares, configured: &[Expected]) -> Vec<Expected> {
    let total: f64 = shares.0.iter().map(|(_, share)| share).sum();
    let exact = !configured.is_empty() && configured.iter().all(|part| part.exact);
    let expected = shares.0.iter().map(|(name, share)| Expected {
        who: Who::Named(name.clone()),
        share: share / total,
        exact,
    });
    expected.collect()
}
