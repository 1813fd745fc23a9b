//! Workloads that no manifest makes: invented ones, and those that run already.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use serde_json::json;

use crate::manifests::{outside, service, subsets, virtual_service};
use crate::run::{Said, Up, until};
use crate::wire::{Answer, captured};

/// What a blog shows: a rule and its subsets, and nothing else.
fn reviews() -> String {
    let spec = "  hosts: [reviews]
  http:
  - match: [{headers: {end-user: {exact: jason}}}]
    route: [{destination: {host: reviews, subset: v2}}]
  - route: [{destination: {host: reviews, subset: v1}}]";
    virtual_service("default", "reviews", spec) + &subsets("default", "reviews")
}

fn call(up: &Up, url: &str, headers: &[(&str, &str)]) -> Answer {
    captured(up.capture("client"), url, headers)
}

/// The kinds of the workloads, with their names.
fn kinds(up: &Up) -> Vec<(String, String)> {
    let all = up.place().json(&["get", "workloads", "-o", "json"]);
    let text = |it: &serde_json::Value, field: &str| it[field].as_str().unwrap().to_owned();
    let all = all.as_array().unwrap().iter();
    all.map(|it| (text(it, "name"), text(it, "kind"))).collect()
}

fn assert_ok(said: &Said) {
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn rules_alone_can_be_tried() {
    let up = Up::of(&reviews());
    let shown = up.tells("Ctrl-C drains and stops");
    let line = "  invented: Service default/reviews:80 with reviews-v1 (version=v1), \
                reviews-v2 (version=v2)      --no-invent turns this off\n";
    assert!(shown.contains(line), "{shown}");
    assert!(
        shown.contains("try   sealane curl http://reviews/\n"),
        "{shown}"
    );
    let workload =
        |headers: &[(&str, &str)]| call(&up, "http://reviews/", headers).echo("workload");
    assert_eq!(workload(&[]), "reviews-v1");
    assert_eq!(workload(&[("end-user", "jason")]), "reviews-v2");
    let kind = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let expected = [
        kind("client", "simulated"),
        kind("reviews-v1", "invented"),
        kind("reviews-v2", "invented"),
    ];
    assert_eq!(kinds(&up), expected);
}

#[test]
fn what_is_declared_takes_the_place_of_what_was_invented() {
    let up = Up::of(&reviews());
    let declared = service("default", "reviews");
    assert_ok(&up.place().feed(&["apply", "-f", "-"], &declared));
    up.tells("✓ generation 2 · live");
    assert_eq!(call(&up, "http://reviews:8000/", &[]).status, 200);
    let service = up.place().json(&["get", "svc/reviews", "-o", "json"]);
    assert_eq!(service["spec"]["ports"][0]["port"], 8000);
}

#[test]
fn nothing_is_invented_for_those_who_do_not_want_it() {
    let up = Up::with(&reviews(), &["--no-invent"]);
    let shown = up.tells("Ctrl-C drains and stops");
    assert!(!shown.contains("invented"), "{shown}");
    assert_eq!(kinds(&up).len(), 1);
    assert_eq!(call(&up, "http://reviews/", &[]).status, 503);
}

/// A server of the test's own that answers with a word; its port.
fn server(word: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // It ends with the test.
    drop(thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            drop(thread::spawn(move || answer_all(stream, word)));
        }
    }));
    port
}

fn answer_all(mut stream: TcpStream, word: &str) {
    let head = BufReader::new(stream.try_clone().unwrap());
    for line in head.lines().map_while(Result::ok) {
        if line.is_empty() {
            let length = word.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{word}");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

#[test]
fn a_workload_that_runs_already_is_called() {
    let (one, two) = (server("one"), server("two"));
    let pods = format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop-v1}}
spec:
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata:
      labels: {{app: shop}}
      annotations: {{sealane.dev/endpoints: \"127.0.0.1:{one},127.0.0.1:{two}\"}}
"
    );
    let up = Up::of(&(service("default", "shop") + &pods));
    // The balancer picks at random: so many calls reach both but once in 2^63 times.
    let words: Vec<String> = (0..64)
        .map(|_| call(&up, "http://shop:8000/", &[]).body)
        .collect();
    for word in ["one", "two"] {
        assert!(words.contains(&word.to_owned()), "{words:?}");
    }
    let all = up.place().json(&["get", "workloads", "-o", "json"]);
    let shop = all
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "shop-v1");
    let shop = shop.unwrap();
    assert_eq!(shop["kind"], "external");
    assert_eq!(shop["pods"].as_array().unwrap().len(), 2);
}

#[test]
fn an_endpoint_beyond_the_mesh_is_called_for_real() {
    let up = Up::of(&outside(server("real")));
    let answer = call(&up, "http://outside.example.com:8000/", &[]);
    assert_eq!((answer.status, answer.body.as_str()), (200, "real"));
}

#[test]
fn what_controls_the_mesh_is_reached_by_nobody_in_it() {
    let up = Up::of(&service("default", "shop"));
    let admin = up.admin().port();
    let applied = up.place().feed(&["apply", "-f", "-"], &outside(admin));
    assert_ok(&applied);
    let answer = call(
        &up,
        "http://outside.example.com:8000/sealane/v1/generation",
        &[],
    );
    assert_eq!(answer.status, 503);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "sly", "labels": {"app": "shop"},
            "annotations": {"sealane.dev/endpoints": format!("127.0.0.1:{admin}")},
        },
    });
    assert_ok(&up.place().feed(&["apply", "-f", "-"], &pod.to_string()));
    let answer = until("an answer of the pod", || {
        let answer = call(&up, "http://shop:8000/sealane/v1/generation", &[]);
        (answer.status == 503).then_some(answer)
    });
    assert!(!answer.body.contains("generation"), "{answer:?}");
    up.tells("\n! what controls this mesh is no endpoint: nobody reaches it · address 127.");
    up.tells(&format!(" · socket 127.0.0.1:{admin}\n"));
}
