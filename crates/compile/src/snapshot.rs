//! Everything declared, as one immutable value: indexed, sorted, with whole names.

mod delegates;
pub(crate) mod destination_rules;
mod labels;
mod service_entries;
mod services;
mod slices;
mod unmet;
mod virtual_services;
pub(crate) mod workloads;

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::core::endpoints::{EndpointSlice, Endpoints};
use sealane_model::core::place::Node;
use sealane_model::core::pod::Pod;
use sealane_model::core::secret::Secret;
use sealane_model::core::service::Service as KubeService;
use sealane_model::diagnostic::Diagnostic;
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::networking::gateway::Gateway;
use sealane_model::networking::service_entry::ServiceEntry;
use sealane_model::networking::sidecar::Sidecar;
use sealane_model::networking::virtual_service::VirtualService;
use sealane_model::networking::workload_entry::WorkloadEntry;
use sealane_model::resource::{Body, Object};
use sealane_xds::hash::ContentHash;

use crate::declared::Declared;
use crate::mesh::MeshSettings;
use crate::rule::Rules;
use crate::service::{Registry, Service};
use destination_rules::DestinationRules;
use service_entries::EntryEndpoints;
use services::{EndpointIndex, KubeEndpoints};
use slices::Slices;
use workloads::{Item, Workload};

/// Everything declared. The same objects give an equal value, whatever their order.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Settings of the mesh.
    pub mesh: MeshSettings,
    /// Which one of a running mesh this is; it does not count for equality.
    pub generation: u64,
    /// The hash of all that it was made from.
    pub hash: ContentHash,
    /// Services, the oldest first; a host with several addresses is several services.
    pub(crate) services: Vec<Arc<Service>>,
    /// One service for each host and namespace, by both.
    pub(crate) by_host: BTreeMap<String, BTreeMap<String, Arc<Service>>>,
    /// VirtualServices with their delegates merged in, the oldest first.
    pub(crate) virtual_services: Vec<Arc<Declared<Rules>>>,
    pub(crate) destination_rules: DestinationRules,
    /// Gateways, the oldest first.
    pub(crate) gateways: Vec<Arc<Declared<Gateway>>>,
    /// Sidecars: those with a selector before those without, then the oldest first.
    pub(crate) sidecars: Vec<Arc<Declared<Sidecar>>>,
    /// Secrets by namespace and name.
    pub(crate) secrets: BTreeMap<(String, String), Arc<Secret>>,
    /// Pods and the like by address.
    pub(crate) workloads: BTreeMap<String, Workload>,
    /// Whether anything may treat workloads by their labels.
    pub(crate) reads_labels: bool,
    /// What is wrong whoever asks.
    pub(crate) findings: Vec<Diagnostic>,
}

/// The objects of each kind, borrowed, in an order that does not depend on how they came.
#[derive(Default)]
struct Sorted<'a> {
    kube_services: Vec<Item<'a, KubeService>>,
    pods: Vec<Item<'a, Pod>>,
    slices: Vec<Item<'a, EndpointSlice>>,
    endpoints: Vec<Item<'a, Endpoints>>,
    nodes: Vec<Item<'a, Node>>,
    secrets: Vec<Item<'a, Secret>>,
    service_entries: Vec<Item<'a, ServiceEntry>>,
    workload_entries: Vec<Item<'a, WorkloadEntry>>,
    virtual_services: Vec<Declared<VirtualService>>,
    destination_rules: Vec<Declared<DestinationRule>>,
    gateways: Vec<Declared<Gateway>>,
    sidecars: Vec<Declared<Sidecar>>,
}

impl Snapshot {
    /// Takes objects (Services with their cluster IPs, Pods with their addresses, EndpointSlices
    /// written) and settings. Kinds that make pods are not looked at.
    pub fn new<'a>(
        resources: impl IntoIterator<Item = &'a Object>,
        mesh: MeshSettings,
        generation: u64,
    ) -> Self {
        let mut resources: Vec<&Object> = resources.into_iter().collect();
        resources.sort_by_cached_key(|resource| resource.key());
        let hash = content_hash(&resources, &mesh);
        let sorted = Sorted::new(&resources);
        let mut findings = Vec::new();
        let workloads = workloads_by_address(&sorted, &mesh);
        let services = all_services(&sorted, &workloads, &mesh);
        let virtual_services =
            virtual_services::resolve(&sorted.virtual_services, &mesh, &mut findings);
        let mut snapshot = Self {
            generation,
            hash,
            by_host: by_host(&services),
            services,
            virtual_services: virtual_services.into_iter().map(Arc::new).collect(),
            destination_rules: DestinationRules::new(&sorted.destination_rules, &mesh),
            gateways: by_age(sorted.gateways),
            sidecars: sidecars(sorted.sidecars),
            secrets: secrets(&sorted.secrets),
            workloads,
            reads_labels: labels::read(&resources, &mesh),
            findings,
            mesh,
        };
        let unmet = unmet::findings(&snapshot);
        snapshot.findings.extend(unmet);
        snapshot
    }

    /// What is wrong in the declared objects, whichever proxy asks.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.findings
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl<'a> Sorted<'a> {
    fn new(resources: &[&'a Object]) -> Self {
        let mut sorted = Self::default();
        for resource in resources {
            sorted.add(resource);
        }
        sorted
    }

    fn add(&mut self, resource: &'a Object) {
        let meta = &resource.meta;
        match &resource.body {
            Body::VirtualService(spec) => {
                self.virtual_services
                    .push(Declared::new(resource, spec.clone()));
            }
            Body::DestinationRule(spec) => {
                self.destination_rules
                    .push(Declared::new(resource, spec.clone()));
            }
            Body::Gateway(spec) => self.gateways.push(Declared::new(resource, spec.clone())),
            Body::Sidecar(spec) => self.sidecars.push(Declared::new(resource, spec.clone())),
            Body::ServiceEntry(body) => self.service_entries.push(Item { meta, body }),
            Body::WorkloadEntry(body) => self.workload_entries.push(Item { meta, body }),
            Body::Service(body) => self.kube_services.push(Item { meta, body }),
            Body::Pod(body) => self.pods.push(Item { meta, body }),
            Body::EndpointSlice(body) => self.slices.push(Item { meta, body }),
            Body::Endpoints(body) => self.endpoints.push(Item { meta, body }),
            Body::Node(body) => self.nodes.push(Item { meta, body }),
            Body::Secret(body) => self.secrets.push(Item { meta, body }),
            Body::Deployment(_)
            | Body::StatefulSet(_)
            | Body::DaemonSet(_)
            | Body::ReplicaSet(_)
            | Body::Namespace(_) => {}
        }
    }
}

fn secrets(items: &[Item<'_, Secret>]) -> BTreeMap<(String, String), Arc<Secret>> {
    let named = items.iter().map(|item| {
        let name = (item.meta.namespace.clone(), item.meta.name.clone());
        (name, Arc::new(item.body.clone()))
    });
    named.collect()
}

fn workloads_by_address(sorted: &Sorted<'_>, mesh: &MeshSettings) -> BTreeMap<String, Workload> {
    let nodes = workloads::node_labels(&sorted.nodes);
    let pods = sorted
        .pods
        .iter()
        .map(|pod| workloads::of_pod(*pod, &nodes, mesh));
    pods.filter(|pod| !pod.address.is_empty())
        .map(|pod| (pod.address.clone(), pod))
        .collect()
}

fn all_services(
    sorted: &Sorted<'_>,
    workloads: &BTreeMap<String, Workload>,
    mesh: &MeshSettings,
) -> Vec<Arc<Service>> {
    let entries: Vec<(Workload, &WorkloadEntry)> = sorted
        .workload_entries
        .iter()
        .map(|item| {
            let meta = item.meta;
            let entry = item.body;
            let workload =
                workloads::of_entry(&meta.name, &meta.namespace, &meta.labels, entry, mesh);
            (workload, entry)
        })
        .collect();
    let slices = Slices::new(&sorted.slices, &sorted.endpoints);
    let mut index = EndpointIndex::new();
    let mut all = Vec::new();
    for item in &sorted.kube_services {
        let service = services::of_kube(*item, mesh);
        let found = KubeEndpoints {
            slices: &slices,
            workloads,
            entries: &entries,
        };
        services::add_kube_endpoints(&mut index, &service, found);
        all.push(service);
    }
    for item in &sorted.service_entries {
        let found = EntryEndpoints {
            workloads,
            entries: &entries,
            mesh,
        };
        service_entries::add_endpoints(&mut index, *item, found);
        all.extend(service_entries::of_entry(*item, mesh));
    }
    services::sort(&mut all);
    services::resolve_aliases(&mut all);
    let index: BTreeMap<_, _> = index
        .into_iter()
        .map(|(key, endpoints)| (key, Arc::new(endpoints)))
        .collect();
    for service in &mut all {
        let key = (service.host.clone(), service.namespace.clone());
        service.endpoints = index.get(&key).cloned().unwrap_or_default();
    }
    all.into_iter().map(Arc::new).collect()
}

fn by_host(services: &[Arc<Service>]) -> BTreeMap<String, BTreeMap<String, Arc<Service>>> {
    let mut all: BTreeMap<String, BTreeMap<String, Arc<Service>>> = BTreeMap::new();
    for service in services {
        let namespaces = all.entry(service.host.clone()).or_default();
        let better = namespaces.get(&service.namespace).is_none_or(|existing| {
            existing.registry != Registry::Kubernetes && service.registry == Registry::Kubernetes
        });
        if better {
            namespaces.insert(service.namespace.clone(), service.clone());
        }
    }
    all
}

fn by_age<T>(mut declared: Vec<Declared<T>>) -> Vec<Arc<Declared<T>>> {
    declared.sort_by(|a, b| a.age().cmp(&b.age()));
    declared.into_iter().map(Arc::new).collect()
}

fn sidecars(mut declared: Vec<Declared<Sidecar>>) -> Vec<Arc<Declared<Sidecar>>> {
    declared.sort_by(|a, b| {
        let without = |sidecar: &Declared<Sidecar>| sidecar.spec.workload_selector.is_none();
        without(a)
            .cmp(&without(b))
            .then_with(|| a.age().cmp(&b.age()))
    });
    declared.into_iter().map(Arc::new).collect()
}

/// The hash of what objects say: comments, statuses and the places in files do not count.
fn content_hash(resources: &[&Object], mesh: &MeshSettings) -> ContentHash {
    let mut text = format!("{mesh:?}");
    for resource in resources {
        let meta = &resource.meta;
        let parts = [
            resource.key().to_string(),
            format!("{:?}", (&meta.labels, &meta.annotations)),
            format!("{:?}", (&meta.creation_timestamp, &meta.owner_references)),
            resource.body.encode().to_string(),
        ];
        text.push('\n');
        text.push_str(&parts.join("\n"));
    }
    ContentHash::of(text.as_bytes())
}
