//! Both sides of a hop in the access log, in Istio's text format and in JSON.

use std::fs;

use regex::Regex;
use serde_json::Value;

use crate::manifests::{deployment, service};
use crate::run::{Up, logged};
use crate::wire::captured;

/// Istio's default format, one group for each part that these tests look at.
const FORMAT: &str = r#"(?x)^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\]\ "GET\ /a\?b=1\ HTTP/1\.1"
    \ 200\ -\ via_upstream\ -\ "-"\ 0\ (\d+)\ (\d+)\ (\d+)\ "-"\ "probe/1"\ "(?<id>[-0-9a-f]{36})"
    \ "shop:8000"\ "(?<upstream>[\d.]+:8000)"\ (?<cluster>\S+)\ (?<local>[\d.]+:\d+)
    \ (?<downstream>[\d.]+:8000)\ (?<peer>[\d.]+:\d+)\ -\ default$"#;

/// The keys of Istio's JSON encoding.
const KEYS: [&str; 23] = [
    "authority",
    "bytes_received",
    "bytes_sent",
    "connection_termination_details",
    "downstream_local_address",
    "downstream_remote_address",
    "duration",
    "method",
    "path",
    "protocol",
    "request_id",
    "requested_server_name",
    "response_code",
    "response_code_details",
    "response_flags",
    "route_name",
    "start_time",
    "upstream_cluster",
    "upstream_host",
    "upstream_local_address",
    "upstream_service_time",
    "upstream_transport_failure_reason",
    "x_forwarded_for",
];

fn manifests() -> String {
    service("default", "shop") + &deployment("default", ("shop", "v1"), 1)
}

/// Calls the shop once; gives the request ID that the workload saw.
fn call(up: &Up) -> String {
    let headers = [("user-agent", "probe/1")];
    let answer = captured(up.capture("client"), "http://shop:8000/a?b=1", &headers);
    assert_eq!(answer.status, 200);
    let echo: Value = serde_json::from_str(&answer.body).unwrap();
    echo["headers"]["x-request-id"].as_str().unwrap().to_owned()
}

#[test]
fn one_request_gives_an_outbound_and_an_inbound_line_in_istios_format() {
    let up = Up::with(&manifests(), &["--access-log", "log"]);
    let id = call(&up);
    let log = up.place().path("log");
    let outbound = "outbound|8000||shop.default.svc.cluster.local";
    let format = Regex::new(FORMAT).unwrap();
    for cluster in [outbound, "inbound|8000||"] {
        let wanted = format!(" {cluster} ");
        let line = logged(&log, |line| line.contains(&wanted));
        let parts = format.captures(&line);
        let parts = parts.unwrap_or_else(|| panic!("not Istio's format: {line}"));
        assert_eq!((&parts["id"], &parts["cluster"]), (&*id, cluster));
    }
    let lines = fs::read_to_string(log).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
}

#[test]
fn without_inbound_proxies_there_is_no_inbound_line() {
    let mut up = Up::with(&manifests(), &["--access-log", "log", "--no-inbound"]);
    let id = call(&up);
    // The log is whole when the mesh has ended.
    up.terminate();
    assert!(up.ended().success());
    let lines = fs::read_to_string(up.place().path("log")).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(
        lines.contains(&id) && lines.contains(" outbound|8000||"),
        "{lines}"
    );
}

#[test]
fn the_json_encoding_has_istios_keys() {
    let up = Up::with(
        &manifests(),
        &["--access-log", "log", "--access-log-encoding", "json"],
    );
    let id = call(&up);
    let line = logged(&up.place().path("log"), |line| line.contains("outbound|"));
    let record: Value = serde_json::from_str(&line).unwrap();
    for key in KEYS {
        assert!(record.get(key).is_some(), "no {key} in {line}");
    }
    assert_eq!(record["request_id"], id);
    assert_eq!(record["response_code"], 200);
    assert_eq!(record["path"], "/a?b=1");
    assert_eq!(record["upstream_transport_failure_reason"], Value::Null);
}

#[test]
fn a_log_on_standard_output_leaves_everything_else_to_standard_error() {
    let up = Up::with(&manifests(), &["--access-log", "-"]);
    call(&up);
    up.tells(" inbound|8000||");
    up.tells(" outbound|8000||");
    let out = up.out();
    assert!(out.lines().all(|line| line.starts_with('[')), "{out}");
    assert_eq!(out.lines().count(), 2, "{out}");
}
