//! Runs many scenario files, several at a time, and a folder of them against its list of known failures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
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
    let relative = |file: &Path| {
        file.strip_prefix(folder)
            .unwrap_or(file)
            .display()
            .to_string()
    };
    let files: Vec<(PathBuf, String)> = files
        .into_iter()
        .map(|file| (file.clone(), relative(&file)))
        .collect();
    let mut reports = Vec::new();
    in_order(&files, settings, at_a_time, |report| reports.push(report));
    let surprises = surprises(&reports, &list, settings);
    Ok(Suite { reports, surprises })
}

/// Plays files, each with the name that reports call it by, `at_a_time` of them at once. `told` hears of each in
/// the order of the files, as soon as it and all before it are done.
pub fn in_order(
    files: &[(PathBuf, String)],
    settings: &Settings,
    at_a_time: usize,
    mut told: impl FnMut(FileReport),
) {
    let (next, at_a_time) = (AtomicUsize::new(0), at_a_time.max(1));
    let (done, reports) = mpsc::sync_channel(at_a_time);
    let player = |done: SyncSender<(usize, FileReport)>| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, name)) = files.get(index) else {
                return;
            };
            // Nobody listens any more only when `told` has panicked.
            if done.send((index, run(file, name, settings))).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            let done = done.clone();
            scope.spawn(|| player(done));
        }
        drop(done);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        for (index, report) in reports {
            waiting.insert(index, report);
            while let Some(report) = waiting.remove(&turn) {
                told(report);
                turn += 1;
            }
        }
    });
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
