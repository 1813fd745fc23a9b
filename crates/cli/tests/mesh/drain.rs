//! The end: requests in flight finish, then the process does.

use std::net::TcpStream;

use crate::manifests::{SHOP, behaving, gateway, service, virtual_service};
use crate::run::Up;
use crate::wire::Wire;

/// A shop that takes its time to answer, at the edge.
fn slow_shop(delay: &str) -> String {
    let spec = format!(
        "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - route: [{{destination: {{host: shop}}}}]"
    );
    let annotations = format!("{{sealane.dev/delay: {delay}}}");
    [
        service("default", "shop"),
        behaving("default", ("shop", "v1"), 1, &annotations),
        gateway(SHOP),
        virtual_service("default", "shop", &spec),
    ]
    .concat()
}

/// A connection with a request that the mesh has in its hands.
fn in_flight(up: &Up) -> Wire {
    let mut wire = Wire::to(up.gateway());
    let expect = ("expect", "100-continue");
    wire.ask("/", &[("host", SHOP), expect, ("content-length", "2")]);
    // What a server lets go on, it has begun.
    assert_eq!(wire.line(), "HTTP/1.1 100 Continue");
    assert_eq!(wire.line(), "");
    wire.write(b"hi");
    wire
}

#[test]
fn a_slow_request_finishes_and_then_the_process_ends_with_0() {
    let mut up = Up::of(&slow_shop("1s"));
    let gateway = up.gateway();
    let mut wire = in_flight(&up);
    up.terminate();
    up.tells("draining");
    let answer = wire.read();
    assert_eq!((answer.status, &*answer.echo("workload")), (200, "shop-v1"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(wire.is_closed());
    assert!(up.ended().success());
    assert!(TcpStream::connect(gateway).is_err());
    let left = std::fs::read_dir(up.place().path("")).unwrap();
    let folders = left.flatten().filter(|entry| entry.path().is_dir());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap());
    let admin = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(".admin");
    let left = files.flatten().any(|entry| admin(&entry.file_name()));
    assert!(!left, "the file that says where the mesh is has stayed");
}

#[test]
fn a_request_that_outlasts_the_drain_time_does_not_hold_the_process() {
    let mut up = Up::with(&slow_shop("60s"), &["--drain-time", "100ms"]);
    let held = in_flight(&up);
    up.terminate();
    assert!(up.ended().success());
    up.tells("some requests did not finish in time");
    drop(held);
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let mut up = Up::with(&slow_shop("60s"), &["--drain-time", "60s"]);
    let held = in_flight(&up);
    up.terminate();
    up.tells("draining");
    up.terminate();
    assert!(up.ended().success());
    drop(held);
}
