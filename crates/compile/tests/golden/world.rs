//! A small world around manifests: pods, addresses and EndpointSlices as the golden files name
//! them. The real one is in the crate `world`.

use std::collections::BTreeMap;

use sealane_model::core::endpoints::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use sealane_model::core::pod::{Condition, Pod, PodSpec, PodStatus};
use sealane_model::core::service::{Service, ServicePort};
use sealane_model::core::workload::WorkloadSpec;
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::parse::{Options, SourceFile, parse_text};
use sealane_model::resource::{Body, Object, ObjectMeta, OwnerReference};
use sealane_model::schema::IntOrString;
use serde_json::Value;

const IMPLICIT: &str = r"
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  ports:
  - { name: http2, port: 80, targetPort: 8080 }
  - { name: https, port: 443, targetPort: 8443 }
  - { name: tcp, port: 31400, targetPort: 31400 }
  - { name: tls, port: 15443, targetPort: 15443 }
---
apiVersion: v1
kind: Pod
metadata:
  name: istio-ingressgateway
  namespace: istio-system
  labels: { istio: ingressgateway, app: istio-ingressgateway }
spec: { containers: [] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: default, labels: { app: client } }
spec: { containers: [] }
";

/// What is declared so far.
pub(crate) struct Declared {
    objects: BTreeMap<ObjectKey, Object>,
    blocks: u32,
}

impl Declared {
    pub(crate) fn new() -> Self {
        let mut declared = Self {
            objects: BTreeMap::new(),
            blocks: 0,
        };
        declared.apply(IMPLICIT);
        declared
    }

    /// Applies manifests over what is there. Objects without a time get that of the block.
    pub(crate) fn apply(&mut self, text: &str) {
        let parsed = parse_text(&SourceFile::new("manifests", text), &Options::default());
        for mut object in parsed.objects {
            let key = object.key();
            let old = self
                .objects
                .get(&key)
                .and_then(|o| o.meta.creation_timestamp.clone());
            let new = format!("2026-01-01T00:00:{:02}Z", self.blocks);
            let time = object.meta.creation_timestamp.take().or(old).unwrap_or(new);
            object.meta.creation_timestamp = Some(time);
            self.objects.insert(key, object);
        }
        self.blocks += 1;
    }

    /// Takes `KIND/NAME` or `KIND/NAMESPACE/NAME` away.
    pub(crate) fn delete(&mut self, line: &str) {
        let mut parts: Vec<&str> = line.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        let kind = Kind::named(parts.first().copied().unwrap_or_default()).expect("a known kind");
        let namespace = parts.get(1).copied().unwrap_or("default");
        let removed = self.objects.remove(&ObjectKey::new(kind, namespace, name));
        assert!(removed.is_some(), "nothing to delete: {line}");
    }

    /// Everything with the addresses of a golden file.
    pub(crate) fn world(&self, addresses: &Value) -> Vec<Object> {
        let address = |section: &str, meta: &ObjectMeta| {
            let key = format!("{}/{}", meta.namespace, meta.name);
            addresses[section][key].as_str().map(str::to_owned)
        };
        let mut all = Vec::new();
        let mut pods: Vec<Object> = self.objects.values().flat_map(expanded).collect();
        for pod in &mut pods {
            if let (Body::Pod(body), Some(ip)) = (&mut pod.body, address("pods", &pod.meta)) {
                body.status = Some(status(ip, &pod.meta));
                all.push(pod.clone());
            }
        }
        let pods = all.clone();
        for object in self.objects.values() {
            let mut object = object.clone();
            if object.kind() == Kind::Pod {
                continue;
            }
            if let Body::Service(service) = &mut object.body {
                service.spec.cluster_ip =
                    address("services", &object.meta).or_else(|| service.spec.cluster_ip.take());
                all.push(slice(&object.meta, service, &pods));
            }
            all.push(object);
        }
        all
    }
}

fn expanded(object: &Object) -> Vec<Object> {
    let made = |spec: &WorkloadSpec, kind: Kind| {
        let pods = 0..spec.replicas.unwrap_or(1);
        pods.map(|index| {
            let mut meta = spec.template.metadata.clone();
            meta.name = format!("{}-{index}", object.meta.name);
            meta.namespace.clone_from(&object.meta.namespace);
            meta.owner_references = vec![OwnerReference {
                kind: Some(kind.to_string()),
                name: Some(object.meta.name.clone()),
                controller: Some(true),
                ..OwnerReference::default()
            }];
            Object::new(
                meta,
                Pod {
                    spec: spec.template.spec.clone(),
                    status: None,
                },
            )
        })
        .collect()
    };
    match &object.body {
        Body::Deployment(body) => made(&body.spec, Kind::Deployment),
        Body::StatefulSet(body) => made(&body.spec, Kind::StatefulSet),
        Body::DaemonSet(body) => made(&body.spec, Kind::DaemonSet),
        Body::ReplicaSet(body) => made(&body.spec, Kind::ReplicaSet),
        Body::Pod(_) => vec![object.clone()],
        _ => Vec::new(),
    }
}

fn status(ip: String, meta: &ObjectMeta) -> PodStatus {
    let ready = meta
        .annotations
        .get("sealane.dev/ready")
        .map(String::as_str)
        != Some("false");
    PodStatus {
        pod_ip: Some(ip),
        conditions: vec![Condition {
            condition_type: "Ready".to_owned(),
            status: if ready { "True" } else { "False" }.to_owned(),
            ..Condition::default()
        }],
        ..PodStatus::default()
    }
}

fn slice(meta: &ObjectMeta, service: &Service, pods: &[Object]) -> Object {
    let selector = &service.spec.selector;
    let selected = pods.iter().filter(|pod| {
        let labels = &pod.meta.labels;
        !selector.is_empty()
            && pod.meta.namespace == meta.namespace
            && selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
    });
    let mut ports = Vec::new();
    let mut endpoints = Vec::new();
    for pod in selected {
        let Body::Pod(body) = &pod.body else { continue };
        let status = body.status.clone().unwrap_or_default();
        let ready = service.spec.publish_not_ready_addresses == Some(true) || status.is_ready();
        endpoints.push(Endpoint {
            addresses: status.pod_ip.clone().into_iter().collect(),
            conditions: Some(EndpointConditions {
                ready: Some(ready),
                serving: Some(status.is_ready()),
                terminating: Some(false),
            }),
            ..Endpoint::default()
        });
        ports = service
            .spec
            .ports
            .iter()
            .map(|port| endpoint_port(port, &body.spec))
            .collect();
    }
    let mut labels = BTreeMap::new();
    labels.insert("kubernetes.io/service-name".to_owned(), meta.name.clone());
    let meta = ObjectMeta {
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        labels,
        ..ObjectMeta::default()
    };
    Object::new(
        meta,
        EndpointSlice {
            address_type: "IPv4".to_owned(),
            endpoints,
            ports,
        },
    )
}

fn endpoint_port(port: &ServicePort, spec: &PodSpec) -> EndpointPort {
    let number = match &port.target_port {
        Some(IntOrString::Int(number)) => u32::try_from(*number).ok(),
        Some(IntOrString::String(name)) => {
            let mut ports = spec
                .containers
                .iter()
                .flat_map(|container| &container.ports);
            let found = ports.find(|port| port.name.as_ref() == Some(name));
            found.map(|port| port.container_port)
        }
        None => Some(port.port),
    };
    EndpointPort {
        name: port.name.clone(),
        port: number,
        ..EndpointPort::default()
    }
}
