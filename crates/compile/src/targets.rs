//! The services that a proxy's own workload serves, and on which of its ports.

use std::sync::Arc;

use crate::identity::{self, ProxyIdentity};
use crate::service::{Port, Service, Target};
use crate::snapshot::Snapshot;

/// One port of one service that the workload serves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceTarget {
    pub(crate) service: Arc<Service>,
    /// The service's port.
    pub(crate) port: Port,
    /// The workload's port.
    pub(crate) target: u16,
}

/// What the proxy's workload serves, the oldest service first.
pub(crate) fn of_proxy(snapshot: &Snapshot, proxy: &ProxyIdentity) -> Vec<ServiceTarget> {
    let serves = |service: &&Arc<Service>| {
        let selected = !service.selector.is_empty()
            && service.namespace == proxy.namespace
            && identity::is_subset(&service.selector, &proxy.labels);
        selected || has_endpoint(service, &proxy.ip)
    };
    let services = snapshot.services.iter().filter(serves);
    let mut targets = Vec::new();
    for service in services {
        for port in &service.ports {
            if let Some(target) = target(snapshot, proxy, service, port) {
                targets.push(ServiceTarget {
                    service: service.clone(),
                    port: port.clone(),
                    target,
                });
            }
        }
    }
    targets
}

fn has_endpoint(service: &Service, ip: &str) -> bool {
    !ip.is_empty()
        && service
            .endpoints
            .values()
            .flatten()
            .any(|endpoint| endpoint.address == ip)
}

fn target(
    snapshot: &Snapshot,
    proxy: &ProxyIdentity,
    service: &Service,
    port: &Port,
) -> Option<u16> {
    match service.targets.get(&port.number)? {
        Target::Number(number) => Some(*number),
        Target::Name(name) => {
            let workload = snapshot.workloads.get(&proxy.ip);
            let named = workload.and_then(|workload| workload.ports.get(name).copied());
            named.or_else(|| own_endpoint_port(service, port.number, &proxy.ip))
        }
    }
}

fn own_endpoint_port(service: &Service, port: u16, ip: &str) -> Option<u16> {
    let endpoint = service
        .endpoints_of(port)
        .iter()
        .find(|endpoint| endpoint.address == ip)?;
    endpoint.port.try_into().ok()
}
