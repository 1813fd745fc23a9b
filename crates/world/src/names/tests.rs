//! What the tests claim of this module.

use serde_json::{Value, json};

use super::Answer;
use crate::addresses::{AddressPlan, Addresses};
use crate::fixture::{deployment, objects, service};
use crate::world::World;

fn world(documents: &Value) -> World {
    let mut addresses = Addresses::new(AddressPlan::default());
    World::derive(&objects(documents), &mut addresses)
}

/// The addresses of the answer, or what there was instead.
fn ask(world: &World, host: &str, namespace: &str) -> String {
    match world.names.resolve(host, namespace) {
        Answer::Addresses(addresses) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            addresses.join(" ")
        }
        Answer::NoAddress => "no address".to_owned(),
        Answer::Unknown(host) => format!("unknown {host}"),
    }
}

#[test]
fn all_forms_of_a_service_name_mean_its_address() {
    let world = world(&json!([service(
        "reviews",
        &json!({"app": "r"}),
        &json!(80)
    )]));
    for host in [
        "reviews",
        "Reviews",
        "reviews.default",
        "reviews.default.svc",
        "reviews.default.svc.cluster.local",
        "reviews.default.svc.cluster.local.",
    ] {
        assert_eq!(ask(&world, host, "default"), "127.20.0.3", "{host}");
    }
    assert_eq!(ask(&world, "reviews.default", "other"), "127.20.0.3");
    assert_eq!(ask(&world, "reviews", "other"), "unknown reviews");
    assert_eq!(ask(&world, "reviews.", "default"), "unknown reviews");
    assert_eq!(ask(&world, "127.0.0.1", "default"), "127.0.0.1");
}

#[test]
fn a_headless_service_means_its_ready_pods() {
    let mut headless = service("db", &json!({"app": "db"}), &json!(80));
    headless["spec"]["clusterIP"] = json!("None");
    let pods = deployment("db", 2, &json!({"app": "db"}));
    let world = world(&json!([headless, pods]));
    assert_eq!(ask(&world, "db", "default"), "127.10.0.11 127.10.0.12");
    assert_eq!(ask(&world, "db-1.db", "default"), "127.10.0.12");
    assert_eq!(ask(&world, "db-7.db", "default"), "unknown db-7.db");
    let empty = self::world(&json!([headless]));
    assert_eq!(ask(&empty, "db", "default"), "no address");
}

#[test]
fn an_external_name_is_followed_but_not_for_ever() {
    let alias = |name: &str, host: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"type": "ExternalName", "externalName": host}})
    };
    let world = world(&json!([
        alias("a", "b.default.svc.cluster.local"),
        alias("out", "Example.com"),
        alias("loop", "loop.default.svc.cluster.local"),
        service("b", &json!({"app": "b"}), &json!(80)),
    ]));
    assert_eq!(ask(&world, "a", "default"), "127.20.0.3");
    assert_eq!(ask(&world, "out", "default"), "unknown example.com");
    assert_eq!(ask(&world, "loop", "default"), "no address");
}

#[test]
fn hosts_of_service_entries_mean_their_addresses() {
    let entry = |name: &str, host: &str, addresses: Value| {
        json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": {"name": name}, "spec": {"hosts": [host], "addresses": addresses,
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}]}})
    };
    let world = world(&json!([
        entry("a", "api.example.com", json!(["240.1.1.0/24", "240.1.1.1"])),
        entry("b", "*.wild.com", json!(["240.1.1.2"])),
        entry("c", "none.example.com", json!([])),
    ]));
    assert_eq!(ask(&world, "api.example.com", "default"), "240.1.1.1");
    assert_eq!(ask(&world, "x.wild.com", "default"), "240.1.1.2");
    assert_eq!(ask(&world, "wild.com", "default"), "unknown wild.com");
    let none = ask(&world, "none.example.com", "default");
    assert_eq!(none, "unknown none.example.com");
}
