//! The runner can fail: negative controls, and changes that must change nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealane_model::parse::{self, SourceFile, parse_text};
use sealane_model::resource::Body;
use sealane_testkit::compiled::GoldenSet;
use sealane_testkit::depth::Depth;
use sealane_testkit::files;
use sealane_testkit::judge::judge;
use sealane_testkit::metamorphic;
use sealane_testkit::report::{FileReport, human};
use sealane_testkit::run::{Settings, run_text};
use sealane_testkit::running::observe_in_memory;
use sealane_testkit::scenario::expect::{Expectation, Want};
use sealane_testkit::scenario::measure::{Relation, Share};
use sealane_testkit::scenario::pattern::Pattern;
use sealane_testkit::scenario::{Scenario, Step};

const FILE: &str = "seeds/all-traffic-to-a-subset.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn scenario(file: &str) -> String {
    fs::read_to_string(root().join("scenarios").join(file)).expect("a scenario of the project")
}

fn play(text: &str, depth: Depth) -> FileReport {
    run_text(
        FILE,
        text,
        &Settings {
            depths: vec![depth],
            golden: None,
        },
    )
}

/// The keys that failed, of all items.
fn failing(report: &FileReport) -> Vec<&'static str> {
    let checks = report.calls.iter().flat_map(|call| &call.checks);
    checks
        .filter(|(_, check)| !check.ok)
        .map(|(key, _)| *key)
        .collect()
}

/// Each depth with calls sees that another workload answers than the file says.
fn a_wrong_expectation_fails_at(depth: Depth) {
    let right = scenario(FILE);
    let wrong = right.replace("to: my-host-v2", "to: my-host-v1");
    assert_ne!(right, wrong);
    let report = play(&right, depth);
    assert!(report.ok, "{}", human::file(&report, 0, true));
    let report = play(&wrong, depth);
    assert_eq!(
        failing(&report),
        ["to"],
        "{}",
        human::file(&report, 0, true)
    );
    assert_eq!(report.counts(), (1, 1));
}

#[test]
fn a_wrong_workload_fails_at_decide() {
    a_wrong_expectation_fails_at(Depth::Decide);
}

#[test]
fn a_wrong_workload_fails_at_serve() {
    a_wrong_expectation_fails_at(Depth::Serve);
}

#[test]
fn a_wrong_workload_fails_at_sockets() {
    a_wrong_expectation_fails_at(Depth::Sockets);
}

#[test]
fn a_changed_golden_byte_fails_compile() {
    let data = root().join("crates/compile/testdata");
    let set = GoldenSet::load(&data.join("golden"), &data.join("golden-differences.txt"))
        .expect("the golden files can be read");
    let folder = tempfile::tempdir().expect("a folder for this test");
    fs::create_dir(folder.path().join("seeds")).expect("an empty folder takes another");
    let name = "seeds/all-traffic-to-a-subset.2.client.json";
    let golden = fs::read_to_string(data.join("golden").join(name)).expect("a golden file");
    let changed = golden.replacen("outbound|80|v2|my-host", "outbound|80|v3|my-host", 1);
    assert_ne!(golden, changed);
    for (text, failures) in [(golden, 0), (changed, 1)] {
        fs::write(folder.path().join(name), text).expect("the folder takes files");
        let golden = GoldenSet {
            folder: folder.path().to_path_buf(),
            ..set.clone()
        };
        let settings = Settings {
            depths: vec![Depth::Compile],
            golden: Some(golden),
        };
        let report = run_text(FILE, &scenario(FILE), &settings);
        let failed = failing(&report);
        assert_eq!(failed.len(), failures, "{}", human::file(&report, 0, true));
        assert!(failed.iter().all(|key| *key == "golden"));
    }
}

#[test]
fn comments_and_order_of_documents_change_no_resource() {
    for file in files::find(&[root().join("scenarios")]).expect("the scenarios can be read") {
        let text = fs::read_to_string(&file).expect("a scenario of the project");
        let scenario = Scenario::read("x.md", &text).expect("every scenario can be read");
        let changed = |change: fn(&str) -> String| {
            let mut changed = scenario.clone();
            for step in &mut changed.steps {
                if let Step::Manifests { text, .. } = step {
                    *text = change(text);
                }
            }
            changed
        };
        let plain = sealane_testkit::compiled::resources(&scenario).expect("it compiles");
        for change in [metamorphic::commented, metamorphic::reversed] {
            let other =
                sealane_testkit::compiled::resources(&changed(change)).expect("it compiles");
            assert!(plain == other, "{}", file.display());
        }
    }
}

/// Words that belong to Kubernetes, Istio or the implicit workloads, whatever a file calls its own things.
const RESERVED: [&str; 24] = [
    "client",
    "cluster",
    "com",
    "default",
    "example",
    "grpc",
    "host",
    "hosts",
    "http",
    "http2",
    "https",
    "istio",
    "ingressgateway",
    "istio-ingressgateway",
    "istio-system",
    "local",
    "match",
    "mesh",
    "name",
    "port",
    "route",
    "subset",
    "svc",
    "tcp",
];

/// Every name that a file's objects use for themselves, their labels, namespaces, subsets and hosts.
fn own_names(scenario: &Scenario) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for step in &scenario.steps {
        let Step::Manifests { text, .. } = step else {
            continue;
        };
        let source = SourceFile::new("x.yaml", text.as_str());
        for object in parse_text(&source, &parse::Options::default()).objects {
            names.insert(object.meta.name.clone());
            names.insert(object.meta.namespace.clone());
            let labels = object.meta.labels.iter();
            names.extend(labels.flat_map(|(key, value)| [key.clone(), value.clone()]));
            collect(&object.body, &mut names);
        }
    }
    names.retain(|name| {
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        word && name.starts_with(|c: char| c.is_ascii_lowercase())
            && !RESERVED.contains(&name.as_str())
    });
    names
}

fn collect(body: &Body, names: &mut BTreeSet<String>) {
    match body {
        Body::Deployment(deployment) => {
            let labels = deployment.spec.template.metadata.labels.iter();
            names.extend(labels.flat_map(|(key, value)| [key.clone(), value.clone()]));
        }
        Body::Service(service) => {
            let labels = service.spec.selector.iter();
            names.extend(labels.flat_map(|(key, value)| [key.clone(), value.clone()]));
        }
        Body::DestinationRule(rule) => {
            for subset in &rule.subsets {
                names.insert(subset.name.clone());
                names.extend(
                    subset
                        .labels
                        .iter()
                        .flat_map(|(key, value)| [key.clone(), value.clone()]),
                );
            }
        }
        Body::VirtualService(rule) => {
            let parts = rule.hosts.iter().flat_map(|host| host.split('.'));
            names.extend(parts.map(str::to_owned));
        }
        _ => {}
    }
}

/// The file with every name of its own prefixed. Lines that name a kind stay: `v1` is an API version there.
fn renamed(text: &str, names: &BTreeSet<String>) -> String {
    let after: Vec<String> = names.iter().map(|name| format!("q{name}")).collect();
    let names: Vec<(&str, &str)> = names
        .iter()
        .map(String::as_str)
        .zip(after.iter().map(String::as_str))
        .collect();
    let line = |line: &str| {
        let stays = line.starts_with("apiVersion:") || line.starts_with("kind:");
        let line = if stays {
            line.to_owned()
        } else {
            metamorphic::renamed(line, &names)
        };
        format!("{line}\n")
    };
    text.lines().map(line).collect()
}

#[test]
fn the_seeds_stay_green_under_other_names() {
    let folder = root().join("scenarios/seeds");
    for file in files::find(&[folder]).expect("the scenarios can be read") {
        let text = fs::read_to_string(&file).expect("a scenario of the project");
        let scenario = Scenario::read("x.md", &text).expect("every scenario can be read");
        let names = own_names(&scenario);
        let renamed = renamed(&text, &names);
        assert_ne!(text, renamed);
        let settings = Settings {
            depths: Depth::ALL.to_vec(),
            golden: None,
        };
        let report = run_text(&file.display().to_string(), &renamed, &settings);
        assert!(
            report.ok,
            "{}\nnames {names:?}\n{renamed}",
            human::file(&report, 0, false)
        );
    }
}

/// How often an item must be called before a share that is off by a third cannot be chance.
const ENOUGH: u32 = 60;

/// The expectation made wrong; nothing where too few calls could show it.
fn made_wrong(want: &Want, times: u32) -> Option<Want> {
    let other = |pattern: &Pattern| match pattern {
        Pattern::Exact(text) if text == "-" => Pattern::Exact("XX".to_owned()),
        Pattern::Exact(text) => Pattern::Exact(format!("{text}0")),
        Pattern::Found(_) => Pattern::Exact("found nowhere".to_owned()),
    };
    let shifted = |share: Share| Share {
        value: if share.value > 0.5 {
            share.value - 0.34
        } else {
            share.value + 0.34
        },
        ..share
    };
    Some(match want {
        Want::Each(pattern) => Want::Each(other(pattern)),
        Want::Split(parts) => {
            let parts = parts
                .iter()
                .map(|(pattern, share)| (pattern.clone(), shifted(*share)));
            Want::Split((times >= ENOUGH).then(|| parts.collect())?)
        }
        Want::Number(relation, number) => Want::Number(
            Relation::Exactly,
            if *relation == Relation::Exactly {
                number + 1.0
            } else {
                -1.0
            },
        ),
        Want::Copies(copies) => {
            let mut copies = copies.clone();
            copies.insert("nobody-at-all".to_owned(), Share::ALL);
            Want::Copies(copies)
        }
        Want::Headers(headers) => Want::Headers(
            headers
                .iter()
                .map(|(name, pattern)| {
                    let absent = Pattern::Exact("not absent".to_owned());
                    (name.clone(), Some(pattern.as_ref().map_or(absent, other)))
                })
                .collect(),
        ),
        Want::Within(_) => Want::Within(vec![(Relation::AtLeast, Duration::from_hours(1))]),
    })
}

#[test]
fn no_expectation_of_any_scenario_passes_when_it_is_made_wrong() {
    let (mut tried, mut passed) = (0, Vec::new());
    for file in files::find(&[root().join("scenarios")]).expect("the scenarios can be read") {
        let text = fs::read_to_string(&file).expect("a scenario of the project");
        let name = file.display().to_string();
        let scenario = Scenario::read(&name, &text).expect("every scenario can be read");
        // What needs TLS cannot be observed yet.
        let Ok(seen) = observe_in_memory(&scenario) else {
            continue;
        };
        for (item, seen) in scenario.items().zip(seen) {
            for expectation in &item.expect {
                let Some(want) = made_wrong(&expectation.want, item.times) else {
                    continue;
                };
                let wrong = Expectation {
                    want,
                    ..expectation.clone()
                };
                tried += 1;
                let checks = judge(&[wrong], &seen, scenario.options.weights);
                if checks.iter().all(|check| check.ok) {
                    passed.push(format!("{name}:{}: {}", item.line, expectation.key));
                }
            }
        }
    }
    assert!(passed.is_empty(), "{}", passed.join("\n"));
    assert!(tried > 2000, "only {tried} expectations");
}
