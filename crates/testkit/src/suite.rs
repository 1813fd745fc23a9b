//! Runs a folder of scenarios against its list of known failures, several files at a time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, anyhow};

use crate::expected::{ExpectedFailures, Outcome};
use crate::files;
use crate::report::{FileReport, human};
use crate::run::{Settings, run};

/// The list of known failures in a folder of scenarios.
pub const LIST: &str = "expected-failures.txt";

/// What came of a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// The files in order; names are relative to the folder.
    pub reports: Vec<FileReport>,
    /// What is not as the list says, for people; empty when all is.
    pub surprises: String,
}

/// Plays every scenario file in and below `folder`, `at_a_time` of them at once.
pub fn play(folder: &Path, settings: &Settings, at_a_time: usize) -> Result<Suite> {
    let files = files::find(&[folder.to_path_buf()])
        .map_err(|(path, error)| anyhow!(error).context(path.display().to_string()))?;
    let list = folder.join(LIST);
    let text = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    let list = ExpectedFailures::parse(&text).map_err(|problems| anyhow!(problems.join("\n")))?;
    let reports = play_all(&files, folder, settings, at_a_time);
    let surprises = surprises(&reports, &list, settings);
    Ok(Suite { reports, surprises })
}

fn play_all(
    files: &[PathBuf],
    folder: &Path,
    settings: &Settings,
    at_a_time: usize,
) -> Vec<FileReport> {
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(BTreeMap::new());
    let player = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = file
                .strip_prefix(folder)
                .unwrap_or(file)
                .display()
                .to_string();
            let report = run(file, &name, settings);
            reports
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(file, report);
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_a_time.max(1) {
            scope.spawn(player);
        }
    });
    let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    reports.into_values().collect()
}

fn surprises(reports: &[FileReport], list: &ExpectedFailures, settings: &Settings) -> String {
    let mut surprises = String::new();
    for report in reports {
        match list.judge(&report.file, report, &settings.depths) {
            Outcome::Passed | Outcome::ExpectedFailure => {}
            Outcome::Failed(_) => surprises += &human::file(report, 0, false),
            Outcome::UnexpectedPass(_) => {
                surprises += &report.file;
                surprises += " passes: take it off the list\n";
            }
        }
    }
    for entry in list.entries() {
        if !reports.iter().any(|report| report.file == entry.path) {
            surprises += &entry.path;
            surprises += " is listed and does not exist\n";
        }
    }
    surprises
}
