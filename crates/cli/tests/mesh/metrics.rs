//! What Flagger and Kiali ask Prometheus, over the mesh's own metrics, for traffic that is known.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::manifests::{SHOP, behaving, deployment, gateway, service, subsets, weights};
use crate::promql::{Scrape, Window};
use crate::run::{Up, until};
use crate::wire::{Wire, at_edge, captured};

/// Seconds between two scrapes, by decree: how long the traffic took does not count.
const SECONDS: f64 = 60.0;

/// A shop of which every fourth request goes to v2; v2 takes its time, and fails twice.
fn shop() -> String {
    let annotations =
        r#"{sealane.dev/status-sequence: "500,200,500,200", sealane.dev/delay: 30ms}"#;
    [
        service("default", "shop"),
        deployment("default", ("shop", "v1"), 2),
        behaving("default", ("shop", "v2"), 1, annotations),
        subsets("default", "shop"),
        gateway(SHOP),
        weights(75, 25),
    ]
    .concat()
}

fn scrape(admin: SocketAddr) -> Scrape {
    let answer = Wire::to(admin).get("/stats/prometheus", &[("host", "localhost")]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let media_type = answer.header("content-type").unwrap();
    assert!(
        media_type.starts_with("text/plain; version=0.0.4"),
        "{media_type}"
    );
    Scrape::read(&answer.body)
}

/// Scrapes until `query` gives `wanted` of requests: a request is counted after its last byte.
fn scraped(up: &Up, before: &Scrape, (query, wanted): (&str, f64)) -> Scrape {
    until("all requests are counted", || {
        let after = scrape(up.admin());
        let window = window(before, &after);
        let counted = window
            .ask(query)
            .first()
            .map_or(0.0, |(_, rate)| rate * SECONDS);
        ((counted - wanted).abs() < 1e-6).then_some(after)
    })
}

fn window<'a>(before: &'a Scrape, after: &'a Scrape) -> Window<'a> {
    Window {
        before,
        after,
        seconds: SECONDS,
    }
}

fn near(value: f64, wanted: f64) {
    assert!((value - wanted).abs() < 1e-6, "{value}, not {wanted}");
}

/// Flagger's built-in query of the success rate, as it sends it to Prometheus.
pub(crate) fn flagger_success_rate(target: &str) -> String {
    format!(
        r#"sum(
            rate(
                istio_requests_total{{
                  reporter="destination",
                  destination_workload_namespace=~"default",
                  destination_workload=~"{target}",
                  response_code!~"5.*"
                }}[1m]
            )
        )
        /
        sum(
            rate(
                istio_requests_total{{
                  reporter="destination",
                  destination_workload_namespace=~"default",
                  destination_workload=~"{target}"
                }}[1m]
            )
        )
        * 100"#
    )
}

/// Flagger's built-in query of the duration.
fn flagger_duration(target: &str) -> String {
    format!(
        r#"histogram_quantile(
            0.99,
            sum(
                rate(
                    istio_request_duration_milliseconds_bucket{{
                      reporter="destination",
                      destination_workload_namespace=~"default",
                      destination_workload=~"{target}"
                    }}[1m]
                )
            ) by (le)
        )"#
    )
}

/// The labels that Kiali groups requests by.
const KIALI: &str = "source_cluster,source_workload_namespace,source_workload,\
    source_canonical_service,source_canonical_revision,destination_cluster,\
    destination_service_namespace,destination_service,destination_service_name,\
    destination_workload_namespace,destination_workload,destination_canonical_service,\
    destination_canonical_revision,request_protocol,response_code,grpc_response_status,\
    response_flags";

fn kiali_requests(reporter: &str, conditions: &str) -> String {
    format!(
        r#"sum(rate(istio_requests_total{{reporter="{reporter}",{conditions}}}[60s])) by ({KIALI}) > 0"#
    )
}

#[test]
fn flagger_judges_each_version_by_what_its_pods_answered() {
    let up = Up::of(&shop());
    let gateway = up.gateway();
    let all = r#"sum(rate(istio_requests_total{reporter="destination"}[1m]))"#;
    let before = scrape(up.admin());
    let mut wire = Wire::to(gateway);
    for _ in 0..40 {
        wire.get("/", &[("host", SHOP)]);
    }
    let after = scraped(&up, &before, (all, 40.0));
    let window = window(&before, &after);
    near(window.number(&flagger_success_rate("shop-v1")), 100.0);
    let of_v2 = r#"sum(rate(istio_requests_total{reporter="destination",destination_workload="shop-v2"}[1m]))"#;
    near(window.number(of_v2) * SECONDS, 10.0);
    near(window.number(&flagger_success_rate("shop-v2")), 80.0);
    // An echo that takes 30 ms is in the bucket from 25 ms on.
    let slow = window.number(&flagger_duration("shop-v2"));
    assert!(slow > 25.0, "{slow}");
    assert!(window.number(&flagger_duration("shop-v1")) > 0.0);
}

#[test]
fn kiali_sees_who_called_whom_from_both_sides() {
    let up = Up::of(&shop());
    let before = scrape(up.admin());
    for _ in 0..4 {
        at_edge(up.gateway(), SHOP, "/");
    }
    let client = up.capture("client");
    for _ in 0..3 {
        captured(client, "http://shop:8000/", &[]);
    }
    captured(client, "http://nobody.example.com/", &[]);
    let all = r#"sum(rate(istio_requests_total{reporter="source"}[1m]))"#;
    scraped(&up, &before, (all, 8.0));
    let of_shop = r#"sum(rate(istio_requests_total{reporter="destination"}[1m]))"#;
    let after = scraped(&up, &before, (of_shop, 7.0));
    let window = window(&before, &after);
    for reporter in ["source", "destination"] {
        for (source, namespace, calls) in [
            ("istio-ingressgateway", "istio-system", 4.0),
            ("client", "default", 3.0),
        ] {
            let conditions =
                format!(r#"source_workload="{source}",destination_service_name="shop""#);
            let edges = window.ask(&kiali_requests(reporter, &conditions));
            let total: f64 = edges.iter().map(|(_, rate)| rate * SECONDS).sum();
            near(total, calls);
            for (labels, _) in &edges {
                let expected = [
                    ("source_workload_namespace", namespace),
                    ("source_canonical_service", source),
                    ("source_cluster", "Kubernetes"),
                    ("destination_service", "shop.default.svc.cluster.local"),
                    ("destination_service_namespace", "default"),
                    ("destination_canonical_service", "shop"),
                    ("destination_cluster", "Kubernetes"),
                    ("request_protocol", "http"),
                    ("response_flags", "-"),
                ];
                for (name, value) in expected {
                    assert_eq!(labels[name], value, "{name} by {reporter}");
                }
                let version = &labels["destination_canonical_revision"];
                let workload = &labels["destination_workload"];
                assert_eq!(*workload, format!("shop-{version}"));
            }
        }
    }
    let unknown = kiali_requests(
        "source",
        r#"source_workload="client",destination_service_name!="shop""#,
    );
    let unknown = window.ask(&unknown);
    let [(labels, rate)] = unknown.as_slice() else {
        panic!("{unknown:?}");
    };
    near(rate * SECONDS, 1.0);
    assert_eq!(labels["destination_service_name"], "PassthroughCluster");
    assert_eq!(labels["destination_workload"], "unknown");
}

/// Prometheus' own tool, from the Debian package `prometheus`, where it is installed.
#[test]
fn prometheus_own_parser_reads_the_exposition() {
    let up = Up::of(&shop());
    at_edge(up.gateway(), SHOP, "/");
    let answer = Wire::to(up.admin()).get("/stats/prometheus", &[("host", "localhost")]);
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else {
        println!("skipped: no promtool here");
        return;
    };
    let mut stdin = tool.stdin.take().unwrap();
    stdin.write_all(answer.body.as_bytes()).unwrap();
    drop(stdin);
    let said = tool.wait_with_output().unwrap();
    // 3 is a matter of taste: Envoy's counters do not end with `_total`.
    let read = matches!(said.status.code(), Some(0 | 3));
    let complaint = String::from_utf8_lossy(&said.stderr);
    assert!(read, "{complaint}\n{}", answer.body);
}

#[test]
fn what_a_pod_counted_is_still_counted_when_it_is_gone() {
    let up = Up::of(&shop());
    for _ in 0..4 {
        at_edge(up.gateway(), SHOP, "/");
    }
    let all = r#"sum(rate(istio_requests_total{reporter="destination"}[1m]))"#;
    let nothing = Scrape::default();
    let before = scraped(&up, &nothing, (all, 4.0));
    let fewer = shop().replace("replicas: 2", "replicas: 0");
    up.place().save("mesh.yaml", &fewer);
    up.tells("generation 2 · live");
    let after = scrape(up.admin());
    // A sum that shrank would be a panic.
    near(window(&before, &after).number(all), 0.0);
}
