//! Plays every scenario of the project over loopback sockets and in real time.
//!
//! These are by themselves, so that nothing else of this crate keeps the machine busy while it measures time.

use std::path::Path;

use sealane_testkit::depth::Depth;
use sealane_testkit::report::human;
use sealane_testkit::run::Settings;
use sealane_testkit::suite;

/// Files at a time. Much of the time is waiting for what scenarios delay.
const AT_A_TIME: usize = 3;

#[test]
fn every_scenario_passes_at_sockets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let settings = Settings {
        depths: vec![Depth::Sockets],
        golden: None,
    };
    let played = suite::play(&folder, &settings, AT_A_TIME).expect("the scenarios can be read");
    let totals = human::totals(&played.reports);
    assert!(played.surprises.is_empty(), "{}{totals}", played.surprises);
}
