//! Kubernetes Services and ServiceEntries as services, with their endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::core::service::{Service as KubeService, ServicePort as KubePort};
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::networking::workload_entry::WorkloadEntry;
use sealane_model::resource::ObjectMeta;
use sealane_model::schema::IntOrString;

use crate::created::Created;
use crate::host;
use crate::mesh::MeshSettings;
use crate::protocol::Protocol;
use crate::service::{
    Endpoint, EndpointsByPort, ExportTo, NO_ADDRESS, Port, Registry, Resolution, Service, Target,
    TrafficDistribution,
};
use crate::snapshot::slices::{SliceInput, Slices};
use crate::snapshot::workloads::{Item, Workload};

const EXPORT_TO: &str = "networking.istio.io/exportTo";
const DISTRIBUTION: &str = "networking.istio.io/traffic-distribution";

/// Endpoints by host and namespace; several objects may add to one.
pub(super) type EndpointIndex = BTreeMap<(String, String), EndpointsByPort>;

/// The service that a Kubernetes Service is, without endpoints.
pub(super) fn of_kube(item: Item<'_, KubeService>, mesh: &MeshSettings) -> Service {
    let (meta, spec) = (item.meta, &item.body.spec);
    let external = spec.external_name.clone().filter(|name| !name.is_empty());
    let external_name = external.filter(|_| spec.is_external_name());
    let resolution = if spec.is_headless() {
        Resolution::Passthrough
    } else if external_name.is_some() {
        Resolution::Alias
    } else {
        Resolution::Static
    };
    let exported = meta
        .annotations
        .get(EXPORT_TO)
        .map(String::as_str)
        .unwrap_or_default();
    let exported: Vec<&str> = exported
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    Service {
        host: host::service(&meta.name, &meta.namespace, &mesh.domain_suffix),
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        registry: Registry::Kubernetes,
        object: ObjectKey::new(Kind::Service, &meta.namespace, &meta.name),
        created: Created::new(meta.creation_timestamp.as_deref()),
        ports: spec.ports.iter().filter_map(kube_port).collect(),
        targets: spec.ports.iter().filter_map(kube_target).collect(),
        resolution,
        mesh_external: false,
        addresses: kube_addresses(item.body),
        aliases: Vec::new(),
        external_name,
        export_to: ExportTo::new(&exported, &mesh.default_service_export_to, &meta.namespace),
        labels: meta.labels.clone(),
        selector: spec.selector.clone(),
        port_overrides: BTreeMap::new(),
        subject_alt_names: Vec::new(),
        node_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
        distribution: distribution(spec.traffic_distribution.as_deref(), meta),
        endpoints: Arc::default(),
    }
}

fn kube_port(port: &KubePort) -> Option<Port> {
    let number = u16::try_from(port.port).ok()?;
    let name = port.name.clone().unwrap_or_default();
    let transport = port.protocol.as_deref().unwrap_or("TCP");
    let app = port.app_protocol.as_deref();
    let protocol = Protocol::of_service_port(number, &name, transport, app);
    Some(Port {
        name,
        number,
        protocol,
    })
}

fn kube_target(port: &KubePort) -> Option<(u16, Target)> {
    let number = u16::try_from(port.port).ok()?;
    let target = match &port.target_port {
        Some(IntOrString::Int(target)) if *target > 0 => {
            Target::Number(u16::try_from(*target).ok()?)
        }
        Some(IntOrString::String(name)) => Target::Name(name.clone()),
        Some(IntOrString::Int(_)) | None => Target::Number(number),
    };
    Some((number, target))
}

fn kube_addresses(service: &KubeService) -> Vec<String> {
    let spec = &service.spec;
    let all = spec.cluster_ips.iter().chain(&spec.cluster_ip);
    let mut addresses: Vec<String> = Vec::new();
    for address in all.filter(|address| !address.is_empty() && address.as_str() != "None") {
        if !addresses.contains(address) {
            addresses.push(address.clone());
        }
    }
    if addresses.is_empty() || spec.is_headless() {
        return vec![NO_ADDRESS.to_owned()];
    }
    addresses
}

pub(super) fn distribution(spec: Option<&str>, meta: &ObjectMeta) -> TrafficDistribution {
    let annotation = meta.annotations.get(DISTRIBUTION).map(String::as_str);
    match spec.or(annotation) {
        Some("PreferClose" | "PreferSameZone") => TrafficDistribution::PreferSameZone,
        Some("PreferSameNode") => TrafficDistribution::PreferSameNode,
        Some(_) | None => TrafficDistribution::Any,
    }
}

/// What the endpoints of Kubernetes Services are found in.
#[derive(Debug, Clone, Copy)]
pub(super) struct KubeEndpoints<'a> {
    pub(super) slices: &'a Slices<'a>,
    pub(super) workloads: &'a BTreeMap<String, Workload>,
    pub(super) entries: &'a [(Workload, &'a WorkloadEntry)],
}

/// Adds the endpoints of a Kubernetes Service: those of its slices, and WorkloadEntries of its
/// namespace that its selector matches.
pub(super) fn add_kube_endpoints(
    index: &mut EndpointIndex,
    service: &Service,
    found: KubeEndpoints<'_>,
) {
    let mut endpoints = found.slices.endpoints(SliceInput {
        namespace: &service.namespace,
        name: &service.name,
        ports: &service.ports,
        keeps_sessions: service.keeps_sessions(),
        workloads: found.workloads,
    });
    if !service.selector.is_empty() {
        for (workload, _) in found.entries {
            let here = workload.namespace == service.namespace;
            if here && crate::identity::is_subset(&service.selector, &workload.own_labels) {
                add_entry(&mut endpoints, service, workload);
            }
        }
    }
    let key = (service.host.clone(), service.namespace.clone());
    merge(index.entry(key).or_default(), endpoints);
}

fn add_entry(endpoints: &mut EndpointsByPort, service: &Service, workload: &Workload) {
    for port in &service.ports {
        let named = |name: &str| workload.ports.get(name).copied();
        let number = match service.targets.get(&port.number) {
            // A workload without the port that the Service names is none of its endpoints.
            Some(Target::Name(name)) => named(name),
            Some(Target::Number(number)) => named(&port.name).or(Some(*number)),
            None => named(&port.name).or(Some(port.number)),
        };
        let Some(number) = number else { continue };
        let endpoint = endpoint_of(workload, u32::from(number));
        endpoints.entry(port.number).or_default().push(endpoint);
    }
}

/// Adds endpoints to others; an address and port that is there already is not added again.
pub(super) fn merge(all: &mut EndpointsByPort, more: EndpointsByPort) {
    for (port, endpoints) in more {
        let own = all.entry(port).or_default();
        for endpoint in endpoints {
            let same =
                |other: &Endpoint| other.address == endpoint.address && other.port == endpoint.port;
            if !own.iter().any(same) {
                own.push(endpoint);
            }
        }
    }
}

/// The endpoint that a workload is on a port of its own.
pub(super) fn endpoint_of(workload: &Workload, port: u32) -> Endpoint {
    Endpoint {
        address: workload.address.clone(),
        port,
        health: workload.health,
        labels: workload.labels.clone(),
        locality: workload.locality.clone(),
        weight: workload.weight,
        workload: workload.made_by.clone(),
        namespace: workload.namespace.clone(),
        identity: workload.identity.clone(),
        node: workload.node.clone(),
    }
}

/// Sorts services by age; a host with several addresses keeps their order.
pub(super) fn sort(services: &mut [Service]) {
    services.sort_by(|a, b| {
        let age = |service: &Service| {
            (
                service.created.clone(),
                service.name.clone(),
                service.namespace.clone(),
            )
        };
        age(a).cmp(&age(b)).then_with(|| a.object.cmp(&b.object))
    });
}

/// Gives every service the aliases that stand for it, through chains of aliases too.
pub(super) fn resolve_aliases(services: &mut [Service]) {
    let mut stands_for: BTreeMap<String, String> = BTreeMap::new();
    let mut names: Vec<(String, String)> = Vec::new();
    for service in services
        .iter()
        .filter(|service| service.resolution == Resolution::Alias)
    {
        if let Some(target) = &service.external_name {
            stands_for.insert(service.host.clone(), target.clone());
            names.push((service.namespace.clone(), service.host.clone()));
        }
    }
    names.sort();
    let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, alias) in names {
        if let Some(target) = end_of_chain(&stands_for, &alias) {
            aliases.entry(target).or_default().push(alias);
        }
    }
    for service in services {
        if let Some(found) = aliases.get(&service.host) {
            service.aliases.clone_from(found);
        }
    }
}

fn end_of_chain(stands_for: &BTreeMap<String, String>, alias: &str) -> Option<String> {
    let mut target = stands_for.get(alias)?;
    for _ in 0..stands_for.len() {
        match stands_for.get(target) {
            Some(next) => target = next,
            None => return Some(target.clone()),
        }
    }
    (!stands_for.contains_key(target)).then(|| target.clone())
}
