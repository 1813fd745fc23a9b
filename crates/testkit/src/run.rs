//! Runs scenario files at the depths that were asked for.

use std::fs;
use std::path::Path;

use sealane_seam::{Clock, TokioClock};

use crate::compiled::GoldenSet;
use crate::decided::{self, Source};
use crate::depth::{Depth, Played};
use crate::report::FileReport;
use crate::scenario::Scenario;
use crate::{compiled, running};

/// How to run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The depths, played in this order.
    pub depths: Vec<Depth>,
    /// The golden files that *compile* compares with, where there are any.
    pub golden: Option<GoldenSet>,
}

/// Reads and plays one file; `name` is what reports call it.
///
/// Depths with a mesh make an async runtime of their own: call this outside of one.
pub fn run(path: &Path, name: &str, settings: &Settings) -> FileReport {
    match fs::read_to_string(path) {
        Ok(text) => run_text(name, &text, settings),
        Err(error) => FileReport::unreadable(name, format!("cannot be read: {error}")),
    }
}

/// Plays the text of a scenario file.
pub fn run_text(name: &str, text: &str, settings: &Settings) -> FileReport {
    let clock = TokioClock::real();
    let start = clock.now();
    match Scenario::read(name, text) {
        Ok(scenario) => {
            let play = |depth: &Depth| play(*depth, &scenario, settings);
            let played: Vec<Played> = settings.depths.iter().map(play).collect();
            let took = clock.now().saturating_duration_since(start);
            FileReport::merge(&scenario, &played, took)
        }
        Err(problems) => FileReport::unreadable(name, problems.to_string()),
    }
}

fn play(depth: Depth, scenario: &Scenario, settings: &Settings) -> Played {
    match depth {
        Depth::Compile => compiled::play(scenario, settings.golden.as_ref()),
        Depth::Decide => decided::play(scenario, Source::Compiled),
        Depth::Serve => running::play_in_memory(scenario),
        Depth::Sockets => running::play_over_sockets(scenario),
    }
}
