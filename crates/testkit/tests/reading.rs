//! Every scenario of the project can be read.

use std::fs;
use std::path::Path;

use sealane_testkit::files;
use sealane_testkit::phase::phases;
use sealane_testkit::scenario::Scenario;

#[test]
fn every_scenario_of_the_project_reads_without_problems() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = files::find(&[folder]).unwrap();
    assert!(files.len() > 150, "only {} scenario files", files.len());
    let mut problems = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        match Scenario::read(&file.display().to_string(), &text) {
            Ok(scenario) => {
                let phased: usize = phases(&scenario)
                    .iter()
                    .map(|phase| phase.items.len())
                    .sum();
                assert_eq!(phased, scenario.items().count());
                assert!(phased > 0, "{} calls nobody", scenario.file);
            }
            Err(found) => problems.push(found.to_string()),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
