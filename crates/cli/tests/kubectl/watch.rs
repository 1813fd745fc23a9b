//! `kubectl get -w`: rows come while things change.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::kubectl::{data, with_each};

#[test]
fn pods_that_come_are_shown_as_they_come() {
    with_each(|kubectl| {
        kubectl.ok(&format!("apply -f {}", data("web.yaml")));
        let mut watch = kubectl
            .command(&["get", "pods", "-l", "app=web", "-w"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        assert!(next().starts_with("NAME "));
        assert!(next().starts_with("web-0 "));
        assert!(next().starts_with("web-1 "));
        kubectl.ok("scale deploy/web --replicas=3");
        let line = next();
        assert!(line.starts_with("web-2 "), "{line}");
        watch.kill().unwrap();
        watch.wait().unwrap();
    });
}
