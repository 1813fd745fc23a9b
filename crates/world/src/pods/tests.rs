//! What the tests claim of this module.

use serde_json::json;

use super::Role::{Gateway, Workload};
use super::*;
use crate::fixture::{deployment, objects};
use crate::implicit;
use crate::terms::Terms;

fn plan_of(documents: &serde_json::Value) -> Vec<PlannedPod> {
    let objects = objects(documents);
    let declared: Vec<&Object> = objects.iter().collect();
    plan(
        &declared,
        &[implicit::client(), implicit::gateway_pod()],
        &Terms::default(),
    )
}

fn names(pods: &[PlannedPod]) -> Vec<String> {
    pods.iter()
        .map(|pod| format!("{}/{}", pod.namespace, pod.name))
        .collect()
}

#[test]
fn client_and_ingress_gateway_are_always_there() {
    let pods = plan_of(&json!([]));
    assert_eq!(
        names(&pods),
        ["default/client", "istio-system/istio-ingressgateway"]
    );
    assert_eq!(pods[0].role, Workload);
    assert_eq!(pods[1].role, Gateway);
}

#[test]
fn a_deployment_called_client_replaces_the_implicit_pod() {
    let pods = plan_of(&json!([deployment("client", 2, &json!({"app": "x"}))]));
    assert_eq!(
        names(&pods),
        [
            "default/client-0",
            "default/client-1",
            "istio-system/istio-ingressgateway"
        ]
    );
    // Without pods it still does.
    let pods = plan_of(&json!([deployment("client", 0, &json!({}))]));
    assert_eq!(names(&pods), ["istio-system/istio-ingressgateway"]);
}

#[test]
fn replicas_are_counted_and_sorted_by_number() {
    let pods = plan_of(&json!([deployment("a", 11, &json!({"app": "a"}))]));
    let names = names(&pods);
    assert_eq!(names[1], "default/a-1");
    assert_eq!(names[10], "default/a-10");
    assert_eq!(pods[0].labels["app"], "a");
    assert_eq!(pods[0].port_named("web"), Some(9080));
}

#[test]
fn a_pod_of_an_export_is_left_to_its_deployment() {
    let owned = |kind: &str, name: &str, owner: (&str, &str)| {
        json!({
            "apiVersion": if kind == "Pod" { "v1" } else { "apps/v1" }, "kind": kind,
            "metadata": {"name": name, "ownerReferences": [
                {"kind": owner.0, "name": owner.1, "controller": true}
            ]},
            "spec": {"template": {"metadata": {}, "spec": {"containers": []}}},
        })
    };
    let pods = plan_of(&json!([
        deployment("a", 1, &json!({})),
        owned("ReplicaSet", "a-5d", ("Deployment", "a")),
        owned("Pod", "a-5d-xyz", ("ReplicaSet", "a-5d")),
        owned("Pod", "orphan", ("ReplicaSet", "gone")),
    ]));
    assert_eq!(
        names(&pods),
        [
            "default/a-0",
            "default/client",
            "default/orphan",
            "istio-system/istio-ingressgateway"
        ]
    );
}

#[test]
fn labels_and_annotations_make_gateways() {
    let pod = |name: &str, labels: serde_json::Value, annotations: serde_json::Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []},
            "metadata": {"name": name, "labels": labels, "annotations": annotations}})
    };
    let pods = plan_of(&json!([
        pod("a", json!({"istio": "egressgateway"}), json!({})),
        pod("b", json!({}), json!({"sealane.dev/proxy": "router"})),
        pod(
            "c",
            json!({}),
            json!({"inject.istio.io/templates": "gateway"})
        ),
        pod("d", json!({"istio": "pilot"}), json!({})),
    ]));
    let roles: Vec<Role> = pods.iter().map(|pod| pod.role).take(5).collect();
    assert_eq!(roles, [Gateway, Gateway, Gateway, Workload, Workload]);
}

#[test]
fn annotation_and_conditions_say_whether_a_pod_is_ready() {
    let pod = |name: &str, annotations: serde_json::Value, status: serde_json::Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}, "status": status,
            "metadata": {"name": name, "annotations": annotations}})
    };
    let ready = |status: &str| json!({"conditions": [{"type": "Ready", "status": status}]});
    let pods = plan_of(&json!([
        pod("a", json!({}), json!({})),
        pod("b", json!({"sealane.dev/ready": "false"}), ready("True")),
        pod("c", json!({}), ready("False")),
        pod("d", json!({}), ready("True")),
        pod("e", json!({}), json!({"phase": "Succeeded"})),
    ]));
    let ready: Vec<(&str, bool)> = pods
        .iter()
        .map(|pod| (pod.name.as_str(), pod.is_ready()))
        .filter(|(name, _)| name.len() == 1)
        .collect();
    assert_eq!(
        ready,
        [
            ("a", true),
            ("b", false),
            ("c", false),
            ("d", true),
            ("e", false)
        ]
    );
}

#[test]
fn a_pod_with_a_node_selector_goes_to_the_first_node_that_fits() {
    let node = |name: &str, zone: &str| {
        json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"zone": zone}}})
    };
    let pods = plan_of(&json!([
        node("n2", "b"), node("n1", "a"), node("n3", "b"),
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
         "spec": {"containers": [], "nodeSelector": {"zone": "b"}}},
    ]));
    assert_eq!(pods[0].spec.node_name.as_deref(), Some("n2"));
}

#[test]
fn pods_of_a_stateful_set_have_host_names() {
    let pods = plan_of(&json!([
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
         "spec": {"serviceName": "db", "replicas": 2,
                  "template": {"metadata": {}, "spec": {"containers": []}}}},
    ]));
    let pod = pods.iter().find(|pod| pod.name == "db-1").unwrap();
    assert_eq!(pod.spec.hostname.as_deref(), Some("db-1"));
    assert_eq!(pod.spec.subdomain.as_deref(), Some("db"));
}
