//! A mesh that runs, in memory or over sockets, as scenarios see it.

mod calls;
mod connect;
mod log;

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealane_control::declared::Edit;
use sealane_control::{Applied, Cause, Findings, Refusal};
use sealane_mesh::{Carrier, Options};
use sealane_model::parse::{self, SourceFile};
use sealane_seam::{Clock, Random, SeededRandom, TokioClock};
use sealane_world::echo::MemoryRecorder;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::depth::{Depth, Played};
use crate::ground;
use crate::mesh::{self, Mesh};
use crate::observed::Observed;
use crate::phase::phases;
use crate::scenario::call::CallItem;
use crate::scenario::{Scenario, Step};
use crate::settings;

use self::log::Log;

/// A running mesh with everything that it leaves behind.
pub struct Running {
    mesh: sealane_mesh::Mesh,
    log: Arc<Log>,
    arrivals: Arc<MemoryRecorder>,
    carrier: Carrier,
    file: Arc<str>,
    /// Calls made so far; each has a number of its own.
    made: u64,
    /// The next port for a caller's end of a captured connection.
    ports: Cell<u16>,
}

/// The time of day at which scenarios begin, after 1970: 1 January 2026, as where they were measured. Some files
/// name creation times before and after it.
const EPOCH: Duration = Duration::from_hours(490_896);
/// Clock and randomness of a mesh.
type Outside = (Arc<dyn Clock>, Arc<dyn Random>);

/// How often a scenario is played in real time when only limits of time are missed.
const PLAYS: usize = 3;
/// The first port of callers.
const FIRST_PORT: u16 = 32768;

impl Running {
    /// Starts an empty mesh as the scenario's options say. With [`Carrier::Memory`] it lives on the current
    /// `LocalSet`.
    pub fn start(
        scenario: &Scenario,
        carrier: Carrier,
        (clock, random): Outside,
    ) -> Result<Self, String> {
        let (log, arrivals) = (
            Arc::new(Log::default()),
            Arc::new(MemoryRecorder::default()),
        );
        let options = Options {
            settings: settings::mesh(&scenario.options)?,
            inbound: scenario.options.inbound,
            gateway_ports: None,
            access_log: Arc::<Log>::clone(&log),
            recorder: Arc::<MemoryRecorder>::clone(&arrivals),
            ..Options::new(carrier, clock, random)
        };
        let mesh = sealane_mesh::Mesh::start(&options).map_err(|error| error.to_string())?;
        Ok(Self {
            mesh,
            log,
            arrivals,
            carrier,
            file: scenario.file.as_str().into(),
            made: 0,
            ports: Cell::new(FIRST_PORT),
        })
    }

    /// A port for a caller's end of a captured connection.
    fn next_port(&self) -> u16 {
        let number = self.ports.get();
        self.ports.set(if number == u16::MAX {
            FIRST_PORT
        } else {
            number + 1
        });
        number
    }

    /// Ends the mesh.
    pub async fn stop(self) {
        self.mesh.stop().await;
    }

    async fn apply(&self, text: &str, line: usize) -> Result<Applied, Arc<Refusal>> {
        // Blank lines keep the places of diagnostics those of the scenario file.
        let text = format!("{}{text}", "\n".repeat(line.saturating_sub(1)));
        let source = SourceFile::new(Arc::clone(&self.file), text);
        let texts = [(source, parse::Options::default())];
        self.mesh.control().apply_texts(&texts).await
    }
}

impl Mesh for Running {
    async fn change(&mut self, step: &Step) -> Result<(), String> {
        let applied = match step {
            Step::Manifests { text, line } => self.apply(text, *line).await,
            Step::Delete(refs) => {
                let keys: Result<Vec<_>, String> = refs.iter().map(ground::key_of).collect();
                let edits = keys?.into_iter().map(Edit::Delete).collect();
                self.mesh
                    .control()
                    .transact(edits, Cause::Api, Findings::default())
                    .await
            }
            Step::Calls(_) => return Ok(()),
        };
        match applied {
            Ok(applied) if applied.record.live => Ok(()),
            Ok(_) => Err("a change is not live on every proxy".to_owned()),
            Err(refusal) => Err(said(&refusal)),
        }
    }

    async fn call(&mut self, item: &CallItem) -> Result<Vec<Observed>, String> {
        self.make(item).await
    }
}

/// Plays a scenario in memory on a paused clock. It makes an async runtime of its own.
pub fn play_in_memory(scenario: &Scenario) -> Played {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    play(Depth::Serve, scenario, (runtime, Carrier::Memory))
}

/// What is seen of each call item in memory, without a judgement: for tests of the judge.
pub fn observe_in_memory(scenario: &Scenario) -> Result<Vec<Vec<Observed>>, String> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    LocalSet::new().block_on(&runtime, async {
        let mut running = Running::start(scenario, Carrier::Memory, outside())?;
        let mut seen = Vec::new();
        for phase in phases(scenario) {
            for step in phase.changes {
                running.change(step).await?;
            }
            for item in phase.items {
                seen.push(running.call(item).await?);
            }
        }
        running.stop().await;
        Ok(seen)
    })
}

/// Plays a scenario over loopback sockets in real time. It makes an async runtime of its own.
///
/// Only a limit of time that was missed is no verdict at once: the machine may have been busy with something
/// else, so the scenario is played again from its start, with a new mesh.
pub fn play_over_sockets(scenario: &Scenario) -> Played {
    let mut played = play_once_over_sockets(scenario);
    for _ in 1..PLAYS {
        if !played.missed_time_only() {
            break;
        }
        played = play_once_over_sockets(scenario);
    }
    played
}

fn play_once_over_sockets(scenario: &Scenario) -> Played {
    let runtime = Builder::new_current_thread().enable_all().build();
    play(
        Depth::Sockets,
        scenario,
        (runtime, Carrier::Sockets { threads: 1 }),
    )
}

/// The clock of the current runtime, and randomness that repeats: a run that fails, fails again.
fn outside() -> Outside {
    let clock = TokioClock::starting_at(SystemTime::UNIX_EPOCH + EPOCH);
    (Arc::new(clock), Arc::new(SeededRandom::new(1)))
}

fn play(
    depth: Depth,
    scenario: &Scenario,
    (runtime, carrier): (io::Result<Runtime>, Carrier),
) -> Played {
    let play = async |runtime: &Runtime| {
        // The clock belongs to the runtime, so it is made inside.
        let _inside = runtime.enter();
        let mut running = Running::start(scenario, carrier, outside())?;
        let played = mesh::play(depth, &mut running, scenario).await;
        running.stop().await;
        Ok(played)
    };
    let played = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| LocalSet::new().block_on(&runtime, play(&runtime)));
    played.unwrap_or_else(|error| Played {
        depth,
        verdicts: Vec::new(),
        error: Some(error),
    })
}

fn said(refusal: &Refusal) -> String {
    let findings = refusal
        .findings
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error());
    let lines: Vec<String> = findings.map(ToString::to_string).collect();
    format!("{}\n{}", refusal.reason, lines.join("\n"))
        .trim_end()
        .to_owned()
}
