//! The worlds that the project's scenarios declare are those that istiod's golden files were compiled for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sealane_testkit::files;
use sealane_testkit::ground::{Ground, callers, owners};
use sealane_testkit::phase::phases;
use sealane_testkit::scenario::Scenario;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The owners that a golden file names, without their addresses.
fn named(world: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (list, kind) in [("pods", "pod"), ("services", "service")] {
        for (name, address) in world[list].as_object().into_iter().flatten() {
            if !matches!(address.as_str(), None | Some("" | "None")) {
                names.insert(format!("{kind}({name})"));
            }
        }
    }
    names
}

#[test]
fn every_step_has_the_pods_and_services_of_its_golden_file() {
    let golden = root().join("crates/compile/testdata/golden");
    let (mut compared, mut wrong) = (0, Vec::new());
    for file in files::find(&[root().join("scenarios")]).unwrap() {
        let name = file
            .strip_prefix(root().join("scenarios"))
            .unwrap()
            .with_extension("");
        let name = name.display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let scenario = Scenario::read(&name, &text).unwrap();
        let mut ground = Ground::new();
        for (step, phase) in phases(&scenario).into_iter().enumerate() {
            for change in &phase.changes {
                let applied = ground.change(change, &name).unwrap();
                let errors = applied
                    .diagnostics
                    .iter()
                    .filter(|diagnostic| diagnostic.is_error());
                wrong.extend(errors.map(ToString::to_string));
            }
            let world = ground.world();
            for caller in phase.callers() {
                if callers(&world, caller).is_empty() {
                    wrong.push(format!("{name}: nobody is called {caller}"));
                }
                let caller = caller.replace('/', ".");
                let path = golden.join(format!("{name}.{}.{caller}.json", step + 1));
                let Ok(text) = fs::read_to_string(&path) else {
                    continue;
                };
                let file: Value = serde_json::from_str(&text).unwrap();
                let ours: BTreeSet<String> = owners(&world).into_values().collect();
                compared += 1;
                if ours != named(&file["world"]) {
                    wrong.push(format!(
                        "{}: {ours:?}\n  golden {:?}",
                        path.display(),
                        named(&file["world"])
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 150, "only {compared} golden files were found");
}
