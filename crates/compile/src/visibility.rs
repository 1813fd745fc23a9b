//! What a proxy sees: services, VirtualServices and DestinationRules, by `exportTo` and by the
//! Sidecar that applies to it.

mod egress;
mod lookup;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::networking::destination::Destination;
use sealane_model::networking::sidecar::{IstioEgressListener, OutboundTrafficPolicyMode, Sidecar};

use crate::declared::Declared;
use crate::identity::{ProxyIdentity, ProxyKind};
use crate::service::{Registry, Service};
use crate::snapshot::Snapshot;
use crate::snapshot::destination_rules::{self, Candidates, MergedRule};

pub(crate) use egress::Egress;
pub(crate) use lookup::virtual_services_at;

/// What is to be done with calls of undeclared destinations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutboundPolicy {
    pub(crate) allow_any: bool,
    /// Where they go instead of to their original destination.
    pub(crate) egress_proxy: Option<Destination>,
}

/// All that a proxy sees.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The Sidecar that applies, if any.
    pub(crate) sidecar: Option<Arc<Declared<Sidecar>>>,
    pub(crate) egress: Vec<Egress>,
    /// One service for each host.
    pub(crate) services: Vec<Arc<Service>>,
    pub(crate) outbound: OutboundPolicy,
    by_host: BTreeMap<String, Arc<Service>>,
    candidates: BTreeMap<String, Candidates>,
}

impl Scope {
    /// What `proxy` sees of `snapshot`.
    pub(crate) fn new(snapshot: &Snapshot, proxy: &ProxyIdentity) -> Self {
        let sidecar = match proxy.kind {
            ProxyKind::Sidecar => sidecar_of(snapshot, proxy),
            ProxyKind::Router => None,
        };
        let spec = sidecar.as_ref().map(|sidecar| &sidecar.spec);
        let egress = match (proxy.kind, spec.map(|spec| spec.egress.as_slice())) {
            (ProxyKind::Router, _) => vec![egress::everything(snapshot, &proxy.namespace)],
            (ProxyKind::Sidecar, None | Some([])) => {
                vec![egress::imported(snapshot, &proxy.namespace, &all_hosts())]
            }
            (ProxyKind::Sidecar, Some(listeners)) => listeners
                .iter()
                .map(|listener| egress::imported(snapshot, &proxy.namespace, listener))
                .collect(),
        };
        let services = collect_services(snapshot, proxy, &egress);
        let candidates = services.iter().map(|service| {
            let rules = &snapshot.destination_rules;
            let found = rules.lookup(&proxy.namespace, &service.namespace, &service.host);
            (service.host.clone(), found)
        });
        Self {
            outbound: outbound_policy(snapshot, spec),
            candidates: candidates.collect(),
            by_host: services
                .iter()
                .map(|s| (s.host.clone(), s.clone()))
                .collect(),
            services,
            egress,
            sidecar,
        }
    }

    /// The visible service of a host.
    pub(crate) fn service(&self, host: &str) -> Option<&Arc<Service>> {
        self.by_host.get(host)
    }

    /// The DestinationRule for calls by `proxy` to a host.
    pub(crate) fn destination_rule(
        &self,
        proxy: &ProxyIdentity,
        host: &str,
    ) -> Option<&Arc<MergedRule>> {
        destination_rules::applying(self.candidates.get(host)?, proxy)
    }

    /// The DestinationRule for calls that reach the workload behind a host.
    pub(crate) fn inbound_destination_rule(&self, host: &str) -> Option<&Arc<MergedRule>> {
        destination_rules::without_selector(self.candidates.get(host)?)
    }

    /// The egress listener whose services and rules a route configuration for `port` is made
    /// from; `bind` names a Unix socket when the port is 0.
    pub(crate) fn egress_for(&self, port: u16, bind: &str) -> Option<&Egress> {
        self.egress.iter().find(|egress| match egress.port() {
            None => true,
            Some(0) => port == 0 && egress.bind() == bind,
            Some(own) => own == port,
        })
    }
}

fn all_hosts() -> IstioEgressListener {
    IstioEgressListener {
        hosts: vec!["*/*".to_owned()],
        ..IstioEgressListener::default()
    }
}

/// The oldest Sidecar of the namespace whose selector matches, else the oldest one without a
/// selector, else that of the root namespace.
fn sidecar_of(snapshot: &Snapshot, proxy: &ProxyIdentity) -> Option<Arc<Declared<Sidecar>>> {
    let own = snapshot.sidecars.iter().find(|sidecar| {
        sidecar.object.namespace == proxy.namespace
            && sidecar
                .spec
                .workload_selector
                .as_ref()
                .is_none_or(|s| proxy.has_labels(&s.labels))
    });
    let root = || {
        snapshot.sidecars.iter().find(|sidecar| {
            sidecar.object.namespace == snapshot.mesh.root_namespace
                && sidecar.spec.workload_selector.is_none()
        })
    };
    own.or_else(root).cloned()
}

fn outbound_policy(snapshot: &Snapshot, sidecar: Option<&Sidecar>) -> OutboundPolicy {
    let own = sidecar.and_then(|sidecar| sidecar.outbound_traffic_policy.as_ref());
    match own {
        Some(policy) => OutboundPolicy {
            allow_any: policy.mode.unwrap_or_default() == OutboundTrafficPolicyMode::AllowAny,
            egress_proxy: policy.egress_proxy.clone(),
        },
        None => OutboundPolicy {
            allow_any: snapshot.mesh.outbound_traffic_policy == OutboundTrafficPolicyMode::AllowAny,
            egress_proxy: None,
        },
    }
}

/// The services of all egress listeners, one for each host, and those that imported
/// VirtualServices send traffic to.
fn collect_services(
    snapshot: &Snapshot,
    proxy: &ProxyIdentity,
    egress: &[Egress],
) -> Vec<Arc<Service>> {
    let mut all = Collected::default();
    for one in egress {
        one.services.iter().for_each(|service| all.add(service));
        if proxy.kind == ProxyKind::Router {
            continue;
        }
        for rules in &one.virtual_services {
            for (host, ports) in lookup::destinations(&rules.spec, &proxy.namespace) {
                let Some(service) = lookup::service_for(snapshot, &proxy.namespace, &host) else {
                    continue;
                };
                if let Some(service) = limited(&service, one, &ports) {
                    all.add(&service);
                }
            }
        }
    }
    all.services
}

/// The service with only the ports that the listener, or else a rule, asks for.
fn limited(service: &Arc<Service>, egress: &Egress, ports: &BTreeSet<u16>) -> Option<Arc<Service>> {
    if egress.needs_port() {
        return egress::with_port(service, egress.port().unwrap_or_default());
    }
    if ports.is_empty() || ports.contains(&0) {
        return Some(service.clone());
    }
    let wanted: Vec<_> = service
        .ports
        .iter()
        .filter(|port| ports.contains(&port.number))
        .cloned()
        .collect();
    if wanted.len() == service.ports.len() {
        return Some(service.clone());
    }
    (!wanted.is_empty()).then(|| {
        Arc::new(Service {
            ports: wanted,
            ..service.as_ref().clone()
        })
    })
}

#[derive(Default)]
struct Collected {
    services: Vec<Arc<Service>>,
    places: BTreeMap<String, usize>,
}

impl Collected {
    /// Adds a service. Of two with the same host, a Kubernetes Service wins; else the first one,
    /// to which ports are added where both are of a kind.
    fn add(&mut self, service: &Arc<Service>) {
        let Some(place) = self.places.get(&service.host).copied() else {
            self.places
                .insert(service.host.clone(), self.services.len());
            self.services.push(service.clone());
            return;
        };
        let Some(existing) = self.services.get_mut(place) else {
            return;
        };
        match (existing.registry, service.registry) {
            (Registry::Kubernetes, Registry::External) => {}
            (Registry::External, Registry::Kubernetes) => *existing = service.clone(),
            (Registry::Kubernetes, Registry::Kubernetes)
            | (Registry::External, Registry::External) => {
                if existing.ports != service.ports && alike(existing, service) {
                    add_ports(Arc::make_mut(existing), service);
                }
            }
        }
    }
}

fn alike(a: &Service, b: &Service) -> bool {
    a.namespace == b.namespace
        && a.resolution == b.resolution
        && a.labels == b.labels
        && a.selector == b.selector
        && a.export_to == b.export_to
}

fn add_ports(existing: &mut Service, other: &Service) {
    for port in &other.ports {
        if existing.port(port.number).is_none() {
            existing.ports.push(port.clone());
        }
    }
}
