//! The seam to a mesh that real calls are made on, and how a scenario is played on it.

use std::future::Future;

use crate::depth::{Depth, Played, Verdict};
use crate::judge::judge;
use crate::observed::Observed;
use crate::phase::phases;
use crate::scenario::call::CallItem;
use crate::scenario::{Scenario, Step};

/// A mesh under test, empty but for the implicit client and gateway. It honours the scenario's options from
/// its making on.
pub trait Mesh {
    /// Applies or removes objects, as one transaction, and returns when every proxy serves the result. A step
    /// with calls changes nothing.
    fn change(&mut self, step: &Step) -> impl Future<Output = Result<(), String>>;

    /// Makes the item's calls, `concurrency` of them at once, and says what was seen of each. An error means
    /// that the calls could not be made at all: no such workload, for example.
    fn call(&mut self, item: &CallItem) -> impl Future<Output = Result<Vec<Observed>, String>>;
}

/// Plays a scenario on a mesh and judges what is seen.
pub async fn play(depth: Depth, mesh: &mut impl Mesh, scenario: &Scenario) -> Played {
    let mut verdicts = Vec::new();
    let error = go(mesh, scenario, &mut verdicts).await.err();
    Played {
        depth,
        verdicts,
        error,
    }
}

async fn go(
    mesh: &mut impl Mesh,
    scenario: &Scenario,
    verdicts: &mut Vec<Verdict>,
) -> Result<(), String> {
    for phase in phases(scenario) {
        for step in phase.changes {
            mesh.change(step).await?;
        }
        for item in phase.items {
            let seen = mesh
                .call(item)
                .await
                .map_err(|error| format!("line {}: {}: {error}", item.line, item.call))?;
            let checks = judge(&item.expect, &seen, scenario.options.weights);
            verdicts.push(Verdict {
                checks,
                unchecked: Vec::new(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
