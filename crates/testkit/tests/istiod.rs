//! The runtime decides by istiod's own resources as Istio decided: the golden files, through the depth *decide*.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealane_testkit::decided::{self, Source};
use sealane_testkit::files;
use sealane_testkit::report::{FileReport, human};
use sealane_testkit::scenario::Scenario;

#[test]
fn golden_resources_decide_as_istio_did() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let golden: PathBuf = root.join("crates/compile/testdata/golden");
    let (mut wrong, mut checked) = (String::new(), 0);
    for file in files::find(&[root.join("scenarios")]).unwrap() {
        let text = fs::read_to_string(&file).unwrap();
        let scenario = Scenario::read(&file.display().to_string(), &text).unwrap();
        let played = decided::play(&scenario, Source::Golden(&golden));
        checked += played
            .verdicts
            .iter()
            .map(|verdict| verdict.checks.len())
            .sum::<usize>();
        let report = FileReport::merge(&scenario, &[played], Duration::ZERO);
        if !report.ok {
            wrong.push_str(&human::file(&report, 0, false));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(checked > 500, "only {checked} checks");
}
