//! Workloads that are processes: started, served, restarted, stopped, and never from the API.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::manifests::service;
use crate::run::{Place, Up, until};
use crate::wire::{Answer, captured};

/// Between two calls.
const PACE: Duration = Duration::from_millis(5);
/// The variable that makes this test a server.
const SERVES: &str = "SEALANE_TEST_SERVES";

/// No test: what a process workload of the others runs. It tells its environment at every path but
/// `/exit`, which ends it.
#[test]
fn serves_where_it_is_told_to() {
    if env::var_os(SERVES).is_none() {
        return;
    }
    let port: u16 = env::var("PORT").unwrap().parse().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    println!("listens on {port}");
    for stream in listener.incoming().map_while(Result::ok) {
        drop(thread::spawn(move || answer_all(stream)));
    }
}

#[expect(clippy::exit, reason = "a process of the mesh may end as it likes")]
fn answer_all(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(first)) = lines.next() {
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|it| !it.is_empty()))
        {}
        if first.contains("/exit") {
            exit(3);
        }
        let text = |name: &str| env::var(name).unwrap_or_default();
        let body = json!({
            "pod": text("POD_NAME"),
            "version": text("VERSION"),
            "word": text("WORD"),
            "proxy": text("http_proxy"),
            "folder": env::current_dir().unwrap(),
            "pid": std::process::id(),
        });
        let body = body.to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// The command line that runs this test's server.
fn serving() -> String {
    let test = env::current_exe().unwrap();
    format!(
        "{SERVES}=1 exec {} --exact processes::serves_where_it_is_told_to --nocapture",
        test.display()
    )
}

/// A Deployment whose pods run a command.
fn runs(command: &str, replicas: u32) -> String {
    let command = json!(command);
    service("default", "shop")
        + &format!(
            "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop-v1}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: shop, version: v1}}}}
  template:
    metadata:
      labels: {{app: shop, version: v1}}
      annotations: {{sealane.dev/command: {command}}}
    spec:
      containers:
      - name: app
        ports: [{{containerPort: 8000, name: http}}]
        env: [{{name: WORD, value: two words}}]
"
        )
}

fn call(up: &Up, path: &str) -> Answer {
    captured(
        up.capture("client"),
        &format!("http://shop:8000{path}"),
        &[],
    )
}

fn told(up: &Up) -> Value {
    let answer = call(up, "/");
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Whether a process runs; one that only waits to be noted by its parent does not.
fn is_alive(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

fn signal(name: &str, up: &Up) {
    let pid = up.pid().to_string();
    assert!(
        Command::new("kill")
            .args([name, &pid])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn a_process_serves_its_pod_and_ends_with_the_mesh() {
    let mut up = Up::with(&runs(&serving(), 1), &["--allow-commands"]);
    up.tells("[shop-v1-0] listens on ");
    let said = told(&up);
    assert_eq!(
        (&said["pod"], &said["version"]),
        (&json!("shop-v1-0"), &json!("v1"))
    );
    assert_eq!(said["word"], "two words");
    let capture = format!("http://{}", up.capture("shop-v1"));
    assert_eq!(said["proxy"], capture);
    let folder = up.place().path("manifests").canonicalize().unwrap();
    assert_eq!(said["folder"], json!(folder));
    let log = up.run(&["logs", "deploy/shop-v1"]);
    assert!(log.out.contains("listens on "), "{log:?}");
    let all = up.place().json(&["get", "workloads", "-o", "json"]);
    assert_eq!(all[1]["kind"], "process");
    up.terminate();
    assert!(up.ended().success());
    assert!(!is_alive(said["pid"].as_u64().unwrap()));
}

#[test]
fn no_process_outlives_a_mesh_that_stops_at_once() {
    // It does not end when it is asked to, and neither does what it started.
    let stubborn = format!("trap '' TERM; {}", serving().replace("exec ", ""));
    let mut up = Up::with(
        &runs(&stubborn, 2),
        &["--allow-commands", "--drain-time", "60s"],
    );
    let pid = told(&up)["pid"].as_u64().unwrap();
    signal("-INT", &up);
    up.tells("again to stop at once");
    signal("-INT", &up);
    assert!(up.ended().success());
    until("the process ends", || (!is_alive(pid)).then_some(()));
}

#[test]
fn a_process_that_ends_leaves_the_endpoints_and_comes_back() {
    let up = Up::with(&runs(&serving(), 1), &["--allow-commands"]);
    let first = told(&up)["pid"].clone();
    // The answer is lost with the process.
    drop(thread::spawn({
        let capture = up.capture("client");
        move || captured(capture, "http://shop:8000/exit", &[])
    }));
    up.tells("! the process of pod shop-v1-0 ended: exit status: 3; it starts again in 1 s");
    up.tells("Pod default/shop-v1-0 is not ready");
    up.tells("Pod default/shop-v1-0 is ready");
    assert_ne!(told(&up)["pid"], first);
}

#[test]
fn processes_that_come_and_go_lose_no_request() {
    let flags = ["--allow-commands", "--access-log", "log"];
    let up = Up::with(&runs(&serving(), 2), &flags);
    told(&up);
    let enough = Arc::new(AtomicBool::new(false));
    let (capture, until_enough) = (up.capture("client"), Arc::clone(&enough));
    let calling = thread::spawn(move || {
        let mut statuses = Vec::new();
        while !until_enough.load(Ordering::Relaxed) {
            statuses.push(captured(capture, "http://shop:8000/", &[]).status);
            thread::sleep(PACE);
        }
        statuses
    });
    for replicas in ["1", "3", "2"] {
        let said = up.run(&["scale", "deploy/shop-v1", "--replicas", replicas]);
        assert_eq!(said.code, 0, "{said:?}");
    }
    let changed = runs(&serving(), 2).replace("two words", "changed");
    up.place().save("mesh.yaml", &changed);
    until("both processes are the new ones", || {
        // So many in a row that both of the two were asked, whatever the balancer picks.
        (0..32)
            .all(|_| told(&up)["word"] == "changed")
            .then_some(())
    });
    enough.store(true, Ordering::Relaxed);
    let statuses = calling.join().unwrap();
    let log = fs::read_to_string(up.place().path("log")).unwrap();
    let lost = log.lines().filter(|line| !line.contains("\" 200 "));
    let lost: Vec<&str> = lost.collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses.len() > 10, "{} requests", statuses.len());
}

#[test]
fn a_pod_that_is_no_process_any_more_answers_as_simulated() {
    let up = Up::with(&runs(&serving(), 1), &["--allow-commands"]);
    told(&up);
    let plain = runs(&serving(), 1).replace("sealane.dev/command", "example.com/command");
    up.place().save("mesh.yaml", &plain);
    up.tells("generation 2");
    assert_eq!(call(&up, "/").echo("pod"), "shop-v1-0");
    // There and back before the process of the first time has ended.
    up.place().save("mesh.yaml", &runs(&serving(), 1));
    up.tells("generation 3");
    assert_eq!(told(&up)["pod"], "shop-v1-0");
}

#[test]
fn a_process_that_cannot_start_is_named_and_the_others_run() {
    let place = Place::new(&runs(&serving(), 1));
    let broken = runs("echo no such luck >&2; exit 7", 1).replace("shop", "cart");
    place.save("broken.yaml", &broken);
    let up = Up::at(place, &["--allow-commands"]);
    up.tells("[cart-v1-0] no such luck");
    up.tells("the process of pod cart-v1-0 ended: exit status: 7");
    assert_eq!(told(&up)["pod"], "shop-v1-0");
    let answer = captured(up.capture("client"), "http://cart:8000/", &[]);
    assert_eq!(answer.status, 503);
}

#[test]
fn commands_run_only_where_they_are_allowed() {
    let up = Up::of(&runs(&serving(), 1));
    let shown = up.tells("Ctrl-C drains and stops");
    assert!(
        shown.contains("commands run only with --allow-commands"),
        "{shown}"
    );
    assert_eq!(call(&up, "/").echo("pod"), "shop-v1-0");
}

#[test]
fn commands_of_the_api_never_run() {
    let up = Up::with(&service("default", "shop"), &["--allow-commands"]);
    let marker = up.place().path("marker");
    let sly = runs(&format!("touch {}", marker.display()), 1);
    let said = up.place().feed(&["apply", "-f", "-"], &sly);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("SL0311"), "{said:?}");
    assert_eq!(call(&up, "/").echo("pod"), "shop-v1-0");
    // A command that a file declares, changed through the API, does not run either.
    up.place().save("mesh.yaml", &runs(&serving(), 1));
    up.tells("generation 3");
    told(&up);
    let said = up.place().feed(&["apply", "-f", "-"], &sly);
    assert!(said.err.contains("SL0311"), "{said:?}");
    assert_eq!(call(&up, "/").echo("pod"), "shop-v1-0");
    assert!(!marker.exists());
}

#[test]
fn a_process_has_the_limit_of_files_that_the_mesh_was_started_with() {
    const FILES: u32 = 200;
    let command = format!("echo files $(ulimit -S -n) $(ulimit -H -n); {}", serving());
    let place = Place::new(&runs(&command, 1));
    let up = Up::limited(place, FILES, &["--allow-commands"]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", up.pid())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    let (soft, hard) = (words[3], words[4]);
    assert_eq!(soft, hard, "the mesh has raised its own");
    assert_ne!(hard, FILES.to_string());
    up.tells(&format!("] files {FILES} {hard}\n"));
    assert_eq!(told(&up)["word"], "two words");
}
