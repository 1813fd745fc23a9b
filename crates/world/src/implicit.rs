//! What is always there: a pod to call from, and an ingress gateway.

use std::collections::BTreeMap;

use sealane_model::core::pod::{Container, Pod, PodSpec};
use sealane_model::core::service::{Service, ServicePort, ServiceSpec};
use sealane_model::resource::{Object, ObjectMeta};
use sealane_model::schema::IntOrString;

/// The name of the pod to call from, in namespace `default`.
pub const CLIENT: &str = "client";
/// The name of the ingress gateway: its pod and its Service.
pub const GATEWAY: &str = "istio-ingressgateway";
/// The namespace of the ingress gateway.
pub const GATEWAY_NAMESPACE: &str = "istio-system";

/// Name, port and target port of the ingress gateway's Service.
const GATEWAY_PORTS: [(&str, u32, i32); 4] = [
    ("http2", 80, 8080),
    ("https", 443, 8443),
    ("tcp", 31400, 31400),
    ("tls", 15443, 15443),
];

/// The pod to call from.
pub fn client() -> Object {
    let labels = labels(&[("app", CLIENT)]);
    Object::new(meta("default", CLIENT, labels), pod(CLIENT))
}

/// The pod of the ingress gateway.
pub fn gateway_pod() -> Object {
    let meta = meta(GATEWAY_NAMESPACE, GATEWAY, gateway_labels());
    Object::new(meta, pod("istio-proxy"))
}

/// The Service of the ingress gateway.
pub fn gateway_service() -> Object {
    let ports = GATEWAY_PORTS.map(|(name, port, target)| ServicePort {
        name: Some(name.to_owned()),
        port,
        target_port: Some(IntOrString::Int(target)),
        ..ServicePort::default()
    });
    let service = Service {
        spec: ServiceSpec {
            service_type: Some("LoadBalancer".to_owned()),
            selector: gateway_labels(),
            ports: ports.to_vec(),
            ..ServiceSpec::default()
        },
    };
    Object::new(meta(GATEWAY_NAMESPACE, GATEWAY, gateway_labels()), service)
}

fn gateway_labels() -> BTreeMap<String, String> {
    labels(&[("istio", "ingressgateway"), ("app", GATEWAY)])
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn meta(namespace: &str, name: &str, labels: BTreeMap<String, String>) -> ObjectMeta {
    ObjectMeta {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels,
        ..ObjectMeta::default()
    }
}

fn pod(container: &str) -> Pod {
    let container = Container {
        name: container.to_owned(),
        ..Container::default()
    };
    Pod {
        spec: PodSpec {
            containers: vec![container],
            ..PodSpec::default()
        },
        status: None,
    }
}
