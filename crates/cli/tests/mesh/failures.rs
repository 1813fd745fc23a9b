//! Replies that a proxy makes itself: status, body and log line are Envoy's.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use crate::manifests::{SHOP, behaving, outside, service, shop_split, subsets, virtual_service};
use crate::run::{Up, logged, until};
use crate::wire::{Answer, Wire, at_edge, captured};

/// The shop, with version 1 only, and a rule for it.
fn shop(annotations: &str, rule: &str) -> String {
    let spec = format!("  hosts: [shop]\n  http:\n{rule}");
    [
        service("default", "shop"),
        behaving("default", ("shop", "v1"), 1, annotations),
        subsets("default", "shop"),
        virtual_service("default", "shop", &spec),
    ]
    .concat()
}

fn logging(yaml: &str) -> Up {
    Up::with(yaml, &["--access-log", "log"])
}

/// The outbound log line of the requests with this path, from the request line on.
fn line(up: &Up, path: &str) -> String {
    let wanted = format!("\"GET {path} HTTP/1.1\"");
    let line = logged(&up.place().path("log"), |line| {
        line.contains(&wanted) && !line.contains(" inbound|")
    });
    line.split_once("] ").unwrap().1.to_owned()
}

fn call(up: &Up, path: &str) -> Answer {
    let url = format!("http://shop:8000{path}");
    captured(up.capture("client"), &url, &[])
}

fn assert_reply(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
    assert_eq!(answer.header("server"), Some("envoy"));
}

fn assert_starts(line: &str, start: &str) {
    assert!(line.starts_with(start), "{line}");
}

#[test]
fn nc_a_subset_that_no_rule_defines() {
    let rule = "  - route: [{destination: {host: shop, subset: v3}}]";
    let up = logging(&shop("{}", rule));
    assert_reply(&call(&up, "/nc"), 503, "");
    let start = r#""GET /nc HTTP/1.1" 503 NC cluster_not_found - "-" 0 0 "#;
    let line = line(&up, "/nc");
    assert_starts(&line, start);
    assert!(line.contains(r#" "shop:8000" "-" - - "#), "{line}");
    up.tells("503 NC");
    let said = up.run(&["curl", "http://shop:8000/nc"]);
    assert!(said.out.contains("503"), "{said:?}");
    assert!(said.err.contains("# NC cluster_not_found"), "{said:?}");
}

#[test]
fn uh_a_subset_without_pods() {
    let rule = "  - route: [{destination: {host: shop, subset: v2}}]";
    let up = logging(&shop("{}", rule));
    assert_reply(&call(&up, "/uh"), 503, "no healthy upstream");
    let start = r#""GET /uh HTTP/1.1" 503 UH no_healthy_upstream - "-" 0 19 "#;
    let line = line(&up, "/uh");
    assert_starts(&line, start);
    let cluster = "outbound|8000|v2|shop.default.svc.cluster.local";
    assert!(line.contains(cluster), "{line}");
}

#[test]
fn nr_a_request_that_no_rule_takes() {
    let rule = "  - match: [{uri: {prefix: /taken}}]
    route: [{destination: {host: shop}}]";
    let up = logging(&shop("{}", rule));
    assert_eq!(call(&up, "/taken").status, 200);
    assert_reply(&call(&up, "/nr"), 404, "");
    let start = r#""GET /nr HTTP/1.1" 404 NR route_not_found - "-" 0 0 "#;
    let line = line(&up, "/nr");
    assert_starts(&line, start);
    assert!(line.contains(r#" "shop:8000" "-" - - "#), "{line}");
}

#[test]
fn uf_a_server_that_refuses() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let up = logging(&outside(port));
    let answer = captured(
        up.capture("client"),
        "http://outside.example.com:8000/uf",
        &[],
    );
    let body = "upstream connect error or disconnect/reset before headers. reset reason: remote \
                connection failure";
    assert_reply(&answer, 503, body);
    let start = "\"GET /uf HTTP/1.1\" 503 UF \
                 upstream_reset_before_response_started{remote_connection_failure|\
                 delayed_connect_error:_Connection_refused} - \
                 \"delayed_connect_error:_Connection_refused\" 0 ";
    let line = line(&up, "/uf");
    assert_starts(&line, start);
    let upstream = format!("\"127.0.0.1:{port}\" outbound|8000||outside.example.com - ");
    assert!(line.contains(&upstream), "{line}");
}

#[test]
fn ut_a_workload_that_is_slower_than_the_timeout() {
    let rule = "  - timeout: 200ms
    route: [{destination: {host: shop}}]";
    let up = logging(&shop("{sealane.dev/delay: 30s}", rule));
    assert_reply(&call(&up, "/ut"), 504, "upstream request timeout");
    let start = r#""GET /ut HTTP/1.1" 504 UT response_timeout - "-" 0 24 2"#;
    assert_starts(&line(&up, "/ut"), start);
}

#[test]
fn dc_a_caller_who_leaves_cancels_the_request_on_both_sides() {
    let rule = "  - route: [{destination: {host: shop}}]";
    let up = logging(&shop("{sealane.dev/delay: 60s}", rule));
    let log = up.place().path("log");
    // Nobody tells a caller that its request has reached the workload, so callers stay a little
    // longer each time.
    let mut stay = Duration::from_millis(20);
    let inbound = until("a request that was cancelled at the workload", || {
        let mut caller = Wire::to(up.capture("client"));
        caller.ask("http://shop:8000/dc", &[("host", "shop:8000")]);
        thread::sleep(stay);
        stay += stay;
        drop(caller);
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.lines()
            .find(|line| line.contains(" inbound|"))
            .map(str::to_owned)
    });
    let start = r#""GET /dc HTTP/1.1" 0 DC downstream_remote_disconnect - "-" 0 0 "#;
    assert_starts(inbound.split_once("] ").unwrap().1, start);
    assert_starts(&line(&up, "/dc"), start);
}

#[test]
fn fi_an_injected_abort() {
    let rule = "  - fault: {abort: {httpStatus: 418, percentage: {value: 100}}}
    route: [{destination: {host: shop}}]";
    let up = logging(&shop("{}", rule));
    assert_reply(&call(&up, "/fi"), 418, "fault filter abort");
    let start = r#""GET /fi HTTP/1.1" 418 FI fault_filter_abort - "-" 0 18 "#;
    assert_starts(&line(&up, "/fi"), start);
}

#[test]
fn the_command_for_another_host_leads_to_the_gateway() {
    let up = Up::of(&shop_split(90, 10));
    let answer = at_edge(up.gateway(), "elsewhere.example.com", "/a?b=c");
    assert_eq!(answer.status, 404);
    let shown = up.tells("try curl -H 'Host");
    let command = format!("curl -H 'Host: {SHOP}' http://{}/a?b=c\n", up.gateway());
    assert!(shown.contains(&command), "{command} in\n{shown}");
}
