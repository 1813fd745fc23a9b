//! Plays every scenario of the project at the depths that need no real time.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sealane_testkit::compiled::GoldenSet;
use sealane_testkit::depth::Depth;
use sealane_testkit::expected::ExpectedFailures;
use sealane_testkit::files;
use sealane_testkit::report::human;
use sealane_testkit::run::Settings;
use sealane_testkit::scenario::Scenario;
use sealane_testkit::suite;

/// Files at a time.
const AT_A_TIME: usize = 4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden() -> GoldenSet {
    let data = root().join("crates/compile/testdata");
    GoldenSet::load(&data.join("golden"), &data.join("golden-differences.txt"))
        .expect("the golden files can be read")
}

fn check(depths: &[Depth]) {
    let settings = Settings {
        depths: depths.to_vec(),
        golden: Some(golden()),
    };
    let played = suite::play(&root().join("scenarios"), &settings, AT_A_TIME);
    let played = played.expect("the scenarios can be read");
    let totals = human::totals(&played.reports);
    assert!(played.surprises.is_empty(), "{}{totals}", played.surprises);
}

#[test]
fn every_scenario_passes_at_compile_and_decide() {
    check(&[Depth::Compile, Depth::Decide]);
}

#[test]
fn every_scenario_passes_at_serve() {
    check(&[Depth::Serve]);
}

#[test]
fn every_reasoned_difference_is_still_there() {
    let golden = golden();
    let mut used = BTreeSet::new();
    for file in files::find(&[root().join("scenarios")]).expect("the scenarios can be read") {
        let text = fs::read_to_string(&file).expect("a scenario of the project");
        let name = file.display().to_string();
        let scenario = Scenario::read(&name, &text).expect("every scenario can be read");
        used.extend(golden.used(&scenario).expect("every scenario compiles"));
    }
    assert_eq!(golden.reasoned.stale(&used), Vec::<&str>::new());
}

#[test]
fn the_list_of_known_failures_only_shrinks() {
    /// Lower this with the list.
    const AT_MOST: usize = 4;
    let list = fs::read_to_string(root().join("scenarios").join(suite::LIST));
    let list = ExpectedFailures::parse(&list.expect("there is a list")).expect("it can be read");
    assert_eq!(list.entries().len(), AT_MOST);
}
