//! The depth *compile*: the resources that the manifests become.
//!
//! For every phase and caller: the manifests hold no error, every reference of the resources is to one of them
//! (but to what the manifests do not declare: that is Istio's NC), documents in another order give the same
//! bytes, and the resources are those of the golden file, where there is one.

mod references;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_compile::{Compiled, Snapshot, compile};
use sealane_model::diagnostic::Diagnostic;
use sealane_world::world::World;
use sealane_xds::Resources;
use sealane_xds::json::canonical_text;
use serde_json::Value;

use crate::depth::{Depth, Played, Verdict};
use crate::golden::differences::{Difference, Reasoned, find};
use crate::golden::{self, Golden, normal_form};
use crate::ground::{self, Ground};
use crate::judge::Check;
use crate::metamorphic;
use crate::phase::{Phase, phases};
use crate::scenario::{Scenario, Step};
use crate::settings;

/// Differences shown of a golden file.
const SHOWN: usize = 6;

/// Golden files and the differences that have a reason.
#[derive(Debug, Clone, Default)]
pub struct GoldenSet {
    /// The folder of `AREA/NAME.STEP.CALLER.json`.
    pub folder: PathBuf,
    /// Differences that have a reason.
    pub reasoned: Reasoned,
}

/// Plays a scenario; `golden` is compared where it has a file of the scenario.
pub fn play(scenario: &Scenario, golden: Option<&GoldenSet>) -> Played {
    let mut verdicts = Vec::new();
    let error = go(scenario, golden, &mut verdicts).err();
    Played {
        depth: Depth::Compile,
        verdicts,
        error,
    }
}

fn go(
    scenario: &Scenario,
    golden: Option<&GoldenSet>,
    verdicts: &mut Vec<Verdict>,
) -> Result<(), String> {
    let (mut ground, mut shuffled) = (Ground::new(), Ground::new());
    for (index, phase) in phases(scenario).iter().enumerate() {
        let mut errors = Vec::new();
        for change in &phase.changes {
            let applied = ground.change(change, &scenario.file)?;
            errors.extend(applied.diagnostics.into_iter().filter(Diagnostic::is_error));
            shuffled.change(&reversed(change), &scenario.file)?;
        }
        let worlds = (ground.world(), shuffled.world());
        let mut checks = BTreeMap::new();
        for caller in phase.callers() {
            let compiled = of_caller(scenario, &worlds.0, caller)?;
            let mut found = vec![no_errors(&errors, &compiled)];
            found.push(references::check(&compiled, &worlds.0));
            found.push(same(
                &compiled.resources,
                &of_caller(scenario, &worlds.1, caller)?.resources,
            ));
            let name = golden::name(scenario, index + 1, caller);
            found.extend(golden.and_then(|set| set.check(&name, &compiled.resources, &worlds.0)));
            checks.insert(caller, found);
        }
        verdicts.extend(verdicts_of(phase, &checks));
    }
    Ok(())
}

fn verdicts_of(phase: &Phase<'_>, checks: &BTreeMap<&str, Vec<Check>>) -> Vec<Verdict> {
    let of = |caller: &str| checks.get(caller).cloned().unwrap_or_default();
    let verdict = |checks| Verdict {
        checks,
        unchecked: Vec::new(),
    };
    phase
        .items
        .iter()
        .map(|item| verdict(of(item.caller())))
        .collect()
}

/// The resources of every phase and caller, in order.
pub fn resources(scenario: &Scenario) -> Result<Vec<Arc<Resources>>, String> {
    let (mut ground, mut all) = (Ground::new(), Vec::new());
    for phase in phases(scenario) {
        for change in &phase.changes {
            ground.change(change, &scenario.file)?;
        }
        let world = ground.world();
        for caller in phase.callers() {
            all.push(of_caller(scenario, &world, caller)?.resources);
        }
    }
    Ok(all)
}

/// What is compiled for the proxy of a calling workload.
pub(crate) fn of_caller(
    scenario: &Scenario,
    world: &World,
    caller: &str,
) -> Result<Compiled, String> {
    let callers = ground::callers(world, caller);
    let pod = callers
        .first()
        .ok_or_else(|| format!("no workload is called {caller}"))?;
    let identity = settings::identity(pod, &scenario.options);
    let snapshot = Snapshot::new(&world.objects, settings::mesh(&scenario.options)?, 1);
    Ok(compile(&snapshot, &identity))
}

fn reversed(change: &Step) -> Step {
    match change {
        Step::Manifests { text, line } => Step::Manifests {
            text: metamorphic::reversed(text),
            line: *line,
        },
        Step::Delete(_) | Step::Calls(_) => change.clone(),
    }
}

fn check(key: &'static str, want: &str, wrong: &[String], right: &str) -> Check {
    let shown: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
    let more = wrong.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    let got = if wrong.is_empty() {
        right.to_owned()
    } else {
        format!("{}{more}", shown.join("; "))
    };
    Check {
        key,
        ok: wrong.is_empty(),
        want: Value::String(want.to_owned()),
        got,
    }
}

fn no_errors(parsed: &[Diagnostic], compiled: &Compiled) -> Check {
    let errors = parsed
        .iter()
        .chain(compiled.diagnostics.iter().filter(|d| d.is_error()));
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    check("errors", "none", &errors, "none")
}

fn same(resources: &Resources, shuffled: &Resources) -> Check {
    let (ours, theirs) = (resources.to_json(), shuffled.to_json());
    let equal = canonical_text(&ours) == canonical_text(&theirs);
    let wrong: Vec<String> = find(&ours, &theirs)
        .iter()
        .map(|d| d.place.clone())
        .collect();
    let wrong = if equal { Vec::new() } else { wrong };
    check("shuffled", "the same bytes", &wrong, "the same bytes")
}

impl GoldenSet {
    /// The golden files of a folder and the list of differences that have a reason.
    pub fn load(folder: &Path, differences: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(differences)
            .map_err(|error| format!("{}: {error}", differences.display()))?;
        let reasoned = Reasoned::parse(&text).map_err(|problems| problems.join("\n"))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            reasoned,
        })
    }

    /// Where resources differ from their golden file; nothing when there is none.
    fn differences(
        &self,
        name: &str,
        resources: &Resources,
        world: &World,
    ) -> Option<Result<Vec<Difference>, String>> {
        let path = self.folder.join(format!("{name}.json"));
        if !path.is_file() {
            return None;
        }
        let compare = |golden: Golden| {
            let ours = normal_form(resources, &ground::owners(world));
            find(&ours, &normal_form(&golden.resources, &golden.owners))
        };
        let golden = Golden::load(&path).map_err(|error| format!("{error:#}"));
        Some(golden.map(compare))
    }

    fn check(&self, name: &str, resources: &Resources, world: &World) -> Option<Check> {
        let wrong = match self.differences(name, resources, world)? {
            Err(error) => vec![error],
            Ok(differences) => differences
                .iter()
                .filter(|difference| self.reasoned.reason(name, difference).is_none())
                .map(ToString::to_string)
                .collect(),
        };
        Some(check("golden", &format!("{name}.json"), &wrong, "equal"))
    }

    /// The lines of the list that give a reason to a difference of this scenario.
    pub fn used(&self, scenario: &Scenario) -> Result<BTreeSet<String>, String> {
        let mut used = BTreeSet::new();
        let mut ground = Ground::new();
        for (index, phase) in phases(scenario).iter().enumerate() {
            for change in &phase.changes {
                ground.change(change, &scenario.file)?;
            }
            let world = ground.world();
            for caller in phase.callers() {
                let name = golden::name(scenario, index + 1, caller);
                let resources = of_caller(scenario, &world, caller)?.resources;
                let Some(differences) = self.differences(&name, &resources, &world) else {
                    continue;
                };
                let reasons =
                    |found: &Difference| self.reasoned.reason(&name, found).map(str::to_owned);
                used.extend(differences?.iter().filter_map(reasons));
            }
        }
        Ok(used)
    }
}
