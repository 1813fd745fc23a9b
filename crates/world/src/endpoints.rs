//! The endpoint controller: Services and pods to `EndpointSlice` objects. Pure.

use std::collections::{BTreeMap, BTreeSet};

use sealane_model::core::endpoints::{
    Endpoint, EndpointAddress, EndpointConditions, EndpointPort, EndpointSlice, EndpointSubset,
    Endpoints, ObjectReference,
};
use sealane_model::core::service::{Service, ServicePort};
use sealane_model::kind::Kind;
use sealane_model::resource::{Body, Object, ObjectMeta};
use sealane_model::schema::IntOrString;

use crate::pods::PlannedPod;

/// The label that names the Service of a slice.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// The label that says who keeps a slice.
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// The cluster's own endpoint controller.
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
/// The label of a node that says its zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A pod and its address.
#[derive(Debug, Clone, Copy)]
pub struct AddressedPod<'a> {
    /// The pod.
    pub pod: &'a PlannedPod,
    /// Its address.
    pub address: &'a str,
}

/// The ports on which a pod serves a Service; UDP too.
type Ports = Vec<(ServicePort, u16)>;

/// All slices: made from selectors, mirrored from Endpoints objects, and declared.
///
/// What a cluster's own controller wrote for a Service with a selector (in an export) is left out,
/// as a cluster would write it again.
pub fn slices(declared: &[&Object], services: &[Object], pods: &[AddressedPod<'_>]) -> Vec<Object> {
    let zones = zones(declared);
    let mut selecting = BTreeSet::new();
    let mut out = Vec::new();
    for object in services {
        let Body::Service(service) = &object.body else {
            continue;
        };
        if selects(service) {
            selecting.insert((object.meta.namespace.as_str(), object.meta.name.as_str()));
            out.extend(selected_slices(&object.meta, service, pods, &zones));
        }
    }
    for object in declared {
        match &object.body {
            Body::EndpointSlice(_) => {
                let service = object.meta.labels.get(SERVICE_NAME);
                let by_controller =
                    object.meta.labels.get(MANAGED_BY).map(String::as_str) == Some(CONTROLLER);
                let name = (
                    object.meta.namespace.as_str(),
                    service.map_or("", String::as_str),
                );
                if !(by_controller && selecting.contains(&name)) {
                    out.push((*object).clone());
                }
            }
            Body::Endpoints(endpoints) => {
                let name = (object.meta.namespace.as_str(), object.meta.name.as_str());
                if !selecting.contains(&name) {
                    out.extend(mirrored(&object.meta, endpoints));
                }
            }
            _ => {}
        }
    }
    out
}

/// The port of a pod that a Service's port leads to; `None` when the pod has no port of that name.
pub fn target(port: &ServicePort, pod: &PlannedPod) -> Option<u16> {
    match &port.target_port {
        None => u16::try_from(port.port).ok(),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::String(name)) => name.parse().ok().or_else(|| pod.port_named(name)),
    }
}

/// Whether a Service finds its endpoints by labels.
pub fn selects(service: &Service) -> bool {
    !service.spec.selector.is_empty() && !service.spec.is_external_name()
}

fn selected_slices(
    meta: &ObjectMeta,
    service: &Service,
    pods: &[AddressedPod<'_>],
    zones: &BTreeMap<&str, &str>,
) -> Vec<Object> {
    // Pods of one Service may have different numbers behind a named port: one slice for each set.
    let mut groups: BTreeMap<Vec<u16>, (Ports, Vec<Endpoint>)> = BTreeMap::new();
    for addressed in pods {
        let pod = addressed.pod;
        if pod.namespace != meta.namespace || !pod.has_labels(&service.spec.selector) {
            continue;
        }
        // 0 stands for a port that the pod does not have.
        let key = service.spec.ports.iter();
        let key = key.map(|port| target(port, pod).unwrap_or(0)).collect();
        let group = groups
            .entry(key)
            .or_insert_with(|| (ports(service, pod), Vec::new()));
        group.1.push(endpoint(meta, service, *addressed, zones));
    }
    if groups.is_empty() {
        // As in a cluster: the Service has a slice, so nothing older is looked at.
        return vec![slice(meta, "auto0", Vec::new(), Vec::new())];
    }
    let groups = groups.into_values().enumerate();
    groups
        .map(|(index, (ports, endpoints))| {
            let ports = ports.iter().map(|(port, number)| EndpointPort {
                name: Some(port.name.clone().unwrap_or_default()),
                port: Some(u32::from(*number)),
                protocol: port.protocol.clone().or_else(|| Some("TCP".to_owned())),
                app_protocol: port.app_protocol.clone(),
            });
            slice(meta, &format!("auto{index}"), endpoints, ports.collect())
        })
        .collect()
}

fn ports(service: &Service, pod: &PlannedPod) -> Ports {
    let ports = service.spec.ports.iter();
    ports
        .filter_map(|port| Some((port.clone(), target(port, pod)?)))
        .collect()
}

fn endpoint(
    meta: &ObjectMeta,
    service: &Service,
    addressed: AddressedPod<'_>,
    zones: &BTreeMap<&str, &str>,
) -> Endpoint {
    let pod = addressed.pod;
    let serving = pod.is_ready();
    let ready = serving || service.spec.publish_not_ready_addresses == Some(true);
    let node = pod.spec.node_name.clone();
    let in_subdomain = pod.spec.subdomain.as_deref() == Some(meta.name.as_str());
    Endpoint {
        addresses: vec![addressed.address.to_owned()],
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            serving: Some(serving),
            terminating: Some(false),
        }),
        hostname: pod.spec.hostname.clone().filter(|_| in_subdomain),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: Some(pod.namespace.clone()),
            name: Some(pod.name.clone()),
            uid: None,
        }),
        zone: node
            .as_deref()
            .and_then(|node| zones.get(node))
            .map(|zone| (*zone).to_owned()),
        node_name: node,
        deprecated_topology: BTreeMap::new(),
    }
}

fn zones<'a>(declared: &[&'a Object]) -> BTreeMap<&'a str, &'a str> {
    declared
        .iter()
        .filter(|object| object.kind() == Kind::Node)
        .filter_map(|node| {
            let zone = node.meta.labels.get(ZONE)?;
            Some((node.meta.name.as_str(), zone.as_str()))
        })
        .collect()
}

/// An Endpoints object as slices, one for each subset.
fn mirrored(meta: &ObjectMeta, endpoints: &Endpoints) -> Vec<Object> {
    let subsets = endpoints.subsets.iter().enumerate();
    subsets
        .map(|(index, subset)| {
            let ports = subset.ports.iter().map(|port| EndpointPort {
                name: Some(port.name.clone().unwrap_or_default()),
                protocol: port.protocol.clone().or_else(|| Some("TCP".to_owned())),
                ..port.clone()
            });
            let name = format!("mirror{index}");
            slice(meta, &name, subset_endpoints(subset), ports.collect())
        })
        .collect()
}

fn subset_endpoints(subset: &EndpointSubset) -> Vec<Endpoint> {
    let endpoint = |address: &EndpointAddress, ready: bool| Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            ..EndpointConditions::default()
        }),
        hostname: address.hostname.clone(),
        target_ref: address.target_ref.clone(),
        node_name: address.node_name.clone(),
        ..Endpoint::default()
    };
    let ready = subset
        .addresses
        .iter()
        .map(|address| endpoint(address, true));
    let not_ready = subset.not_ready_addresses.iter();
    ready
        .chain(not_ready.map(|address| endpoint(address, false)))
        .collect()
}

fn slice(
    service: &ObjectMeta,
    name: &str,
    endpoints: Vec<Endpoint>,
    ports: Vec<EndpointPort>,
) -> Object {
    let meta = ObjectMeta {
        name: format!("{}-{name}", service.name),
        namespace: service.namespace.clone(),
        labels: BTreeMap::from([(SERVICE_NAME.to_owned(), service.name.clone())]),
        ..ObjectMeta::default()
    };
    let slice = EndpointSlice {
        address_type: "IPv4".to_owned(),
        endpoints,
        ports,
    };
    Object::new(meta, slice)
}

#[cfg(test)]
mod tests;
