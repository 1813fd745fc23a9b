//! The YAML of people's documents, pasted into a folder: what is broken is told at its place with
//! the repair; of what is taken, nothing vanishes; and the hosts that are left answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sealane_model::parse::{Options, SourceFile, parse_text};
use serde_json::Value;

use crate::declared::{Document, documents};
use crate::findings::{Finding, findings};
use crate::run::{Place, Up};
use crate::seeds::{Block, SEEDS, path, seed, yaml};
use crate::wire::{at_edge, captured};

/// A folder of pasted blocks, the mesh of it, and what it told.
struct Pasted {
    up: Up,
    texts: BTreeMap<String, String>,
    documents: Vec<Document>,
    findings: Vec<Finding>,
}

impl Pasted {
    fn of(texts: impl IntoIterator<Item = String>) -> Self {
        let place = Place::new("");
        fs::remove_file(place.path("manifests/mesh.yaml")).unwrap();
        let names = (1..).map(|number| format!("{number}.yaml"));
        let texts: BTreeMap<String, String> = names.zip(texts).collect();
        for (name, text) in &texts {
            place.save(name, text);
        }
        let up = Up::at(place, &[]);
        let findings = findings(&up.tells("Ctrl-C drains and stops"));
        let documents = texts
            .iter()
            .flat_map(|(name, text)| documents(name, text))
            .collect();
        Self {
            up,
            texts,
            documents,
            findings,
        }
    }

    /// The objects that were taken and are live, with what the API says of them.
    fn live(&self) -> Vec<(&Document, Value)> {
        let taken = self
            .documents
            .iter()
            .filter(|it| !it.is_broken(&self.findings));
        let mut live: BTreeMap<String, &Document> = BTreeMap::new();
        for document in taken {
            assert_eq!(document.kinds.len(), 1, "no error in {document:?}");
            let before = live.insert(document.key(), document);
            if let Some(before) = before {
                self.is_told_as_replaced(before, document);
            }
        }
        let count = if live.len() == 1 {
            "1 object in"
        } else {
            &format!("{} objects in", live.len())
        };
        self.up.tells(&format!("✓ {count} "));
        live.into_values().map(|it| (it, self.shown(it))).collect()
    }

    /// An object that another declaration replaces is named, and so is its file.
    fn is_told_as_replaced(&self, before: &Document, after: &Document) {
        let told = self.findings.iter().any(|found| {
            let files = [&before.file, &after.file].map(|file| format!("manifests/{file}"));
            found.code == "SL0301"
                && found.message.contains(&before.key())
                && found.message.contains(&files[1])
                && files.iter().all(|file| found.help.contains(file))
        });
        assert!(
            told,
            "{before:?} vanished behind {after:?}: {:?}",
            self.findings
        );
    }

    /// What the API says of an object; it must be what this document says.
    fn shown(&self, document: &Document) -> Value {
        let (kind, namespace, name) = (&document.kinds[0], &*document.namespace, &*document.name);
        let args = ["get", kind, name, "-n", namespace, "-o", "json"];
        let shown = self.up.place().json(&args);
        let file = SourceFile::new("", &*self.texts[&document.file]);
        let objects = parse_text(&file, &Options::default()).objects;
        let mut said = objects
            .iter()
            .filter(|it| it.key().to_string() == document.key());
        let said = &said.next().unwrap().raw;
        assert!(
            is_within(&said["spec"], &shown["spec"]),
            "{document:?}: {shown}"
        );
        shown
    }

    /// Every broken document is told with the place, and with what to do.
    fn tells_what_is_broken(&self) {
        for found in &self.findings {
            assert!(found.line > 0 && found.column > 0, "no place: {found:?}");
            assert!(
                found.code.starts_with("SL") && !found.help.is_empty(),
                "{found:?}"
            );
            let somewhere = self
                .documents
                .iter()
                .any(|document| document.found(&self.findings).any(|it| it == found));
            assert!(somewhere, "nothing is there: {found:?}");
        }
    }

    /// What an object hangs on is live as well, or a warning at the object names it. When it was
    /// declared and is broken, the warning leads to where.
    fn tells_what_is_missing(&self, live: &[(&Document, Value)]) {
        let is_live = |key: &str| live.iter().any(|(document, _)| document.key() == key);
        for (document, object) in live
            .iter()
            .filter(|(it, _)| it.kinds[0] == "VirtualService")
        {
            let warned = |code: &str, word: &str| {
                let mut found = document.found(&self.findings);
                found.find(|it| it.code == code && it.message.contains(word))
            };
            let mut acts = object["spec"]["gateways"].is_null();
            for name in strings(&object["spec"]["gateways"]) {
                let (namespace, name) = name.split_once('/').unwrap_or((&document.namespace, name));
                let key = format!("Gateway {namespace}/{name}");
                acts |= name == "mesh" || is_live(&key);
                if name == "mesh" || is_live(&key) {
                    continue;
                }
                let found = warned("SL0211", &format!("{namespace}/{name}")).expect("a warning");
                let mut broken = self.documents.iter().filter(|it| it.key() == key);
                if let Some(broken) = broken.next() {
                    let place = format!("manifests/{}:{}", broken.file, broken.lines.0);
                    assert!(found.help.contains(&place), "{place}: {found:?}");
                }
            }
            for (host, subset) in destinations(object) {
                let whole = whole(&host, &document.namespace);
                let defines = |(rule, spec): &(&Document, Value)| {
                    let mut subsets = spec["spec"]["subsets"].as_array().into_iter().flatten();
                    let own = spec["spec"]["host"].as_str().unwrap_or_default();
                    rule.kinds[0] == "DestinationRule"
                        && self::whole(own, &rule.namespace) == whole
                        && subsets.any(|it| it["name"] == *subset)
                };
                if acts && !live.iter().any(defines) {
                    let word = format!("`{subset}`");
                    assert!(
                        warned("SL0205", &word).is_some(),
                        "{host} {subset}: {:?}",
                        self.findings
                    );
                }
            }
        }
    }

    /// Every workload is ready, and every host answers, but for rules that are warned about.
    /// Gives how many answer.
    fn answers(&self, live: &[(&Document, Value)]) -> usize {
        let all = |kind: &str| {
            let shown = self.up.place().json(&["get", kind, "-A", "-o", "json"]);
            shown["items"].as_array().unwrap().clone()
        };
        for workload in all("deployments") {
            let status = &workload["status"];
            assert_eq!(status["readyReplicas"], status["replicas"], "{workload}");
        }
        let client = self.up.capture("client");
        let mut answered = 0;
        for service in all("services") {
            let meta = &service["metadata"];
            let (name, namespace) = (
                meta["name"].as_str().unwrap(),
                meta["namespace"].as_str().unwrap(),
            );
            if namespace == "istio-system" {
                continue;
            }
            let host = whole(name, namespace);
            for port in service["spec"]["ports"].as_array().unwrap() {
                let url = format!("http://{host}:{}/", port["port"]);
                let status = captured(client, &url, &[]).status;
                assert!(
                    status == 200 || self.warns_of_subsets(live, &host),
                    "{url}: {status}, {:?}",
                    self.findings
                );
                answered += usize::from(status == 200);
            }
        }
        answered
    }

    /// Whether rules of a host are told to name subsets that nothing defines.
    fn warns_of_subsets(&self, live: &[(&Document, Value)], host: &str) -> bool {
        live.iter().any(|(document, object)| {
            let mut hosts = strings(&object["spec"]["hosts"]);
            hosts.any(|it| whole(it, &document.namespace) == host)
                && document.found(&self.findings).any(|it| it.code == "SL0205")
        })
    }
}

/// Whether everything of `part` is in `all`, which may say more.
fn is_within(part: &Value, all: &Value) -> bool {
    match (part, all) {
        (Value::Object(part), Value::Object(all)) => part
            .iter()
            .all(|(key, value)| all.get(key).is_some_and(|all| is_within(value, all))),
        (Value::Array(part), Value::Array(all)) => {
            part.len() == all.len() && part.iter().zip(all).all(|(part, all)| is_within(part, all))
        }
        (part, all) => part == all,
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Every destination with a subset below a value.
fn destinations(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Array(items) => items.iter().flat_map(destinations).collect(),
        Value::Object(fields) => {
            let own = [fields.get("host"), fields.get("subset")];
            let mut found: Vec<_> = fields.values().flat_map(destinations).collect();
            if let [Some(Value::String(host)), Some(Value::String(subset))] = own {
                found.push((host.clone(), subset.clone()));
            }
            found
        }
        _ => Vec::new(),
    }
}

fn whole(host: &str, namespace: &str) -> String {
    if host.contains('.') {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.svc.cluster.local")
    }
}

/// Checks a document's blocks; gives the errors as `FILE CODE LINE:COLUMN REPAIR`, and how many
/// hosts answer.
fn check(texts: impl IntoIterator<Item = String>) -> (Vec<String>, usize) {
    let pasted = Pasted::of(texts);
    pasted.tells_what_is_broken();
    let live = pasted.live();
    pasted.tells_what_is_missing(&live);
    let answered = pasted.answers(&live);
    let errors = pasted.findings.iter().filter(|found| found.is_error);
    let told = |found: &Finding| {
        let file = found.file.trim_start_matches("manifests/");
        let place = format!("{}:{}", found.line, found.column);
        format!("{file} {} {place} {}", found.code, found.help_in_a_line())
    };
    (errors.map(told).collect(), answered)
}

#[test]
fn every_block_of_every_document_is_live_or_told() {
    let expected = fs::read_to_string(path("expected.txt")).unwrap();
    let mut seen = String::new();
    for name in SEEDS {
        let (errors, answered) = check(yaml(&seed(name)).into_iter().map(|block| block.text));
        for error in &errors {
            writeln!(seen, "{name} {error}").unwrap();
        }
        writeln!(seen, "{name} {answered} answer").unwrap();
    }
    assert_eq!(seen, expected, "\n{seen}");
}

#[test]
fn a_block_is_told_as_well_when_it_is_copied_from_a_browser() {
    for name in SEEDS {
        check(yaml(&seed(name)).iter().map(Block::rendered));
    }
}

/// The text with what is told put where it is told; `None` for other advice.
fn repaired(text: &str, help: &str) -> Option<String> {
    let named = "name: repaired";
    if let Some(head) = help.strip_prefix("put before it:\n") {
        return Some(format!("{}\n{text}", head.replace("name: …", named)));
    }
    if let Some(head) = help.strip_prefix("indent it, and put before it:\n") {
        let text = format!("    {}", text.trim_end().replace('\n', "\n    "));
        return Some(format!("{}\n{text}", head.replace("name: …", named)));
    }
    let number = help.strip_prefix("put a line with `---` before line ")?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(number.parse::<usize>().unwrap() - 1, "---");
    Some(lines.join("\n") + "\n")
}

#[test]
fn what_is_told_makes_objects_of_fragments() {
    for name in SEEDS {
        let blocks = yaml(&seed(name));
        for texts in [|block: &Block| block.text.clone(), Block::rendered] {
            let before = Pasted::of(blocks.iter().map(texts));
            let repair = |(file, text): (&String, &String)| {
                let file = format!("manifests/{file}");
                let mut found = before.findings.iter().filter(|it| it.file == file);
                let repaired = found.find_map(|it| repaired(text, &it.help));
                repaired.unwrap_or_else(|| text.clone())
            };
            let after = Pasted::of(before.texts.iter().map(repair));
            let torn = ["SL0005", "SL0010", "SL0012"];
            let left = after.findings.iter().filter(|it| torn.contains(&&*it.code));
            // What is no manifest stays one.
            let left: Vec<_> = left.filter(|it| !it.help.contains("keep it out")).collect();
            assert!(left.is_empty(), "{name}: {left:?}");
        }
    }
}

#[test]
fn the_blog_repaired_as_it_is_told_answers_at_its_gateway() {
    let pasted = Pasted::of(yaml(&seed("blog")).into_iter().map(|block| block.text));
    let place = pasted.up.place();
    // The steps that the two errors of the Gateway tell.
    let gateway = pasted.texts["4.yaml"]
        .replace(
            "    hosts:\n    - \"*\"\n  - Port:",
            "  - hosts:\n    - \"*\"\n    Port:",
        )
        .replace("Port:", "port:");
    place.save("4.yaml", &gateway);
    pasted.up.tells("✓ generation 2");
    // A Gateway that comes later is told as the map tells those of the start.
    let edge = pasted.up.gateway();
    for (host, versions) in [
        ("test.myapp", ["v1", "v1", "v1", "v1"]),
        ("myapp.default.svc.cluster.local", ["v1", "v2", "v2", "v2"]),
    ] {
        let mut seen = [(); 4].map(|()| at_edge(edge, host, "/").echo("version"));
        seen.sort();
        assert_eq!(seen, versions, "{host}");
    }
}

#[test]
fn the_documents_are_those_that_people_wrote() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/seeds");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no ../shared/seeds beside the repository");
        return;
    };
    let mut theirs: Vec<String> = entries
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let mut ours: Vec<String> = SEEDS.iter().map(|name| seed(name)).collect();
    theirs.sort();
    ours.sort();
    assert!(
        ours == theirs,
        "testdata/seeds differs from {}",
        folder.display()
    );
}
