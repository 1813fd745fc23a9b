//! `sealane test`: scenario files, played at their depths.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::Result;
use sealane_testkit::compiled::GoldenSet;
use sealane_testkit::depth::Depth;
use sealane_testkit::files;
use sealane_testkit::report::{FileReport, human};
use sealane_testkit::run::Settings;
use sealane_testkit::suite;
use serde_json::Value;

use crate::args::{Output, Test};
use crate::failure::{Failure, USAGE};
use crate::print;
use crate::print::print_value;

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
        print::text(&human::left_open(&reports))?;
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
    let set = match &args.differences {
        Some(differences) => GoldenSet::load(folder, differences)
            .map_err(|error| Failure::bad_input(format!("error: {error:#}")))?,
        None => GoldenSet {
            folder: folder.clone(),
            ..GoldenSet::default()
        },
    };
    Ok(Some(set))
}

/// Plays as many files at a time as there are cores, and prints each in its turn.
fn play_all(args: &Test, files: &[PathBuf], settings: &Settings) -> Result<Vec<FileReport>> {
    let files: Vec<(PathBuf, String)> = files
        .iter()
        .map(|file| (file.clone(), name(args, file)))
        .collect();
    let width = files
        .iter()
        .map(|(_, name)| name.chars().count())
        .max()
        .unwrap_or(0);
    let quiet = matches!(args.output, Output::Json | Output::Yaml);
    let (mut reports, mut printed) = (Vec::new(), Ok(()));
    let at_a_time = thread::available_parallelism().map_or(1, usize::from);
    suite::in_order(&files, settings, at_a_time, |report| {
        if !quiet && printed.is_ok() {
            let wide = args.output == Output::Wide;
            printed = print::text(&human::file(&report, width, wide));
        }
        reports.push(report);
    });
    printed?;
    Ok(reports)
}

/// What a report calls a file: its path below the folder that was named, else the path itself.
fn name(args: &Test, file: &Path) -> String {
    let mut roots = args.paths.iter();
    let below = roots.find_map(|root| file.strip_prefix(root).ok());
    let below = below.filter(|path| !path.as_os_str().is_empty());
    below.unwrap_or(file).display().to_string()
}
