//! What pods say: `sealane logs` and the API's `pods/NAME/log`.

use crate::manifests::{SHOP, shop_split};
use crate::run::Up;
use crate::wire::{Wire, at_edge, captured};

fn call(up: &Up, path: &str) {
    let url = format!("http://shop:8000{path}");
    let answer = captured(up.capture("client"), &url, &[]);
    assert_eq!(answer.status, 200);
}

#[test]
fn a_simulated_pod_tells_each_request() {
    let up = Up::of(&shop_split(90, 10));
    for path in ["/a", "/b", "/c", "/d"] {
        call(&up, path);
    }
    let both = up.run(&["logs", "-l", "app=shop"]);
    assert_eq!(both.code, 0, "{both:?}");
    assert_eq!(both.out.lines().count(), 4, "{both:?}");
    assert!(both.out.contains("[pod/shop-v1-0] GET /"), "{both:?}");
    let named = ["shop-v1-0", "pod/shop-v1-0", "deploy/shop-v1", "shop-v1"];
    let logs = named.map(|name| up.run(&["logs", name]).out);
    assert!(logs.iter().all(|log| *log == logs[0]), "{logs:?}");
    let last = up.run(&["logs", "shop-v1", "--tail", "1"]);
    assert_eq!(last.out.lines().count(), 1, "{last:?}");
    assert!(logs[0].ends_with(&last.out), "{last:?}");
}

#[test]
fn a_pod_that_is_not_there_has_no_log() {
    let up = Up::of(&shop_split(90, 10));
    let said = up.run(&["logs", "shop-v3"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("pods \"shop-v3\" not found"), "{said:?}");
    let admin = up.admin();
    let host = admin.to_string();
    let path = "/api/v1/namespaces/default/pods/shop-v9-0/log";
    let answer = Wire::to(admin).get(path, &[("host", &host)]);
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("\"kind\":\"Status\""), "{answer:?}");
    let path = "/api/v1/namespaces/default/pods/shop-v1-0/log?tailLines=-1";
    let answer = Wire::to(admin).get(path, &[("host", &host)]);
    assert_eq!(answer.status, 422);
}

#[test]
fn a_log_goes_on_for_those_who_follow() {
    let up = Up::of(&shop_split(100, 0));
    let admin = up.admin();
    let host = admin.to_string();
    let mut wire = Wire::to(admin);
    wire.ask(
        "/api/v1/namespaces/default/pods/shop-v1-0/log?follow=true",
        &[("host", &host)],
    );
    // The head comes with the first line.
    let mut seen = String::new();
    for path in ["/first", "/second"] {
        assert_eq!(at_edge(up.gateway(), SHOP, path).status, 200);
        while !seen.contains(&format!("GET {path} ")) {
            let line = wire.line();
            assert!(!line.is_empty() || seen.ends_with('\n'), "{seen}");
            seen = seen + &line + "\n";
        }
    }
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
}
