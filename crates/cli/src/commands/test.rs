//! `sealane test`: scenario files, played at their depths.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use sealane_testkit::compiled::GoldenSet;
use sealane_testkit::depth::Depth;
use sealane_testkit::files;
use sealane_testkit::report::{FileReport, human};
use sealane_testkit::run::{Settings, run as play};
use serde_json::Value;

use crate::args::{Output, Test};
use crate::commands::get::print_value;
use crate::failure::{Failure, USAGE};
use crate::print;

/// Plays the files and says what failed.
pub(crate) fn run(args: &Test) -> Result<ExitCode> {
    let settings = Settings {
        depths: depths(&args.depth)?,
        golden: golden(args)?,
    };
    let files = files::find(&args.paths).map_err(|(path, error)| {
        Failure::bad_input(format!("error: {}: {error}", path.display()))
    })?;
    if files.is_empty() {
        let paths = args.paths.iter().map(|path| path.display().to_string());
        let paths: Vec<String> = paths.collect();
        let text = format!("error: no scenario file in {}", paths.join(", "));
        return Err(Failure::bad_input(text).into());
    }
    let reports = play_all(args, &files, &settings)?;
    if matches!(args.output, Output::Json | Output::Yaml) {
        let value: Value = serde_json::to_value(&reports)?;
        print_value(args.output, &value)?;
    } else {
        print::text(&human::totals(&reports))?;
    }
    Ok(if reports.iter().all(|report| report.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn depths(words: &[String]) -> Result<Vec<Depth>> {
    if words.is_empty() {
        return Ok(Depth::ALL.to_vec());
    }
    let mut depths = Vec::new();
    for word in words {
        let depth: Depth = word.parse().map_err(|error| Failure {
            code: USAGE,
            text: format!("error: --depth {error}"),
        })?;
        depths.push(depth);
    }
    depths.sort();
    depths.dedup();
    Ok(depths)
}

/// The golden files, where they were asked for.
fn golden(args: &Test) -> Result<Option<GoldenSet>> {
    let Some(folder) = &args.golden else {
        return Ok(None);
    };
    let differences = args.differences.clone();
    let differences = differences.unwrap_or_else(|| PathBuf::from("/dev/null"));
    let set = GoldenSet::load(folder, &differences);
    let set = set.map_err(|error| Failure::bad_input(format!("error: {error:#}")))?;
    Ok(Some(set))
}

/// Plays as many files at a time as there are cores, and prints each in its turn.
fn play_all(args: &Test, files: &[PathBuf], settings: &Settings) -> Result<Vec<FileReport>> {
    let names: Vec<String> = files.iter().map(|file| name(args, file)).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (done, finished) = mpsc::channel();
    let next = AtomicUsize::new(0);
    let take = || {
        let index = next.fetch_add(1, Ordering::Relaxed);
        Some((index, files.get(index)?, names.get(index)?))
    };
    thread::scope(|scope| {
        for _ in 0..workers {
            let (done, take) = (done.clone(), &take);
            scope.spawn(move || {
                while let Some((index, file, name)) = take() {
                    // Nobody listens any more when printing failed.
                    drop(done.send((index, play(file, name, settings))));
                }
            });
        }
        drop(done);
        in_order(args, &finished, width)
    })
}

/// Prints reports as they come, in the order of the files.
fn in_order(
    args: &Test,
    finished: &mpsc::Receiver<(usize, FileReport)>,
    width: usize,
) -> Result<Vec<FileReport>> {
    let mut early = BTreeMap::new();
    let mut reports: Vec<FileReport> = Vec::new();
    for (index, report) in finished {
        early.insert(index, report);
        while let Some(report) = early.remove(&reports.len()) {
            if !matches!(args.output, Output::Json | Output::Yaml) {
                print::text(&human::file(&report, width, args.output == Output::Wide))?;
            }
            reports.push(report);
        }
    }
    Ok(reports)
}

/// What a report calls a file: its path below the folder that was named, else the path itself.
fn name(args: &Test, file: &Path) -> String {
    let mut roots = args.paths.iter();
    let below = roots.find_map(|root| file.strip_prefix(root).ok());
    let below = below.filter(|path| !path.as_os_str().is_empty());
    below.unwrap_or(file).display().to_string()
}
