//! A scenario as phases: some changes, then the calls that are made before the next change.

use std::collections::BTreeSet;

use crate::scenario::call::CallItem;
use crate::scenario::{Scenario, Step};

/// Changes and the calls after them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Phase<'a> {
    /// Manifests and deletions in file order, each one transaction; never calls.
    pub changes: Vec<&'a Step>,
    /// The calls, at least one.
    pub items: Vec<&'a CallItem>,
}

impl Phase<'_> {
    /// The workloads that the calls come from, as the file names them.
    pub fn callers(&self) -> BTreeSet<&str> {
        self.items.iter().map(|item| item.caller()).collect()
    }
}

/// The phases of a scenario. Changes that no call follows are left out: nothing could show what they do.
pub fn phases(scenario: &Scenario) -> Vec<Phase<'_>> {
    let mut phases = Vec::new();
    let mut phase = Phase::default();
    for step in &scenario.steps {
        match step {
            Step::Calls(items) => phase.items.extend(items),
            Step::Manifests { .. } | Step::Delete(_) => {
                if !phase.items.is_empty() {
                    phases.push(std::mem::take(&mut phase));
                }
                phase.changes.push(step);
            }
        }
    }
    if !phase.items.is_empty() {
        phases.push(phase);
    }
    phases
}
