//! Services and VirtualServices by who may see them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::networking::destination::Destination;

use crate::declared::Declared;
use crate::rule::Rules;
use crate::service::{Registry, Service};
use crate::snapshot::Snapshot;

/// The services that a namespace sees: those exported to it by name before the public ones.
pub(super) fn services_for(snapshot: &Snapshot, namespace: &str) -> Vec<Arc<Service>> {
    let (public, named): (Vec<_>, Vec<_>) = snapshot
        .services
        .iter()
        .filter(|service| service.export_to.includes(namespace))
        .partition(|service| service.export_to.is_public());
    named.into_iter().chain(public).cloned().collect()
}

/// The VirtualServices that act at a gateway (`mesh`, or `NAMESPACE/NAME`) and that proxies of a
/// namespace see: their own private ones, those exported to them by name, the public ones.
pub(crate) fn virtual_services_at(
    snapshot: &Snapshot,
    namespace: &str,
    gateway: &str,
) -> Vec<Arc<Declared<Rules>>> {
    let group = |rules: &Declared<Rules>| {
        if rules.spec.export_to.is_public() {
            2
        } else {
            u8::from(rules.object.namespace != namespace)
        }
    };
    let mut seen: Vec<Arc<Declared<Rules>>> = snapshot
        .virtual_services
        .iter()
        .filter(|rules| rules.acts_at(gateway) && rules.spec.export_to.includes(namespace))
        .cloned()
        .collect();
    // Stable: inside a group the oldest stays first.
    seen.sort_by_key(|rules| group(rules));
    seen
}

/// The service of a host for a client: that of its own namespace, else the best visible one.
pub(super) fn service_for(
    snapshot: &Snapshot,
    namespace: &str,
    host: &str,
) -> Option<Arc<Service>> {
    let by_namespace = snapshot.by_host.get(host)?;
    if let Some(own) = by_namespace.get(namespace) {
        return Some(own.clone());
    }
    let visible = by_namespace
        .values()
        .filter(|service| service.export_to.includes(namespace));
    let best = visible.min_by(|a, b| {
        let external = |service: &Service| service.registry != Registry::Kubernetes;
        external(a)
            .cmp(&external(b))
            .then_with(|| a.created.cmp(&b.created))
    });
    best.cloned()
}

/// Hosts that a VirtualService sends traffic of a namespace to, each with the ports it names (0
/// where it names none).
pub(super) fn destinations(rules: &Rules, namespace: &str) -> BTreeMap<String, BTreeSet<u16>> {
    let mut all: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    let mut add = |destination: &Destination| {
        let port = destination.port_number().unwrap_or_default();
        let port = u16::try_from(port).unwrap_or_default();
        all.entry(destination.host.clone())
            .or_default()
            .insert(port);
    };
    for rule in &rules.http {
        let wanted = rule
            .route
            .matches
            .iter()
            .filter_map(|m| m.source_namespace.as_deref());
        let wanted: Vec<&str> = wanted.filter(|wanted| !wanted.is_empty()).collect();
        if !wanted.is_empty() && !wanted.contains(&namespace) {
            continue;
        }
        rule.route
            .route
            .iter()
            .for_each(|route| add(&route.destination));
        rule.route.mirror.iter().for_each(&mut add);
        rule.route
            .mirrors
            .iter()
            .for_each(|mirror| add(&mirror.destination));
    }
    for rule in &rules.tcp {
        rule.route
            .route
            .iter()
            .for_each(|route| add(&route.destination));
    }
    for rule in &rules.tls {
        rule.route
            .route
            .iter()
            .for_each(|route| add(&route.destination));
    }
    all
}
