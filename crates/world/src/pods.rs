//! Workload objects to the pods that they make. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use sealane_model::core::pod::{Pod, PodSpec, PodStatus, PodTemplateSpec};
use sealane_model::core::workload::WorkloadSpec;
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::resource::{Body, Object, ObjectMeta, OwnerReference};

use crate::external;
use crate::implicit::{CLIENT, GATEWAY, GATEWAY_NAMESPACE};
use crate::terms::Terms;

/// The annotation that makes a pod a proxy without a workload behind it: `router`.
const PROXY: &str = "sealane.dev/proxy";
/// Istio's annotation for the same.
const TEMPLATES: &str = "inject.istio.io/templates";
/// The annotation that keeps a pod out of endpoints: `"false"`.
const READY: &str = "sealane.dev/ready";
/// Pods that one object makes, at most.
const REPLICAS: i32 = 10_000;

/// What a pod is for the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A workload, with a sidecar of its own.
    Workload,
    /// A gateway: a proxy without a workload.
    Gateway,
}

/// A pod before it has an address.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedPod {
    /// Its namespace.
    pub namespace: String,
    /// The name of the object that makes it, or its own.
    pub workload: String,
    /// Which of the workload's pods it is, from 0.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// What is wanted of it. The node is filled in.
    pub spec: PodSpec,
    /// What it declares of its state: only Pod objects do.
    pub status: Option<PodStatus>,
    /// The object that makes it; itself for a Pod.
    pub made_by: ObjectKey,
    /// What it is for the mesh.
    pub role: Role,
    /// The socket of this machine that it stands for, when something runs there already.
    pub external: Option<SocketAddr>,
    /// Whether its process does not accept connections (yet).
    pub waits: bool,
}

impl PlannedPod {
    /// Whether it may be an endpoint.
    pub fn is_ready(&self) -> bool {
        if self.waits {
            return false;
        }
        let annotation = self.annotations.get(READY);
        if annotation.is_some_and(|ready| crate::echo::boolean(ready) == Some(false)) {
            return false;
        }
        let Some(status) = &self.status else {
            return true;
        };
        if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
            return false;
        }
        let mut conditions = status.conditions.iter();
        conditions.all(|condition| condition.condition_type != "Ready") || status.is_ready()
    }

    /// The TCP ports of its containers.
    pub fn container_ports(&self) -> impl Iterator<Item = u16> + '_ {
        let ports = self.spec.containers.iter().flat_map(|c| &c.ports);
        ports
            .filter(|port| matches!(port.protocol.as_deref(), None | Some("TCP")))
            .filter_map(|port| u16::try_from(port.container_port).ok())
    }

    /// The container port of that name.
    pub fn port_named(&self, name: &str) -> Option<u16> {
        let mut ports = self.spec.containers.iter().flat_map(|c| &c.ports);
        let port = ports.find(|port| port.name.as_deref() == Some(name))?;
        u16::try_from(port.container_port).ok()
    }

    /// Whether it has all of these labels.
    pub fn has_labels(&self, selector: &BTreeMap<String, String>) -> bool {
        selector
            .iter()
            .all(|(key, value)| self.labels.get(key) == Some(value))
    }

    /// The object as the API shows it, with this address.
    pub fn object(&self, address: Option<&str>) -> Object {
        let made_by_another = self.made_by.kind != Kind::Pod;
        let owner = made_by_another.then(|| OwnerReference {
            api_version: Some(self.made_by.kind.api_version()),
            kind: Some(self.made_by.kind.to_string()),
            name: Some(self.made_by.name.clone()),
            uid: None,
            controller: Some(true),
        });
        let meta = ObjectMeta {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            owner_references: owner.into_iter().collect(),
            ..ObjectMeta::default()
        };
        Object::new(meta, self.body(address))
    }

    /// What the pod says when it has this address.
    pub fn body(&self, address: Option<&str>) -> Pod {
        let mut status = self.status.clone().unwrap_or_default();
        status.phase.get_or_insert_with(|| "Running".to_owned());
        if let Some(address) = address {
            status.pod_ip = Some(address.to_owned());
            status.pod_ips = vec![sealane_model::core::pod::PodIp {
                ip: Some(address.to_owned()),
            }];
        }
        status
            .conditions
            .retain(|condition| condition.condition_type != "Ready");
        status.conditions.push(sealane_model::core::pod::Condition {
            condition_type: "Ready".to_owned(),
            status: if self.is_ready() { "True" } else { "False" }.to_owned(),
            ..Default::default()
        });
        Pod {
            spec: self.spec.clone(),
            status: Some(status),
        }
    }
}

/// The pods of all declared objects and the implicit ones, sorted by namespace, workload and
/// index.
///
/// A Pod or `ReplicaSet` that belongs to a declared object (as in a cluster's export) is left to
/// that object; but a Pod that is called as one of its pods says which labels and annotations that
/// one has (somebody relabelled it). A workload that is called as an implicit pod replaces it.
pub fn plan(declared: &[&Object], implicit: &[Object], terms: &Terms<'_>) -> Vec<PlannedPod> {
    let makers = makers(declared);
    let (made, makes): (Vec<&Object>, Vec<&Object>) = declared
        .iter()
        .copied()
        .partition(|object| is_made(object, &makers));
    let pods = makes.into_iter().flat_map(pods_of);
    let mut pods: Vec<PlannedPod> = pods.flat_map(|pod| spread(pod, terms)).collect();
    relabel(&mut pods, &made);
    let names: BTreeSet<(String, String)> = pods
        .iter()
        .map(|pod| (pod.namespace.clone(), pod.workload.clone()))
        .collect();
    for object in implicit {
        let name = (object.meta.namespace.clone(), object.meta.name.clone());
        if !names.contains(&name) && !makers.iter().any(|maker| is_called(maker, &name)) {
            pods.extend(pods_of(object));
        }
    }
    pods.sort_by(|a, b| {
        let key = |pod: &PlannedPod| (pod.namespace.clone(), pod.workload.clone(), pod.index);
        key(a).cmp(&key(b))
    });
    // Two objects that make a pod of the same name: the first workload by name keeps it.
    let mut seen = BTreeSet::new();
    pods.retain(|pod| seen.insert((pod.namespace.clone(), pod.name.clone())));
    place(&mut pods, declared);
    pods
}

/// The pods that a planned pod becomes: one for each socket that its annotation names, whatever the
/// number of replicas. A pod that names none stays as it is, and so does one whose annotation is
/// wrong.
fn spread(pod: PlannedPod, terms: &Terms<'_>) -> Vec<PlannedPod> {
    let named = pod.annotations.get(external::ENDPOINTS);
    let named = named.filter(|_| terms.external && pod.role == Role::Workload);
    let Some(Ok(sockets)) = named.map(|text| external::sockets(text)) else {
        return vec![pod];
    };
    if pod.index > 0 {
        return Vec::new();
    }
    let mut pods = Vec::new();
    for (index, socket) in (0..).zip(sockets) {
        // The first keeps its name, which for a Pod object is the object's own.
        let name = match (index, pod.name.strip_suffix("-0")) {
            (0, _) => pod.name.clone(),
            (index, Some(stem)) if stem == pod.workload => format!("{stem}-{index}"),
            (index, _) => format!("{}-{index}", pod.name),
        };
        pods.push(PlannedPod {
            name,
            index,
            external: Some(socket),
            ..pod.clone()
        });
    }
    pods
}

/// Gives pods the labels and annotations of the Pod objects that are called as they are.
fn relabel(pods: &mut [PlannedPod], made: &[&Object]) {
    let named = |meta: &'_ ObjectMeta| (meta.namespace.clone(), meta.name.clone());
    let metas: BTreeMap<(String, String), &ObjectMeta> = made
        .iter()
        .filter(|object| object.kind() == Kind::Pod)
        .map(|object| (named(&object.meta), &object.meta))
        .collect();
    for pod in pods {
        if let Some(meta) = metas.get(&(pod.namespace.clone(), pod.name.clone())) {
            pod.labels.clone_from(&meta.labels);
            pod.annotations.clone_from(&meta.annotations);
        }
    }
}

/// The objects that make pods.
fn makers(declared: &[&Object]) -> BTreeSet<ObjectKey> {
    let makes = |object: &&&Object| template_of(&object.body).is_some();
    declared.iter().filter(makes).map(|o| o.key()).collect()
}

fn is_called(key: &ObjectKey, (namespace, name): &(String, String)) -> bool {
    key.namespace == *namespace && key.name == *name
}

fn is_made(object: &Object, makers: &BTreeSet<ObjectKey>) -> bool {
    object.meta.owner_references.iter().any(|owner| {
        let kind = owner.kind.as_deref().and_then(Kind::named);
        let (Some(kind), Some(name)) = (kind, &owner.name) else {
            return false;
        };
        let key = ObjectKey::new(kind, object.meta.namespace.clone(), name.clone());
        owner.controller == Some(true) && makers.contains(&key)
    })
}

/// What an object that makes pods wants; `None` for every other kind.
pub(crate) fn template_of(body: &Body) -> Option<&WorkloadSpec> {
    match body {
        Body::Deployment(made) => Some(&made.spec),
        Body::StatefulSet(made) => Some(&made.spec),
        Body::DaemonSet(made) => Some(&made.spec),
        Body::ReplicaSet(made) => Some(&made.spec),
        _ => None,
    }
}

fn pods_of(object: &Object) -> Vec<PlannedPod> {
    if let Body::Pod(pod) = &object.body {
        return vec![planned(
            object,
            (0, object.meta.name.clone()),
            &object.meta,
            pod.spec.clone(),
            pod.status.clone(),
        )];
    }
    let Some(spec) = template_of(&object.body) else {
        return Vec::new();
    };
    let is_daemon = object.kind() == Kind::DaemonSet;
    let replicas = spec.replicas.filter(|_| !is_daemon).unwrap_or(1);
    let count = u32::try_from(replicas.min(REPLICAS)).unwrap_or(0);
    (0..count)
        .map(|index| {
            let name = format!("{}-{index}", object.meta.name);
            let spec = pod_spec(object, spec, &spec.template, &name);
            let meta = &template_meta(object);
            planned(object, (index, name), meta, spec, None)
        })
        .collect()
}

/// The metadata of the pods that an object makes.
fn template_meta(object: &Object) -> ObjectMeta {
    template_of(&object.body)
        .map_or_else(ObjectMeta::default, |spec| spec.template.metadata.clone())
}

/// The spec of one pod; those of a StatefulSet know their host names.
fn pod_spec(
    object: &Object,
    spec: &WorkloadSpec,
    template: &PodTemplateSpec,
    name: &str,
) -> PodSpec {
    let mut out = template.spec.clone();
    if object.kind() == Kind::StatefulSet {
        out.hostname.get_or_insert_with(|| name.to_owned());
        out.subdomain = out.subdomain.or_else(|| spec.service_name.clone());
    }
    out
}

fn planned(
    object: &Object,
    (index, name): (u32, String),
    meta: &ObjectMeta,
    spec: PodSpec,
    status: Option<PodStatus>,
) -> PlannedPod {
    PlannedPod {
        namespace: object.meta.namespace.clone(),
        workload: object.meta.name.clone(),
        index,
        name,
        labels: meta.labels.clone(),
        annotations: meta.annotations.clone(),
        spec,
        status,
        made_by: object.key(),
        role: role(&meta.labels, &meta.annotations),
        external: None,
        waits: false,
    }
}

fn role(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Role {
    let label = labels.get("istio").map(String::as_str);
    let is_gateway = matches!(label, Some("ingressgateway" | "egressgateway"))
        || annotations
            .get(PROXY)
            .is_some_and(|value| value == "router")
        || annotations
            .get(TEMPLATES)
            .is_some_and(|value| value == "gateway");
    if is_gateway {
        Role::Gateway
    } else {
        Role::Workload
    }
}

/// Puts pods with a `nodeSelector` on the first node, by name, that has its labels.
fn place(pods: &mut [PlannedPod], declared: &[&Object]) {
    let mut nodes: Vec<&ObjectMeta> = declared
        .iter()
        .filter(|object| object.kind() == Kind::Node)
        .map(|object| &object.meta)
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    for pod in pods {
        let wanted = &pod.spec.node_selector;
        if wanted.is_empty() || pod.spec.node_name.is_some() {
            continue;
        }
        let fits = |node: &&&ObjectMeta| {
            wanted
                .iter()
                .all(|(key, value)| node.labels.get(key) == Some(value))
        };
        pod.spec.node_name = nodes.iter().find(fits).map(|node| node.name.clone());
    }
}

/// Whether the pod is one of those that are always there.
pub fn is_implicit(namespace: &str, workload: &str) -> bool {
    (namespace == "default" && workload == CLIENT)
        || (namespace == GATEWAY_NAMESPACE && workload == GATEWAY)
}

#[cfg(test)]
mod tests;
