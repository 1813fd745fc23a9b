//! ServiceEntries as services: one for each host and address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::networking::port::ServicePort;
use sealane_model::networking::service_entry::{Location, Resolution as Declared, ServiceEntry};
use sealane_model::networking::workload_entry::WorkloadEntry;

use crate::created::Created;
use crate::identity;
use crate::mesh::MeshSettings;
use crate::protocol::Protocol;
use crate::service::{
    Endpoint, EndpointsByPort, ExportTo, Health, NO_ADDRESS, Port, Registry, Resolution, Service,
    Target,
};
use crate::snapshot::services::{self, EndpointIndex};
use crate::snapshot::workloads::{self, Item, Workload};

/// The services that a ServiceEntry declares, without endpoints.
pub(super) fn of_entry(item: Item<'_, ServiceEntry>, mesh: &MeshSettings) -> Vec<Service> {
    let (meta, entry) = (item.meta, item.body);
    let resolution = resolution(entry);
    let addresses = addresses(&entry.addresses);
    let template = Service {
        host: String::new(),
        name: String::new(),
        namespace: meta.namespace.clone(),
        registry: Registry::External,
        object: ObjectKey::new(Kind::ServiceEntry, &meta.namespace, &meta.name),
        created: Created::new(meta.creation_timestamp.as_deref()),
        ports: entry.ports.iter().filter_map(port).collect(),
        targets: entry.ports.iter().filter_map(target).collect(),
        resolution,
        mesh_external: entry.location.unwrap_or_default() == Location::MeshExternal,
        addresses: Vec::new(),
        aliases: Vec::new(),
        external_name: None,
        export_to: ExportTo::new(
            &entry.export_to,
            &mesh.default_service_export_to,
            &meta.namespace,
        ),
        labels: meta.labels.clone(),
        selector: entry
            .workload_selector
            .as_ref()
            .map(|s| s.labels.clone())
            .unwrap_or_default(),
        port_overrides: port_overrides(entry, resolution),
        subject_alt_names: entry.subject_alt_names.clone(),
        node_local: false,
        distribution: services::distribution(None, meta),
        endpoints: Arc::default(),
    };
    let mut all = Vec::new();
    for host in &entry.hosts {
        for address in &addresses {
            all.push(Service {
                host: host.clone(),
                name: host.clone(),
                addresses: vec![address.clone()],
                ..template.clone()
            });
        }
    }
    all
}

fn resolution(entry: &ServiceEntry) -> Resolution {
    match entry.resolution.unwrap_or_default() {
        Declared::None => Resolution::Passthrough,
        Declared::Static => Resolution::Static,
        Declared::Dns => Resolution::Dns,
        Declared::DnsRoundRobin => Resolution::DnsRoundRobin,
        Declared::DynamicDns => Resolution::DynamicDns,
    }
}

fn port(port: &ServicePort) -> Option<Port> {
    let number = u16::try_from(port.number).ok()?;
    let protocol = Protocol::parse(port.protocol.as_deref().unwrap_or_default());
    Some(Port {
        name: port.name.clone(),
        number,
        protocol,
    })
}

fn target(port: &ServicePort) -> Option<(u16, Target)> {
    let number = u16::try_from(port.number).ok()?;
    let target = port
        .target_port
        .filter(|target| *target > 0)
        .unwrap_or(port.number);
    Some((number, Target::Number(u16::try_from(target).ok()?)))
}

fn port_overrides(entry: &ServiceEntry, resolution: Resolution) -> BTreeMap<u16, u16> {
    if resolution != Resolution::Passthrough {
        return BTreeMap::new();
    }
    let mut overrides = BTreeMap::new();
    for port in &entry.ports {
        let target = port.target_port.filter(|target| *target > 0);
        if let (Ok(number), Some(Ok(target))) =
            (u16::try_from(port.number), target.map(u16::try_from))
        {
            overrides.insert(number, target);
        }
    }
    overrides
}

/// Addresses and ranges; a range of one address is that address.
fn addresses(declared: &[String]) -> Vec<String> {
    if declared.is_empty() {
        return vec![NO_ADDRESS.to_owned()];
    }
    let mut found = Vec::new();
    for text in declared {
        if text.parse::<IpAddr>().is_ok() {
            found.push(text.clone());
        } else if let Ok(range) = text.parse::<IpNet>() {
            let whole = range.prefix_len() == range.max_prefix_len();
            found.push(if whole {
                range.addr().to_string()
            } else {
                text.clone()
            });
        }
    }
    found
}

/// What the endpoints of ServiceEntries are found in.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryEndpoints<'a> {
    pub(super) workloads: &'a BTreeMap<String, Workload>,
    pub(super) entries: &'a [(Workload, &'a WorkloadEntry)],
    pub(super) mesh: &'a MeshSettings,
}

/// Adds the endpoints of a ServiceEntry: those written in it, those that its selector matches, or
/// the host itself where DNS resolves it.
pub(super) fn add_endpoints(
    index: &mut EndpointIndex,
    item: Item<'_, ServiceEntry>,
    found: EntryEndpoints<'_>,
) {
    let entry = item.body;
    let resolution = resolution(entry);
    let dns = matches!(resolution, Resolution::Dns | Resolution::DnsRoundRobin);
    for host in &entry.hosts {
        let workloads = if entry.endpoints.is_empty() && entry.workload_selector.is_none() && dns {
            vec![the_host_itself(host, item)]
        } else {
            served_by(item, found)
        };
        let mut endpoints = EndpointsByPort::new();
        for workload in &workloads {
            let is_name = workload.address.parse::<IpAddr>().is_err();
            let is_socket = workload.address.starts_with("unix://");
            if workload.address.is_empty() || (is_name && !is_socket && !dns) {
                continue;
            }
            for port in &entry.ports {
                add(&mut endpoints, workload, port, resolution);
            }
        }
        let key = (host.clone(), item.meta.namespace.clone());
        services::merge(index.entry(key).or_default(), endpoints);
    }
}

fn add(
    endpoints: &mut EndpointsByPort,
    workload: &Workload,
    port: &ServicePort,
    resolution: Resolution,
) {
    let Ok(number) = u16::try_from(port.number) else {
        return;
    };
    let own = endpoints.entry(number).or_default();
    if resolution == Resolution::DnsRoundRobin && !own.is_empty() {
        return;
    }
    let target = port
        .target_port
        .filter(|target| *target > 0)
        .unwrap_or(port.number);
    let target = workload
        .ports
        .get(&port.name)
        .map_or(target, |port| u32::from(*port));
    let endpoint = match workload.address.strip_prefix("unix://") {
        Some(path) => Endpoint {
            address: path.to_owned(),
            ..services::endpoint_of(workload, 0)
        },
        None => services::endpoint_of(workload, target),
    };
    own.push(endpoint);
}

fn the_host_itself(host: &str, item: Item<'_, ServiceEntry>) -> Workload {
    Workload {
        name: item.meta.name.clone(),
        namespace: item.meta.namespace.clone(),
        own_labels: BTreeMap::new(),
        labels: Arc::default(),
        made_by: item.meta.name.clone(),
        identity: None,
        locality: identity::Locality::default(),
        node: String::new(),
        address: host.to_owned(),
        ports: BTreeMap::new(),
        weight: 1,
        health: Health::Unknown,
    }
}

fn served_by(item: Item<'_, ServiceEntry>, found: EntryEndpoints<'_>) -> Vec<Workload> {
    let namespace = &item.meta.namespace;
    let Some(selector) = &item.body.workload_selector else {
        let written = item.body.endpoints.iter().enumerate();
        return written
            .map(|(index, endpoint)| {
                let name = format!("{}-{index}", item.meta.name);
                workloads::of_entry(&name, namespace, &BTreeMap::new(), endpoint, found.mesh)
            })
            .collect();
    };
    let selected = |workload: &&Workload| {
        workload.namespace == *namespace
            && identity::is_subset(&selector.labels, &workload.own_labels)
    };
    let entries = found
        .entries
        .iter()
        .map(|(workload, _)| workload)
        .filter(selected)
        .cloned();
    // The names of a pod's ports are not names of the entry's ports.
    let pods = found.workloads.values().filter(selected);
    let pods = pods.map(|pod| Workload {
        ports: BTreeMap::new(),
        ..pod.clone()
    });
    entries.chain(pods).collect()
}
