//! What the tests claim of this module.

use sealane_model::core::pod::Pod;
use serde_json::json;

use super::*;
use crate::addresses::AddressPlan;
use crate::fixture::{deployment, objects, service};

fn derive(documents: &Value, addresses: &mut Addresses) -> World {
    World::derive(&objects(documents), addresses)
}

fn address(world: &World, pod: &str) -> String {
    let pod = world.pods.iter().find(|found| found.name() == pod).unwrap();
    pod.address.to_string()
}

#[test]
fn the_order_of_the_objects_does_not_count() {
    let documents = [
        deployment("b", 2, &json!({"app": "b"})),
        service("b", &json!({"app": "b"}), &json!(80)),
        deployment("a", 1, &json!({"app": "a"})),
        service("a", &json!({"app": "a"}), &json!(80)),
    ];
    let mut reversed = documents.to_vec();
    reversed.reverse();
    let world = |documents: &[Value]| {
        let mut addresses = Addresses::new(AddressPlan::default());
        derive(&json!(documents), &mut addresses)
    };
    let (one, other) = (world(&documents), world(&reversed));
    assert_eq!(one.objects, other.objects);
    assert_eq!(one.pods, other.pods);
    assert_eq!(address(&one, "a-0"), "127.10.0.11");
    assert_eq!(address(&one, "b-1"), "127.10.0.13");
}

#[test]
fn addresses_stay_when_neighbours_come_and_go() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let b = deployment("b", 1, &json!({}));
    let svc = service("b", &json!({"app": "b"}), &json!(80));
    derive(&json!([b, svc]), &mut addresses);
    let a = deployment("a", 1, &json!({}));
    let world = derive(&json!([a, b, svc]), &mut addresses);
    assert_eq!(address(&world, "b-0"), "127.10.0.11");
    assert_eq!(address(&world, "a-0"), "127.10.0.12");
    derive(&json!([a]), &mut addresses);
    let world = derive(&json!([a, b, svc]), &mut addresses);
    assert_eq!(address(&world, "b-0"), "127.10.0.11");
    let key = ObjectKey::new(Kind::Service, "default", "b");
    let service = world.objects.iter().find(|o| o.key() == key).unwrap();
    assert_eq!(service.raw["spec"]["clusterIP"], "127.20.0.3");
    assert_eq!(service.raw["spec"]["ports"][0]["protocol"], "TCP");
}

#[test]
fn declared_addresses_stay_as_written() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let mut service = service("a", &json!({"app": "a"}), &json!(80));
    service["spec"]["clusterIP"] = json!("127.20.0.3");
    let other = self::service("0", &json!({"app": "a"}), &json!(80));
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [], "nodeName": "n"}, "status": {"podIP": "127.10.0.11"}});
    let world = derive(
        &json!([service, other, pod, deployment("d", 1, &json!({}))]),
        &mut addresses,
    );
    assert_eq!(address(&world, "p"), "127.10.0.11");
    assert_ne!(address(&world, "d-0"), "127.10.0.11");
    let vip = |name: &str| {
        let key = ObjectKey::new(Kind::Service, "default", name);
        let object = world.objects.iter().find(|o| o.key() == key).unwrap();
        object.raw["spec"]["clusterIP"].clone()
    };
    assert_eq!(vip("a"), "127.20.0.3");
    assert_eq!(vip("0"), "127.20.0.4");
}

#[test]
fn derived_objects_are_those_that_nobody_declared() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": []}});
    let world = derive(
        &json!([pod, deployment("d", 1, &json!({}))]),
        &mut addresses,
    );
    let derived: Vec<String> = world.derived.iter().map(ToString::to_string).collect();
    assert_eq!(
        derived,
        [
            "Service istio-system/istio-ingressgateway",
            "Pod default/client",
            "Pod default/d-0",
            "Pod istio-system/istio-ingressgateway",
            "EndpointSlice istio-system/istio-ingressgateway-auto0",
            "Namespace default",
            "Namespace istio-system",
        ]
    );
    let key = ObjectKey::new(Kind::Pod, "default", "p");
    let object = world.objects.iter().find(|o| o.key() == key).unwrap();
    assert_eq!(object.raw["status"]["podIP"], "127.10.0.12");
    let Body::Pod(Pod { status, .. }) = &object.body else {
        panic!("{object:?}");
    };
    assert!(status.as_ref().unwrap().is_ready());
}

#[test]
fn an_echo_serves_container_ports_and_target_ports_over_tcp() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let mut service = service("a", &json!({"app": "a"}), &json!(7070));
    service["spec"]["ports"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "dns", "port": 53, "protocol": "UDP"}));
    let labels = json!({"app": "a", "version": "v1"});
    let world = derive(
        &json!([service, deployment("a", 1, &labels)]),
        &mut addresses,
    );
    let echoes = world.echoes();
    let names: Vec<&str> = echoes.keys().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["a-0", "client"], "gateways are no echoes");
    let echo = &echoes[&("default".to_owned(), "a-0".to_owned())];
    assert_eq!(echo.ports, [7070, 9080].into());
    assert_eq!(echo.identity.version, "v1");
    assert_eq!(echo.identity.workload, "a");
}

#[test]
fn annotations_that_cannot_be_read_are_told_once_for_a_template() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let mut deployment = deployment("a", 3, &json!({}));
    deployment["spec"]["template"]["metadata"]["annotations"] =
        json!({"sealane.dev/status": "abc", "sealane.dev/command": "./server"});
    let world = derive(&json!([deployment]), &mut addresses);
    let codes: Vec<Code> = world.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::PodAnnotation, Code::PodRunsSimulated]);
    let object = world.diagnostics[0].object.as_ref().unwrap();
    assert_eq!(object.to_string(), "Deployment default/a");
}

#[test]
fn places_come_from_the_pod_or_from_its_node() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let mut on_node = deployment("b", 1, &json!({}));
    on_node["spec"]["template"]["spec"]["nodeName"] = json!("n");
    let world = derive(
        &json!([
            deployment("a", 1, &json!({"istio-locality": "r.z"})),
            on_node,
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {
                "topology.kubernetes.io/region": "r1", "topology.kubernetes.io/zone": "z1"}}},
        ]),
        &mut addresses,
    );
    let place = |name: &str| {
        &world
            .pods
            .iter()
            .find(|p| p.name() == name)
            .unwrap()
            .locality
    };
    assert_eq!(place("a-0"), "r/z");
    assert_eq!(place("b-0"), "r1/z1");
    assert_eq!(place("client"), "");
}

#[test]
fn workloads_are_sorted_and_have_their_pods() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let world = derive(&json!([deployment("b", 2, &json!({}))]), &mut addresses);
    let workloads = world.workloads();
    let shown: Vec<_> = workloads
        .iter()
        .map(|w| (w.namespace, w.name, w.pods.len(), w.kind.as_str(), w.role))
        .collect();
    assert_eq!(
        shown,
        [
            ("default", "b", 2, "simulated", Role::Workload),
            ("default", "client", 1, "simulated", Role::Workload),
            (
                "istio-system",
                "istio-ingressgateway",
                1,
                "simulated",
                Role::Gateway
            ),
        ]
    );
}

#[test]
fn a_deployment_says_how_many_of_its_pods_are_ready() {
    let mut addresses = Addresses::new(AddressPlan::default());
    let mut sleepy = deployment("b", 3, &json!({}));
    sleepy["spec"]["template"]["metadata"]["annotations"] = json!({"sealane.dev/ready": "false"});
    let documents = json!([deployment("a", 2, &json!({})), sleepy]);
    let world = derive(&documents, &mut addresses);
    let status = |name: &str| {
        let key = ObjectKey::new(Kind::Deployment, "default", name);
        let object = world.objects.iter().find(|o| o.key() == key).unwrap();
        object.raw["status"].clone()
    };
    assert_eq!(status("a")["readyReplicas"], 2);
    assert_eq!(
        (&status("b")["replicas"], &status("b")["readyReplicas"]),
        (&json!(3), &json!(0))
    );
}
