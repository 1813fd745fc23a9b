//! The depth *decide*: the runtime's pure decisions, from serialised resources.

pub mod explore;
pub mod judge;
pub mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use sealane_runtime::Runtime;
use sealane_world::world::World;
use sealane_xds::Resources;

use crate::compiled;
use crate::depth::{Depth, Played, Verdict};
use crate::golden::{self, Golden, Owners};
use crate::ground::{self, Ground};
use crate::phase::phases;
use crate::scenario::Scenario;
use crate::scenario::call::CallItem;

use self::explore::{Directory, Explorer};
use self::outcome::{Decided, End, Outcome};

/// Whose resources decide.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// What Sealane compiles.
    Compiled,
    /// What istiod compiled: the golden files of this folder. A phase without a file of its own is left out.
    Golden(&'a Path),
}

/// Plays a scenario.
pub fn play(scenario: &Scenario, source: Source<'_>) -> Played {
    let mut verdicts = Vec::new();
    let error = go(scenario, source, &mut verdicts).err();
    Played {
        depth: Depth::Decide,
        verdicts,
        error,
    }
}

fn go(scenario: &Scenario, source: Source<'_>, verdicts: &mut Vec<Verdict>) -> Result<(), String> {
    let mut ground = Ground::new();
    for (index, phase) in phases(scenario).into_iter().enumerate() {
        for change in &phase.changes {
            ground.change(change, &scenario.file)?;
        }
        let world = ground.world();
        let mut runtimes = BTreeMap::new();
        for caller in phase.callers() {
            let made = match source {
                Source::Compiled => {
                    let compiled = compiled::of_caller(scenario, &world, caller)?;
                    Some((compiled.resources, ground::owners(&world)))
                }
                Source::Golden(folder) => golden(scenario, (index + 1, caller), folder)?,
            };
            if let Some((resources, owners)) = made {
                runtimes.insert(caller, (runtime(caller, &resources)?, owners));
            }
        }
        let there = There {
            ground: &ground,
            world: &world,
        };
        for &item in &phase.items {
            let decided = there
                .decide(&runtimes, item)
                .map_err(|error| format!("line {}: {}: {error}", item.line, item.call))?;
            verdicts.push(
                decided
                    .map(|decided| verdict(item, &decided))
                    .unwrap_or_default(),
            );
        }
    }
    Ok(())
}

/// istiod's resources and the addresses they were compiled for.
fn golden(
    scenario: &Scenario,
    (step, caller): (usize, &str),
    folder: &Path,
) -> Result<Option<(Arc<Resources>, Owners)>, String> {
    let path = folder.join(format!("{}.json", golden::name(scenario, step, caller)));
    if !path.is_file() {
        return Ok(None);
    }
    let golden = Golden::load(&path).map_err(|error| format!("{error:#}"))?;
    Ok(Some((Arc::new(golden.resources), golden.owners)))
}

/// The runtime of a caller, built from the bytes that would travel.
fn runtime(caller: &str, resources: &Resources) -> Result<Runtime, String> {
    let bytes = resources.to_json().to_string();
    let read = serde_json::from_str(&bytes).map_err(|error| error.to_string())?;
    let resources = Resources::from_json(&read).map_err(|error| error.to_string())?;
    Runtime::build(&resources, None).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        format!(
            "the resources of {caller} are refused: {}",
            errors.join("; ")
        )
    })
}

fn verdict(item: &CallItem, decided: &Decided) -> Verdict {
    let mut verdict = Verdict::default();
    for expectation in &item.expect {
        match judge::judge(expectation, decided) {
            Ok(check) => verdict.checks.push(check),
            Err(why) => verdict
                .unchecked
                .push((expectation.key.name(), why.to_owned())),
        }
    }
    verdict
}

/// Runtimes by caller, with the owners of the addresses in them.
type Runtimes<'a> = BTreeMap<&'a str, (Runtime, Owners)>;

/// The mesh at one phase.
struct There<'a> {
    ground: &'a Ground,
    world: &'a World,
}

impl There<'_> {
    /// What can come of an item's call; nothing where there is no runtime for its caller.
    fn decide(&self, runtimes: &Runtimes<'_>, item: &CallItem) -> Result<Option<Decided>, String> {
        let pods = ground::callers(self.world, item.caller());
        let pod = pods.first().ok_or("no such workload")?;
        let Some((runtime, owners)) = runtimes.get(item.caller()) else {
            return Ok(None);
        };
        let Some(mut info) = ground::connection(self.ground, self.world, pod, item) else {
            return Ok(Some(unresolved()));
        };
        let names = Names {
            there: self,
            owners,
            ours: ground::owners(self.world),
        };
        info.destination.set_ip(names.theirs(info.destination.ip()));
        info.source = names.theirs(info.source);
        Explorer::new(runtime, &names, &info)
            .explore(item)
            .map(Some)
    }
}

/// Addresses as the resources have them, which are not ours where istiod compiled.
struct Names<'a> {
    there: &'a There<'a>,
    owners: &'a Owners,
    ours: Owners,
}

impl Names<'_> {
    /// The address in the resources of whoever has this one in our world.
    fn theirs(&self, ours: IpAddr) -> IpAddr {
        let owner = self.ours.get(&ours);
        let theirs = self.owners.iter().find(|(_, name)| Some(*name) == owner);
        theirs.map_or(ours, |(address, _)| *address)
    }
}

/// A name without an address: the caller does not even connect.
fn unresolved() -> Decided {
    let end = End::Own {
        status: "none".to_owned(),
        flags: "-".to_owned(),
        body: None,
    };
    let outcome = Outcome {
        share: 1.0,
        cluster: "-".to_owned(),
        end,
        headers: None,
    };
    let outcomes = vec![outcome];
    Decided {
        route: "-".to_owned(),
        outcomes,
        copies: Vec::new(),
    }
}

impl Directory for Names<'_> {
    fn workloads(&self, address: SocketAddr) -> BTreeSet<String> {
        let owner = self.owners.get(&address.ip());
        let ours = self.ours.iter().find(|(_, name)| Some(*name) == owner);
        let Some((ip, _)) = ours else {
            return BTreeSet::new();
        };
        ground::behind(self.there.world, SocketAddr::new(*ip, address.port()))
    }

    fn lookup(&self, host: &str) -> Option<IpAddr> {
        let ours = self
            .there
            .ground
            .resolve(self.there.world, host, "default")?;
        Some(self.theirs(ours))
    }
}
