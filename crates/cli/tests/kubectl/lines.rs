//! The command lines of people's documents, as they stand, by a shell.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{TryRecvError, channel};
use std::thread;

use serde_json::Value;

use crate::copied::{Line, files, is_yaml, lines};
use crate::kubectl::{Kubectl, ended, example, with_each_at};
use crate::run::{Place, until};
use crate::seeds::{SEEDS, seed, yaml};
use crate::wire::{at_edge, captured};

/// A document, and where its commands run.
struct Site {
    seed: &'static str,
    /// The example that has the manifests which the document only names, and the place where it
    /// says that they are; without one its own blocks are the mesh.
    example: Option<(&'static str, &'static str)>,
    /// What stands for the words that a reader is to fill in.
    words: &'static [(&'static str, &'static str)],
}

const SITES: [Site; 4] = [
    Site {
        seed: "httpbin",
        example: None,
        words: &[],
    },
    Site {
        seed: "movie",
        example: Some(("movie", "")),
        words: &[("<pod-name>", "movie-backend-v1-0")],
    },
    Site {
        seed: "notes-app",
        example: None,
        words: &[],
    },
    Site {
        seed: "task-manager",
        example: Some(("task-manager/istio", "k8s/istio")),
        words: &[("<pod-name>", "backend-0"), ("<node-name>", "node1")],
    },
];

/// Lines that are refused, and what is said.
const REFUSED: [(&str, &str); 2] = [
    // Sealane's: a simulated pod has no container.
    (
        "kubectl exec deployment/movie-backend-v1 -c istio-proxy -- pilot-agent request GET /config_dump",
        "(MethodNotAllowed): pod movie-backend-v1-0 has no container to run a command in; \
         to call from it: sealane curl --from WORKLOAD URL",
    ),
    // kubectl's own: the document shows a form, and means the line below it.
    (
        "kubectl taint nodes node1 key=value:taint-effect",
        "invalid taint effect: taint-effect",
    ),
];

/// How the lines begin that are not for kubectl, and why they are not run.
const NOT_RUN: [(&str, &str); 18] = [
    ("./cleanup.sh", "a script that the document does not show"),
    ("./deploy.sh", "a script that the document does not show"),
    (
        "./test-traffic.sh",
        "a script that the document does not show",
    ),
    ("cd", "leads to Istio's installation"),
    ("chmod", "for a script that the document does not show"),
    ("curl -L https://istio.io", "downloads Istio"),
    ("curl http://$GATEWAY_URL", "asks port 80 of this machine"),
    ("done", "of the loop"),
    ("echo", "of the loop"),
    ("elif", "of the loop"),
    ("else", "of the loop"),
    ("export GATEWAY_URL=", "puts two words together"),
    ("export PATH=", "for Istio's installation"),
    ("fi", "of the loop"),
    ("for", "a loop that asks port 80 of this machine"),
    ("if", "of the loop"),
    ("istioctl", "installs and asks Istio itself"),
    ("open", "opens a browser"),
];

impl Site {
    /// The folder of its mesh.
    fn place(&self) -> Place {
        let place = Place::new("");
        if let Some((name, _)) = self.example {
            let top = name.split('/').next().unwrap();
            for folder in [example(top), example(name)] {
                let mut manifests = manifests(&folder);
                // The commands set what it declares.
                manifests.retain(|(name, _)| name != "namespace.yaml");
                for (name, text) in manifests {
                    place.save(&name, &text);
                }
            }
        } else {
            for (number, block) in yaml(&seed(self.seed)).into_iter().enumerate() {
                place.save(&format!("{number}.yaml"), &block.text);
            }
        }
        place
    }

    /// Puts the files there that the commands name.
    fn write_files(&self, home: &Path) {
        let mut all = files(&seed(self.seed));
        if let Some((name, to)) = self.example {
            let manifests = manifests(&example(name)).into_iter();
            all.extend(manifests.map(|(file, text)| (format!("{to}/{file}"), text)));
        }
        for (name, text) in all {
            let path = home.join(name.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// Its lines for kubectl, with all words filled in. Whoever tries them all does not clean up
    /// in the middle.
    fn lines(&self) -> Vec<Line> {
        let mut lines = lines(&seed(self.seed));
        lines.retain(|line| line.text.contains("kubectl"));
        for line in &mut lines {
            for (word, filled) in self.words {
                line.text = line.text.replace(word, filled);
            }
        }
        lines.sort_by_key(|line| verb(&line.text) == "delete");
        lines
    }
}

/// The files right in a folder, by their names.
fn manifests(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    let manifests = named.filter(|(name, _)| is_yaml(name));
    manifests
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect()
}

/// What kubectl is to do.
fn verb(line: &str) -> &str {
    let (_, words) = line.split_once("kubectl ").unwrap_or_default();
    let words = words.strip_prefix("-n istio-system ").unwrap_or(words);
    words.split_whitespace().next().unwrap_or_default()
}

fn follows(line: &str) -> bool {
    line.split_whitespace()
        .any(|word| matches!(word, "-w" | "-f"))
        && verb(line) != "apply"
        && verb(line) != "delete"
}

/// Runs a line, and checks that it does what it is for.
fn check(kubectl: &Kubectl, line: &str) {
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == line) {
        let said = ended(&mut kubectl.shell(line));
        assert_ne!(said.code, 0, "{line}: {said:?}");
        assert!(said.err.contains(reason), "{line}: {said:?}");
        return;
    }
    if follows(line) {
        return check_following(kubectl, line);
    }
    let run = |line: &str| {
        let said = ended(&mut kubectl.shell(line));
        assert_eq!(said.code, 0, "{line}: {said:?}");
        assert!(!said.out.trim().is_empty(), "{line}: {said:?}");
        said.out
    };
    if let Some((name, _)) = line
        .strip_prefix("export ")
        .and_then(|rest| rest.split_once('='))
    {
        run(&format!("{line}; echo \"${name}\""));
        return;
    }
    let all_end = |out: &str, words: &[&str]| {
        let ends = |line: &str| words.iter().any(|word| line.ends_with(word));
        assert!(out.lines().all(ends), "{line}: {out}");
    };
    match verb(line) {
        "apply" => {
            all_end(&run(line), &[" created", " configured", " unchanged"]);
            all_end(&run(line), &[" unchanged"]);
        }
        "create" => all_end(&run(line), &[" created"]),
        "delete" => {
            let out = run(line);
            assert!(
                out.lines().all(|line| line.contains("\" deleted")),
                "{line}: {out}"
            );
        }
        "label" => all_end(&run(line), &[" labeled"]),
        "taint" => all_end(&run(line), &[" tainted", " untainted"]),
        "get" | "describe" => drop(run(line)),
        other => panic!("nobody said what `kubectl {other}` is for: {line}"),
    }
}

/// Runs a line that goes on until somebody ends it, until it shows something.
fn check_following(kubectl: &Kubectl, line: &str) {
    let mut shell = kubectl.shell(&format!("exec {line}"));
    let mut follower = shell.stdout(Stdio::piped()).spawn().unwrap();
    let (shows, shown) = channel();
    let output = BufReader::new(follower.stdout.take().unwrap());
    let reading = thread::spawn(move || {
        let lines = output.lines().map_while(Result::ok);
        lines
            .map(|line| shows.send(line))
            .take_while(Result::is_ok)
            .count()
    });
    let seen = until(line, || {
        // Pods say which requests they get.
        call_all(kubectl);
        match shown.try_recv() {
            Ok(line) => Some(line),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("it ended: {line}"),
        }
    });
    assert!(!seen.trim().is_empty(), "{line}");
    follower.kill().unwrap();
    follower.wait().unwrap();
    drop(shown);
    reading.join().unwrap();
}

/// Calls every host from inside the mesh, and gives those that do not answer.
fn call_all(kubectl: &Kubectl) -> Vec<String> {
    let up = kubectl.mesh();
    let services = up.place().json(&["get", "services", "-A", "-o", "json"]);
    let client = up.capture("client");
    let mut silent = Vec::new();
    for service in services["items"].as_array().unwrap() {
        let text = |pointer: &str| service.pointer(pointer).and_then(Value::as_str).unwrap();
        let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
        if namespace == "istio-system" {
            continue;
        }
        let port = &service["spec"]["ports"][0]["port"];
        let url = format!("http://{name}.{namespace}.svc.cluster.local:{port}/");
        let answer = captured(client, &url, &[]);
        if answer.status != 200 {
            silent.push(format!("{url}: {answer:?}"));
        }
    }
    silent
}

fn runs(name: &str) {
    let site = SITES.iter().find(|site| site.seed == name).unwrap();
    with_each_at(
        || site.place(),
        |kubectl| {
            site.write_files(kubectl.home());
            let (clean_up, steps): (Vec<Line>, Vec<Line>) = site
                .lines()
                .into_iter()
                .partition(|line| verb(&line.text) == "delete");
            for line in &steps {
                check(kubectl, &line.text);
            }
            assert_eq!(call_all(kubectl), [""; 0]);
            if site.example.is_some() {
                let answer = at_edge(kubectl.mesh().gateway(), "127.0.0.1", "/");
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            for line in &clean_up {
                check(kubectl, &line.text);
            }
        },
    );
}

#[test]
fn the_lines_of_the_movie_catalogue_run() {
    runs("movie");
}

#[test]
fn the_lines_of_the_notes_run() {
    runs("notes-app");
}

#[test]
fn the_lines_of_the_task_manager_run() {
    runs("task-manager");
}

#[test]
fn the_lines_of_httpbin_run() {
    runs("httpbin");
}

#[test]
fn every_line_is_run_or_it_is_said_why_not() {
    let mut used = [false; NOT_RUN.len()];
    let mut for_kubectl = Vec::new();
    for name in SEEDS {
        for line in lines(&seed(name)) {
            if line.text.contains("kubectl") {
                assert!(
                    SITES.iter().any(|site| site.seed == name),
                    "{name}: {line:?}"
                );
                continue;
            }
            // A loop puts what it asks for into a variable.
            let text = line
                .text
                .trim_start_matches("response=$(")
                .trim_end_matches(')');
            let text = text.replace("curl -s ", "curl ");
            let known = NOT_RUN
                .iter()
                .position(|(start, _)| text.starts_with(start));
            let known = known.unwrap_or_else(|| panic!("{name}.md:{}: {}", line.at, line.text));
            used[known] = true;
        }
    }
    for site in &SITES {
        for_kubectl.extend(site.lines().into_iter().map(|line| line.text));
    }
    assert_eq!(used, [true; NOT_RUN.len()], "{NOT_RUN:?}");
    for (line, _) in REFUSED {
        assert!(for_kubectl.iter().any(|known| known == line), "{line}");
    }
}
