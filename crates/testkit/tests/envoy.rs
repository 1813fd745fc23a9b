//! A stock Envoy that serves what Sealane compiles answers as the scenarios say, and as Sealane decides.
//!
//! `scripts/install-envoy` brings one; where there is none, a line says so and nothing is compared. The resources
//! reach it as a static bootstrap: listeners on loopback, routes and endpoints in their places, nothing else
//! changed. So there is no access log, and what only a log shows (flags, cluster, route) is not compared. Its
//! splits are random: shares hold within four standard deviations.

#[path = "envoy/process.rs"]
mod process;
#[path = "envoy/stock.rs"]
mod stock;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use sealane_testkit::decided::{self, Source};
use sealane_testkit::depth::Depth;
use sealane_testkit::mesh;
use sealane_testkit::report::{FileReport, human};
use sealane_testkit::scenario::expect::Key;
use sealane_testkit::scenario::options::Weights;
use sealane_testkit::scenario::{Scenario, Step};
use tokio::task::LocalSet;

use self::stock::StockMesh;

const SPLIT: &str = "destination/weights-are-relative.md";
const HEADERS: &str = "matching/header-kinds.md";
const GATEWAY: &str = "seeds/canary-behind-a-gateway.md";

fn scenario(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    fs::read_to_string(root.join(file)).expect("a scenario of the project")
}

/// Says something that `cargo test` shows of a test that passes, too: it hides what is merely printed.
fn say(what: &str) {
    writeln!(io::stderr(), "{what}").expect("somebody listens");
}

fn envoy() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let binary = process::binary();
    if binary.is_none() {
        SAID.call_once(|| say("skipped: no stock Envoy; scripts/install-envoy brings one"));
    }
    binary
}

/// The scenario without what an Envoy without an access log cannot show.
fn visible(file: &str, text: &str) -> Scenario {
    let mut scenario = Scenario::read(file, text).expect("every scenario can be read");
    for step in &mut scenario.steps {
        if let Step::Calls(items) = step {
            for item in items {
                let logged = [Key::Flags, Key::Cluster, Key::Route];
                item.expect.retain(|it| !logged.contains(&it.key));
            }
        }
    }
    scenario
}

/// What Envoy's answers are worth, by the expectations of the file.
fn served(binary: PathBuf, file: &str, text: &str) -> FileReport {
    let mut scenario = visible(file, text);
    let mut stock = StockMesh::new(binary, &scenario);
    // Only for the judge: what is compiled is what the file asks for.
    scenario.options.weights = Weights::Random;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("this machine has an event queue");
    let play = async move {
        let played = mesh::play(Depth::Sockets, &mut stock, &scenario).await;
        FileReport::merge(&scenario, &[played], Duration::ZERO)
    };
    LocalSet::new().block_on(&runtime, play)
}

/// Envoy and Sealane's own decision both show what the file expects: one answer for each call.
fn agrees(file: &str) {
    let Some(binary) = envoy() else {
        return;
    };
    let text = scenario(file);
    let report = served(binary, file, &text);
    assert!(report.ok, "{}", human::file(&report, 0, true));
    for call in &report.calls {
        let compared = ["status", "to"].map(|key| call.checks.contains_key(key));
        assert_eq!(
            compared,
            [true, true],
            "line {} compares too little",
            call.line
        );
    }
    let scenario = Scenario::read(file, &text).expect("every scenario can be read");
    let decided = decided::play(&scenario, Source::Compiled);
    let decided = FileReport::merge(&scenario, &[decided], Duration::ZERO);
    assert!(decided.ok, "{}", human::file(&decided, 0, true));
    let compared = report.calls.len();
    say(&format!(
        "stock Envoy: {file}: {compared} call items, the same answers"
    ));
}

/// With `before` replaced in the file, these keys of these items are not as expected.
fn notices(file: &str, (before, after): (&str, &str), wrong: &[(usize, &str)]) {
    let Some(binary) = envoy() else {
        return;
    };
    let text = scenario(file);
    let changed = text.replace(before, after);
    assert_ne!(text, changed);
    let report = served(binary, file, &changed);
    let shown = human::file(&report, 0, true);
    assert_eq!(report.error, None, "{shown}");
    let items = report.calls.iter().enumerate();
    let failed = items.flat_map(|(item, call)| {
        let failed = call.checks.iter().filter(|(_, check)| !check.ok);
        failed.map(move |(key, _)| (item, *key))
    });
    let failed: Vec<(usize, &str)> = failed.collect();
    assert_eq!(failed, wrong, "{shown}");
}

#[test]
fn envoy_agrees_on_a_split_at_a_sidecar() {
    agrees(SPLIT);
}

#[test]
fn envoy_agrees_on_routes_by_header() {
    agrees(HEADERS);
}

#[test]
fn envoy_agrees_on_a_gateway() {
    agrees(GATEWAY);
}

#[test]
fn a_wrong_share_is_noticed() {
    let swapped = (
        "offers-v1: 25%, offers-v2: 75%",
        "offers-v1: 75%, offers-v2: 25%",
    );
    notices(SPLIT, swapped, &[(0, "to")]);
}

#[test]
fn a_wrong_status_is_noticed() {
    notices(GATEWAY, ("status: 404", "status: 200"), &[(1, "status")]);
}

#[test]
fn a_changed_rule_is_noticed() {
    let other = ("x-tier: { exact: gold }", "x-tier: { exact: golden }");
    notices(HEADERS, other, &[(0, "to"), (1, "to"), (2, "to")]);
}
