//! What the tests claim of this module.

use serde_json::{Value, json};

use crate::addresses::{AddressPlan, Addresses};
use crate::fixture::{deployment, objects, service};
use crate::world::World;
use sealane_model::core::endpoints::EndpointSlice;
use sealane_model::resource::Body;

fn slices(documents: &Value) -> Vec<(String, EndpointSlice)> {
    let mut addresses = Addresses::new(AddressPlan::default());
    let world = World::derive(&objects(documents), &mut addresses);
    let slices = world.objects.into_iter().filter_map(|object| {
        let name = object.meta.name.clone();
        match object.body {
            Body::EndpointSlice(slice) if !name.starts_with("istio-") => Some((name, slice)),
            _ => None,
        }
    });
    slices.collect()
}

/// `address:port ready` for every endpoint.
fn endpoints(documents: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for (_, slice) in slices(documents) {
        for endpoint in &slice.endpoints {
            let ports: Vec<_> = slice
                .ports
                .iter()
                .map(|port| port.port.unwrap().to_string())
                .collect();
            let ready = endpoint.conditions.as_ref().and_then(|c| c.ready);
            out.push(format!(
                "{}:{} {}",
                endpoint.addresses[0],
                ports.join(","),
                ready != Some(false)
            ));
        }
    }
    out
}

#[test]
fn a_selector_finds_the_pods_of_its_namespace_on_the_target_port() {
    let mut elsewhere = deployment("other", 1, &json!({"app": "a"}));
    elsewhere["metadata"]["namespace"] = json!("elsewhere");
    let documents = json!([
        deployment("a", 2, &json!({"app": "a", "version": "v1"})),
        deployment("b", 1, &json!({"app": "b"})),
        elsewhere,
        service("a", &json!({"app": "a"}), &json!(8080)),
    ]);
    assert_eq!(
        endpoints(&documents),
        ["127.10.0.11:8080 true", "127.10.0.12:8080 true"]
    );
}

#[test]
fn a_named_port_has_the_number_of_each_pod() {
    let mut other = deployment("b", 1, &json!({"app": "a"}));
    other["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(7000);
    let mut without = deployment("c", 1, &json!({"app": "a"}));
    without["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([]);
    let documents = json!([
        deployment("a", 1, &json!({"app": "a"})),
        other,
        without,
        service("s", &json!({"app": "a"}), &json!("web")),
    ]);
    let slices = slices(&documents);
    let names: Vec<&str> = slices.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["s-auto0", "s-auto1", "s-auto2"]);
    assert_eq!(
        endpoints(&documents),
        [
            "127.10.0.13: true",
            "127.10.0.12:7000 true",
            "127.10.0.11:9080 true"
        ]
    );
}

#[test]
fn a_pod_that_is_not_ready_is_an_endpoint_that_is_not_ready() {
    let mut sleepy = deployment("a", 1, &json!({"app": "a"}));
    sleepy["spec"]["template"]["metadata"]["annotations"] = json!({"sealane.dev/ready": "false"});
    let mut service = service("a", &json!({"app": "a"}), &json!(80));
    assert_eq!(
        endpoints(&json!([sleepy, service])),
        ["127.10.0.11:80 false"]
    );
    service["spec"]["publishNotReadyAddresses"] = json!(true);
    assert_eq!(
        endpoints(&json!([sleepy, service])),
        ["127.10.0.11:80 true"]
    );
}

#[test]
fn a_service_without_selector_has_the_declared_endpoints() {
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"},
        "spec": {"ports": [{"name": "http", "port": 80}]}});
    let old = json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "a"},
        "subsets": [{"addresses": [{"ip": "127.10.9.1"}],
                     "notReadyAddresses": [{"ip": "127.10.9.2"}],
                     "ports": [{"name": "http", "port": 7000}]}]});
    assert_eq!(
        endpoints(&json!([service, old])),
        ["127.10.9.1:7000 true", "127.10.9.2:7000 false"]
    );
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "mine", "labels": {"kubernetes.io/service-name": "a"}},
        "addressType": "IPv4", "ports": [{"name": "http", "port": 7000}],
        "endpoints": [{"addresses": ["127.10.9.3"]}]});
    assert_eq!(
        endpoints(&json!([service, slice])),
        ["127.10.9.3:7000 true"]
    );
}

#[test]
fn what_a_cluster_wrote_for_a_selector_is_written_anew() {
    let documents = json!([
        deployment("a", 1, &json!({"app": "a"})),
        service("a", &json!({"app": "a"}), &json!(80)),
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {
            "name": "a-x7x", "labels": {
                "kubernetes.io/service-name": "a",
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
         "addressType": "IPv4", "ports": [{"port": 80}], "endpoints": [{"addresses": ["10.1.1.1"]}]},
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "a"},
         "subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}]},
    ]);
    let found = endpoints(&documents);
    assert!(found.contains(&"127.10.0.11:80 true".to_owned()));
    let slices = slices(&documents);
    let names: Vec<&str> = slices.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a-auto0"], "the stale slice is gone");
}

#[test]
fn an_endpoint_knows_its_pod_node_and_zone() {
    let mut placed = deployment("a", 1, &json!({"app": "a"}));
    placed["spec"]["template"]["spec"]["nodeName"] = json!("n1");
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1",
        "labels": {"topology.kubernetes.io/zone": "z1"}}});
    let service = service("a", &json!({"app": "a"}), &json!(80));
    let slices = slices(&json!([placed, node, service]));
    let endpoint = &slices[0].1.endpoints[0];
    assert_eq!(endpoint.node_name.as_deref(), Some("n1"));
    assert_eq!(endpoint.zone.as_deref(), Some("z1"));
    let pod = endpoint.target_ref.as_ref().unwrap();
    assert_eq!(pod.name.as_deref(), Some("a-0"));
}

#[test]
fn a_selector_without_pods_has_a_slice_without_endpoints() {
    let documents = json!([service("a", &json!({"app": "a"}), &json!(80))]);
    let slices = slices(&documents);
    assert_eq!(slices[0].0, "a-auto0");
    assert!(slices[0].1.endpoints.is_empty());
}
