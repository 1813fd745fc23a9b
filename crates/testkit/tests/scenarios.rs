//! Plays every scenario of the project at every depth, against the list of known failures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sealane_testkit::compiled::GoldenSet;
use sealane_testkit::depth::Depth;
use sealane_testkit::expected::{ExpectedFailures, Outcome};
use sealane_testkit::files;
use sealane_testkit::report::{FileReport, human};
use sealane_testkit::run::{Settings, run};
use sealane_testkit::scenario::Scenario;

/// Files at a time. Most of the real time is waiting for what a scenario delays.
const AT_A_TIME: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn settings(depths: &[Depth]) -> Settings {
    let data = root().join("crates/compile/testdata");
    let golden = GoldenSet::load(&data.join("golden"), &data.join("golden-differences.txt"));
    Settings {
        depths: depths.to_vec(),
        golden: Some(golden.expect("the golden files can be read")),
    }
}

/// The reports of all files, in their order.
fn play_all(files: &[PathBuf], settings: &Settings) -> Vec<FileReport> {
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(BTreeMap::new());
    let player = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let report = run(file, &relative(file), settings);
            reports
                .lock()
                .expect("no player panics")
                .insert(file, report);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(player);
        }
    });
    let reports = reports.into_inner().expect("no player panics");
    reports.into_values().collect()
}

fn relative(file: &Path) -> String {
    let file = file
        .strip_prefix(root().join("scenarios"))
        .expect("a file of the folder");
    file.display().to_string()
}

/// Says what is wrong with the reports, if anything.
fn judge(reports: &[FileReport], depths: &[Depth]) -> String {
    let list = fs::read_to_string(root().join("scenarios/expected-failures.txt"))
        .expect("the list of known failures can be read");
    let list = ExpectedFailures::parse(&list).expect("the list can be read");
    let mut wrong = String::new();
    for report in reports {
        match list.judge(&report.file, report, depths) {
            Outcome::Passed | Outcome::ExpectedFailure => {}
            Outcome::Failed(_) => wrong.push_str(&human::file(report, 0, false)),
            Outcome::UnexpectedPass(_) => {
                wrong += &report.file;
                wrong += " passes: take it off the list\n";
            }
        }
    }
    for entry in list.entries() {
        if !reports.iter().any(|report| report.file == entry.path) {
            wrong += &entry.path;
            wrong += " is listed and does not exist\n";
        }
    }
    wrong
}

fn check(depths: &[Depth]) {
    let files = files::find(&[root().join("scenarios")]).expect("the scenarios can be read");
    let reports = play_all(&files, &settings(depths));
    let wrong = judge(&reports, depths);
    assert!(wrong.is_empty(), "{wrong}{}", human::totals(&reports));
}

#[test]
fn every_scenario_passes_at_compile_and_decide() {
    check(&[Depth::Compile, Depth::Decide]);
}

#[test]
fn every_reasoned_difference_is_still_there() {
    let golden = settings(&[]).golden.expect("there are golden files");
    let mut used = BTreeSet::new();
    for file in files::find(&[root().join("scenarios")]).expect("the scenarios can be read") {
        let text = fs::read_to_string(&file).expect("a scenario of the project");
        let scenario = Scenario::read(&relative(&file), &text).expect("every scenario can be read");
        used.extend(golden.used(&scenario).expect("every scenario compiles"));
    }
    assert_eq!(golden.reasoned.stale(&used), Vec::<&str>::new());
}
