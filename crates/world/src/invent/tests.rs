//! What rules name and nothing declares, and what becomes of it.

use sealane_model::kind::Kind;
use serde_json::{Value, json};

use super::*;
use crate::addresses::{AddressPlan, Addresses};
use crate::fixture::{deployment, object, objects, service};
use crate::terms::Terms;
use crate::workloads::WorkloadKind;
use crate::world::World;

fn rule(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": name}, "spec": spec})
}

fn subsets(host: &str, subsets: &[(&str, Value)]) -> Value {
    let subsets: Vec<Value> = subsets
        .iter()
        .map(|(name, labels)| json!({"name": name, "labels": labels}))
        .collect();
    json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
        "metadata": {"name": "rule"}, "spec": {"host": host, "subsets": subsets}})
}

/// `NAMESPACE/NAME:PORTS  WORKLOAD(LABELS) …`, a line for each host.
fn check(documents: &Value, expected: &[&str]) {
    let mut declared = objects(documents);
    declared.sort_by_cached_key(Object::key);
    let declared: Vec<&Object> = declared.iter().collect();
    let shown = |host: &Invented| {
        let ports: Vec<String> = host.ports.iter().map(ToString::to_string).collect();
        let mut line = format!("{}/{}:{}", host.namespace, host.name, ports.join(","));
        if !host.service {
            line.insert_str(0, "pods of ");
        }
        for (name, labels) in &host.workloads {
            let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
            line = format!("{line} {name}({})", labels.join(","));
        }
        line
    };
    let lines: Vec<String> = invent(&declared).hosts.iter().map(shown).collect();
    assert_eq!(lines, expected, "{documents:#}");
}

fn to(host: &str) -> Value {
    json!({"http": [{"route": [{"destination": {"host": host}}]}]})
}

#[test]
fn a_host_gets_a_workload_for_each_subset_that_a_rule_defines() {
    let route = json!({"hosts": ["reviews"], "http": [{"route": [
        {"destination": {"host": "reviews", "subset": "v1"}, "weight": 90},
        {"destination": {"host": "reviews", "subset": "v3"}, "weight": 10}]}]});
    let both = [
        ("v1", json!({"version": "v1"})),
        ("v2", json!({"version": "v2"})),
    ];
    check(
        &json!([rule("reviews", &route), subsets("reviews", &both)]),
        &["default/reviews:80 reviews-v1(version=v1) reviews-v2(version=v2)"],
    );
    check(
        &json!([rule("reviews", &route)]),
        &["default/reviews:80 reviews()"],
    );
    check(
        &json!([subsets("reviews", &[])]),
        &["default/reviews:80 reviews()"],
    );
}

#[test]
fn ports_are_those_that_rules_name() {
    let route = json!({"hosts": ["a"], "http": [
        {"match": [{"port": 8000}], "route": [{"destination": {"host": "b", "port": {"number": 9080}}}],
         "mirror": {"host": "c"}, "mirrors": [{"destination": {"host": "d", "port": {"number": 1}}}]}],
        "tcp": [{"match": [{"port": 27017}], "route": [
            {"destination": {"host": "e", "port": {"number": 3306}}}]}]});
    check(
        &json!([rule("x", &route)]),
        &[
            "default/a:8000,27017 a()",
            "default/b:9080 b()",
            "default/c:80 c()",
            "default/d:1 d()",
            "default/e:3306 e()",
        ],
    );
    let declared = object(&rule("x", &route));
    let invention = invent(&[&declared]);
    let services = invention
        .objects
        .iter()
        .filter(|it| it.kind() == Kind::Service);
    let names: Vec<_> = services
        .map(|it| it.raw["spec"]["ports"][0]["name"].clone())
        .collect();
    assert_eq!(names, ["http-8000", "http", "http", "http", "tcp"]);
}

#[test]
fn only_names_of_services_are_invented() {
    for host in [
        "example.com",
        "*",
        "*.default.svc.cluster.local",
        "reviews.prod",
        "10.0.0.1",
        "localhost",
        "kubernetes.default.svc.cluster.local",
        "istio-ingressgateway.istio-system.svc.cluster.local",
        "Reviews",
    ] {
        check(&json!([rule("x", &to(host))]), &[]);
    }
    check(
        &json!([rule("x", &to("ratings.prod.svc.cluster.local"))]),
        &["prod/ratings:80 ratings()"],
    );
    let at_the_edge = json!({"hosts": ["shop"], "gateways": ["edge"],
        "http": [{"route": [{"destination": {"host": "cart"}}]}]});
    check(
        &json!([rule("x", &at_the_edge)]),
        &["default/cart:80 cart()"],
    );
}

#[test]
fn what_is_declared_is_not_invented() {
    let labels = json!({"app": "a"});
    check(
        &json!([
            rule("x", &to("a")),
            service("a", &labels, &json!(80)),
            deployment("a", 1, &labels)
        ]),
        &[],
    );
    let entry = json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"name": "e"}, "spec": {"hosts": ["a.default.svc.cluster.local"]}});
    check(&json!([rule("x", &to("a")), entry]), &[]);
}

#[test]
fn declared_pods_are_taken_for_the_subsets_that_they_fit() {
    let both = [
        ("v1", json!({"version": "v1"})),
        ("v2", json!({"version": "v2"})),
    ];
    let v1 = deployment("own", 0, &json!({"app": "a", "version": "v1"}));
    check(
        &json!([subsets("a", &both), v1]),
        &["default/a:80 a-v2(version=v2)"],
    );
}

#[test]
fn a_service_gets_pods_where_its_namespace_has_none() {
    let selector = json!({"app": "a"});
    let both = [
        ("v1", json!({"version": "v1"})),
        ("v2", json!({"version": "v2"})),
    ];
    let declared = service("a", &selector, &json!("web"));
    check(
        &json!([declared, subsets("a", &both)]),
        &["pods of default/a:80 a-v1(version=v1) a-v2(version=v2)"],
    );
    let other = deployment("other", 0, &json!({"app": "other"}));
    check(&json!([declared, subsets("a", &both), other]), &[]);
    let mut addresses = Addresses::new(AddressPlan::default());
    let terms = Terms {
        invent: true,
        ..Terms::default()
    };
    let world = World::derive_on(&terms, &objects(&json!([declared])), &mut addresses);
    let pod = world.pods.iter().find(|pod| pod.workload() == "a").unwrap();
    assert_eq!(pod.kind(), WorkloadKind::Invented);
    assert!(
        pod.ports.contains(&80),
        "the named port has a number: {:?}",
        pod.ports
    );
}

#[test]
fn a_workload_that_was_scaled_through_the_api_stays_among_the_invented_ones() {
    let both = [
        ("v1", json!({"version": "v1"})),
        ("v2", json!({"version": "v2"})),
    ];
    let declared = objects(&json!([
        service("a", &json!({"app": "a"}), &json!(80)),
        subsets("a", &both)
    ]));
    let declared: Vec<&Object> = declared.iter().rev().collect();
    let invention = invent(&declared);
    let v1 = invention
        .objects
        .iter()
        .find(|it| it.meta.name == "a-v1")
        .unwrap();
    let mut scaled = declared.clone();
    scaled.push(v1);
    scaled.sort_by_cached_key(|object| object.key());
    let again = invent(&scaled);
    let names: Vec<&str> = again
        .objects
        .iter()
        .map(|it| it.meta.name.as_str())
        .collect();
    assert_eq!(names, ["a-v2"]);
}

#[test]
fn labels_of_subsets_that_name_the_app_are_kept() {
    let both = [
        ("blue", json!({"app": "blue"})),
        ("green", json!({"app": "green"})),
    ];
    let mut addresses = Addresses::new(AddressPlan::default());
    let terms = Terms {
        invent: true,
        ..Terms::default()
    };
    let declared = objects(&json!([subsets("a", &both)]));
    let world = World::derive_on(&terms, &declared, &mut addresses);
    let slice = world
        .objects
        .iter()
        .find(|it| it.meta.name == "a-auto0")
        .unwrap();
    let Body::EndpointSlice(slice) = &slice.body else {
        panic!("{slice:?}");
    };
    assert_eq!(
        slice.endpoints.len(),
        2,
        "both are endpoints of the Service"
    );
}

#[test]
fn a_slip_is_told_with_the_name_that_was_meant() {
    let labels = json!({"app": "reviews"});
    let declared = objects(&json!([
        rule("x", &to("revews")),
        service("reviews", &labels, &json!(80)),
        deployment("reviews", 1, &labels),
    ]));
    let mut declared: Vec<&Object> = declared.iter().collect();
    declared.sort_by_cached_key(|object| object.key());
    let found = invent(&declared).diagnostics;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, Code::InventedHost);
    assert!(found[0].message.contains("did you mean `reviews`?"));
    assert_eq!(
        found[0].path.to_string(),
        "http[0].route[0].destination.host"
    );
}
