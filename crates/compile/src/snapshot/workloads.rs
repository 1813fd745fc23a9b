//! Pods and WorkloadEntries: labels, place, identity and name of what stands behind an address.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::core::place::Node;
use sealane_model::core::pod::{Pod, PodStatus};
use sealane_model::networking::workload_entry::WorkloadEntry;
use sealane_model::resource::ObjectMeta;

use crate::identity::Locality;
use crate::mesh::MeshSettings;
use crate::service::Health;

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const SUBZONE: &str = "topology.istio.io/subzone";
const CLUSTER: &str = "topology.istio.io/cluster";
const NETWORK: &str = "topology.istio.io/network";
const HOSTNAME: &str = "kubernetes.io/hostname";
const LOCALITY: &str = "istio-locality";

/// Metadata and body of an object, borrowed.
#[derive(Debug)]
pub(super) struct Item<'a, T> {
    pub(super) meta: &'a ObjectMeta,
    pub(super) body: &'a T,
}

impl<T> Clone for Item<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

// Not derived: that would ask it of `T`, which is only borrowed.
impl<T> Copy for Item<'_, T> {}

/// A workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workload {
    /// The pod's (or entry's) name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its own labels.
    pub own_labels: BTreeMap<String, String>,
    /// Its own labels and those of its place.
    pub labels: Arc<BTreeMap<String, String>>,
    /// The name of the Deployment or the like that made it, else its own.
    pub made_by: String,
    /// `spiffe://…`, when it has an account.
    pub identity: Option<String>,
    /// Where it runs.
    pub locality: Locality,
    /// The node it runs on; may be empty.
    pub node: String,
    /// IP address, host name or Unix socket; empty when it has none yet.
    pub address: String,
    /// Container ports by name.
    pub ports: BTreeMap<String, u16>,
    /// Its weight as an endpoint; at least 1.
    pub weight: u32,
    /// Whether it takes requests.
    pub health: Health,
}

/// Labels of nodes, by the node's name.
pub(super) fn node_labels(nodes: &[Item<'_, Node>]) -> BTreeMap<String, BTreeMap<String, String>> {
    nodes
        .iter()
        .map(|node| (node.meta.name.clone(), node.meta.labels.clone()))
        .collect()
}

/// The workload that a pod is.
pub(super) fn of_pod(
    pod: Item<'_, Pod>,
    nodes: &BTreeMap<String, BTreeMap<String, String>>,
    mesh: &MeshSettings,
) -> Workload {
    let node = pod.body.spec.node_name.clone().unwrap_or_default();
    let none = BTreeMap::new();
    let locality = place(&pod.meta.labels, nodes.get(&node).unwrap_or(&none));
    let account = pod
        .body
        .spec
        .service_account_name
        .as_deref()
        .unwrap_or("default");
    let status = pod.body.status.as_ref();
    Workload {
        name: pod.meta.name.clone(),
        namespace: pod.meta.namespace.clone(),
        own_labels: pod.meta.labels.clone(),
        labels: Arc::new(augmented(&pod.meta.labels, &locality, &node, mesh)),
        made_by: made_by(pod.meta),
        identity: Some(spiffe(mesh, &pod.meta.namespace, account)),
        locality,
        node,
        address: status
            .and_then(|status| status.pod_ip.clone())
            .unwrap_or_default(),
        ports: container_ports(pod.body),
        weight: 1,
        health: if status.is_some_and(PodStatus::is_ready) {
            Health::Healthy
        } else {
            Health::Unhealthy
        },
    }
}

/// The workload that a WorkloadEntry is; `labels` are those of its metadata, which win.
pub(super) fn of_entry(
    name: &str,
    namespace: &str,
    labels: &BTreeMap<String, String>,
    entry: &WorkloadEntry,
    mesh: &MeshSettings,
) -> Workload {
    let mut own = entry.labels.clone();
    own.extend(
        labels
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    let locality = match entry.locality.as_deref() {
        Some(locality) if !locality.is_empty() => Locality::parse(locality),
        Some(_) | None => own
            .get(LOCALITY)
            .map(|label| Locality::parse_label(label))
            .unwrap_or_default(),
    };
    let account = entry
        .service_account
        .as_deref()
        .filter(|account| !account.is_empty());
    let ports = entry.ports.iter();
    Workload {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: Arc::new(augmented(&own, &locality, "", mesh)),
        own_labels: own,
        made_by: name.to_owned(),
        identity: account.map(|account| spiffe(mesh, namespace, account)),
        locality,
        node: String::new(),
        address: entry.address.clone().unwrap_or_default(),
        ports: ports
            .filter_map(|(name, port)| Some((name.clone(), (*port).try_into().ok()?)))
            .collect(),
        weight: entry.weight.unwrap_or_default().max(1),
        health: Health::Unknown,
    }
}

fn spiffe(mesh: &MeshSettings, namespace: &str, account: &str) -> String {
    format!("spiffe://{}/ns/{namespace}/sa/{account}", mesh.trust_domain)
}

fn place(labels: &BTreeMap<String, String>, node: &BTreeMap<String, String>) -> Locality {
    if let Some(label) = labels.get(LOCALITY).filter(|label| !label.is_empty()) {
        return Locality::parse_label(label);
    }
    let part = |key: &str| node.get(key).cloned().unwrap_or_default();
    Locality {
        region: part(REGION),
        zone: part(ZONE),
        subzone: part(SUBZONE),
    }
}

/// The labels that rules may select by: the workload's and those of its place.
pub(crate) fn augmented(
    labels: &BTreeMap<String, String>,
    locality: &Locality,
    node: &str,
    mesh: &MeshSettings,
) -> BTreeMap<String, String> {
    let mut all = labels.clone();
    let network = labels.get(NETWORK).cloned().unwrap_or_default();
    let place = [
        (REGION, locality.region.as_str()),
        (ZONE, locality.zone.as_str()),
        (SUBZONE, locality.subzone.as_str()),
        (CLUSTER, mesh.cluster_id.as_str()),
        (NETWORK, network.as_str()),
        (HOSTNAME, node),
    ];
    for (key, value) in place {
        if !value.is_empty() {
            all.insert(key.to_owned(), value.to_owned());
        }
    }
    all
}

/// The name of what made a pod: a Deployment is behind its ReplicaSet, whose name ends with the
/// hash of the pod template.
fn made_by(meta: &ObjectMeta) -> String {
    let mut owners = meta.owner_references.iter();
    let Some(owner) = owners.find(|owner| owner.controller != Some(false)) else {
        return meta.name.clone();
    };
    let Some(name) = owner.name.as_deref() else {
        return meta.name.clone();
    };
    let hash = meta.labels.get("pod-template-hash");
    match (owner.kind.as_deref(), hash) {
        (Some("ReplicaSet"), Some(hash)) => name
            .strip_suffix(&format!("-{hash}"))
            .unwrap_or(name)
            .to_owned(),
        _ => name.to_owned(),
    }
}

fn container_ports(pod: &Pod) -> BTreeMap<String, u16> {
    let containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
    let mut ports = BTreeMap::new();
    for port in containers.flat_map(|container| &container.ports) {
        let number = u16::try_from(port.container_port);
        if let (Some(name), Ok(number)) = (&port.name, number) {
            ports.entry(name.clone()).or_insert(number);
        }
    }
    ports
}
