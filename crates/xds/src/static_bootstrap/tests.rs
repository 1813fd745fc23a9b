//! What is changed and what is not, over one of istiod's own configurations.

mod stock_envoy;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::*;
use crate::named::Named;
use crate::resource::{Resource, ResourceKind};

fn golden(file: &str) -> Resources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compile/testdata/golden");
    let golden: Json =
        serde_json::from_str(&std::fs::read_to_string(root.join(file)).unwrap()).unwrap();
    let kinds = [
        ("cds", ResourceKind::Cluster),
        ("eds", ResourceKind::Endpoint),
        ("lds", ResourceKind::Listener),
        ("rds", ResourceKind::Route),
    ];
    let resources = kinds.into_iter().flat_map(|(key, kind)| {
        let list = golden[key].as_array().unwrap().clone();
        list.into_iter()
            .map(move |json| Resource::from_json(kind, &json).unwrap())
    });
    resources.collect()
}

fn loopback(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()
}

fn bootstrap(resources: &Resources) -> Json {
    let places = Places {
        admin: loopback(0),
        listener: &|listener| (listener.name == "0.0.0.0_3000").then(|| loopback(1234)),
        endpoint: &|ip, port| (ip == "127.10.0.12" && port == 3000).then(|| loopback(5678)),
    };
    to_json(resources, &places)
}

#[test]
fn a_listener_is_bound_where_the_caller_says() {
    let resources = golden("matching/uri-exact.1.client.json");
    let listeners = bootstrap(&resources)["static_resources"]["listeners"].clone();
    assert_eq!(listeners.as_array().unwrap().len(), 1);
    let mut listener = listeners[0].clone();
    assert_eq!(
        listener["address"],
        json!({"socket_address": {"address": "127.0.0.1", "port_value": 1234}})
    );
    assert_eq!(listener["bind_to_port"], true);

    // With these put back, and the routes out, it is the listener that it was.
    let before = Resource::from(resources.listeners["0.0.0.0_3000"].clone()).to_json();
    listener["address"] = before["address"].clone();
    listener["bind_to_port"] = before["bind_to_port"].clone();
    let hcm = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    let hcm_before = &before["filter_chains"][0]["filters"][0]["typed_config"];
    let routes = hcm.as_object_mut().unwrap().remove("route_config").unwrap();
    hcm["rds"] = hcm_before["rds"].clone();
    assert_eq!(listener, before);
    assert_eq!(
        routes,
        Resource::from(resources.routes["3000"].clone()).to_json()
    );
}

#[test]
fn endpoints_stand_in_their_cluster_at_the_callers_addresses() {
    let resources = golden("matching/uri-exact.1.client.json");
    let name = "outbound|3000||portal.default.svc.cluster.local";
    let bootstrap = bootstrap(&resources);
    let clusters = bootstrap["static_resources"]["clusters"]
        .as_array()
        .unwrap();
    assert_eq!(clusters.len(), resources.clusters.len());
    let cluster = clusters
        .iter()
        .find(|cluster| cluster["name"] == name)
        .unwrap();
    assert_eq!(
        (&cluster["type"], &cluster["eds_cluster_config"]),
        (&json!("STATIC"), &Json::Null)
    );
    let endpoint = &cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
    assert_eq!(
        endpoint["address"],
        json!({"socket_address": {"address": "127.0.0.1", "port_value": 5678}})
    );
    let passthrough = clusters
        .iter()
        .find(|it| it["name"] == "PassthroughCluster")
        .unwrap();
    let before = Resource::from(resources.clusters["PassthroughCluster"].clone()).to_json();
    assert_eq!(*passthrough, before);
}

#[test]
fn routes_and_endpoints_that_are_missing_are_empty() {
    let mut resources = golden("matching/uri-exact.1.client.json");
    resources.routes = Named::default();
    resources.endpoints = Named::default();
    let bootstrap = bootstrap(&resources);
    let listener = &bootstrap["static_resources"]["listeners"][0];
    let hcm = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    assert_eq!(hcm["route_config"], json!({"name": "3000"}));
    let clusters = bootstrap["static_resources"]["clusters"]
        .as_array()
        .unwrap();
    let name = "outbound|3000||portal.default.svc.cluster.local";
    let cluster = clusters
        .iter()
        .find(|cluster| cluster["name"] == name)
        .unwrap();
    assert_eq!(cluster["load_assignment"], json!({"cluster_name": name}));
}
