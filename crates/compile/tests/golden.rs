//! Our resources against istiod's own, for every scenario step in `testdata/golden`.

#[path = "golden/normal.rs"]
mod normal;
#[path = "golden/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sealane_compile::{Locality, MeshSettings, ProxyIdentity, ProxyKind, Snapshot, compile};
use sealane_model::resource::Object;
use serde_json::Value;
use world::Declared;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Where golden files are, and where their scenarios: those of all scenarios, and those of
/// manifests that only this test plays.
fn folders() -> [(PathBuf, PathBuf); 2] {
    [
        (
            root().join("testdata/golden"),
            root().join("../../scenarios"),
        ),
        (
            root().join("testdata/own/golden"),
            root().join("testdata/own"),
        ),
    ]
}

fn json_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(json_below(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The objects of a scenario at its step-th block of calls.
fn declared_at(scenario: &Path, step: u64) -> Declared {
    let text = fs::read_to_string(scenario).expect("a scenario");
    let mut declared = Declared::new();
    let mut calls = 0;
    let mut block: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(kind)) => block = Some((kind.to_owned(), String::new())),
            (Some((kind, body)), Some(_)) => {
                match kind.as_str() {
                    "yaml manifests" => declared.apply(body),
                    "yaml delete" => {
                        let lines = body
                            .lines()
                            .filter_map(|line| line.trim().strip_prefix("- "));
                        lines.for_each(|line| declared.delete(line.trim()));
                    }
                    kind if kind.starts_with("yaml calls") => calls += 1,
                    _ => {}
                }
                block = None;
                if calls == step {
                    break;
                }
            }
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    declared
}

fn proxy(golden: &Value) -> ProxyIdentity {
    let text = |key: &str| golden["proxy"][key].as_str().unwrap_or_default();
    let kind = if text("type") == "router" {
        ProxyKind::Router
    } else {
        ProxyKind::Sidecar
    };
    let mut identity = ProxyIdentity::new(kind, text("namespace"), text("name"));
    let labels = golden["proxy"]["labels"].as_object().into_iter().flatten();
    identity.labels = labels
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    text("ip").clone_into(&mut identity.ip);
    identity.locality = Locality::parse(text("locality"));
    identity
}

struct Case {
    name: String,
    golden: Value,
    objects: Vec<Object>,
    mesh: MeshSettings,
    proxy: ProxyIdentity,
}

fn case(folder: &Path, scenarios: &Path, path: &Path) -> Case {
    let golden = fs::read_to_string(path).expect("a golden file");
    let golden: Value = serde_json::from_str(&golden).expect("JSON");
    let scenario = golden["scenario"].as_str().expect("a scenario");
    let scenario = scenarios.join(format!("{scenario}.md"));
    let declared = declared_at(&scenario, golden["step"].as_u64().expect("a step"));
    let name = path.strip_prefix(folder).expect("a file of the folder");
    let (mesh, problems) = MeshSettings::from_json(&golden["mesh"]);
    assert!(problems.is_empty(), "{problems:?}");
    Case {
        name: name.to_string_lossy().into_owned(),
        objects: declared.world(&golden["world"]),
        proxy: proxy(&golden),
        mesh,
        golden,
    }
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (folder, scenarios) in folders() {
        let files = json_below(&folder);
        all.extend(files.iter().map(|path| case(&folder, &scenarios, path)));
    }
    all
}

/// Files that differ on purpose, with the reason.
fn reasoned() -> BTreeMap<String, String> {
    let text =
        fs::read_to_string(root().join("testdata/golden-differences.txt")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(" — "))
        .map(|(file, reason)| (file.to_owned(), reason.to_owned()))
        .collect()
}

#[test]
fn resources_are_as_istiod_makes_them() {
    let mut reasoned = reasoned();
    let listed = reasoned.len();
    let (mut same, mut wrong) = (0, Vec::new());
    for case in cases() {
        let snapshot = Snapshot::new(&case.objects, case.mesh, 1);
        let compiled = compile(&snapshot, &case.proxy);
        let expected = normal::read(&case.golden);
        let with_inbound = expected.listeners.contains_key("virtualInbound");
        let expected = normal::of(&expected, with_inbound);
        let ours = normal::of(&compiled.resources, with_inbound);
        match (
            normal::difference("", &expected, &ours),
            reasoned.remove(&case.name),
        ) {
            (None, None) => same += 1,
            (None, Some(_)) => {
                wrong.push(format!("{}: agrees now, take it off the list", case.name));
            }
            (Some(_), Some(_)) => {}
            (Some(place), None) => wrong.push(format!("{}: {place}", case.name)),
        }
    }
    println!("{same} golden files agree, {listed} differ with a reason");
    assert!(same > 150, "only {same} golden files were found");
    assert!(reasoned.is_empty(), "listed, but not there: {reasoned:?}");
    assert!(
        wrong.is_empty(),
        "{same} agree, {} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_order_of_objects_changes_nothing() {
    for case in cases().into_iter().step_by(7) {
        let one = Snapshot::new(&case.objects, case.mesh.clone(), 1);
        let mut shuffled = case.objects.clone();
        shuffled.reverse();
        let middle = shuffled.len() / 3;
        shuffled.rotate_left(middle);
        let other = Snapshot::new(&shuffled, case.mesh, 2);
        assert_eq!(one.hash, other.hash, "{}", case.name);
        let one = compile(&one, &case.proxy).resources;
        let other = compile(&other, &case.proxy).resources;
        assert_eq!(one.content_hash(), other.content_hash(), "{}", case.name);
    }
}
