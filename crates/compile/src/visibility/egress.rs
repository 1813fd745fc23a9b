//! What the hosts of an egress listener import.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::networking::sidecar::IstioEgressListener;

use crate::declared::Declared;
use crate::host::{self, HostMap};
use crate::protocol::Protocol;
use crate::rule::{MESH, Rules};
use crate::service::{Registry, Service};
use crate::snapshot::Snapshot;
use crate::visibility::lookup;

/// What one egress listener of a Sidecar imports; without one, everything visible.
#[derive(Debug, Clone)]
pub(crate) struct Egress {
    /// The listener, when a Sidecar declares one.
    pub(crate) listener: Option<IstioEgressListener>,
    pub(crate) services: Vec<Arc<Service>>,
    pub(crate) virtual_services: Vec<Arc<Declared<Rules>>>,
    /// Which VirtualService is the most specific one of a service's host.
    pub(crate) most_specific: BTreeMap<String, ObjectKey>,
}

impl Egress {
    /// The port of the listener; `None` for one that takes the ports of its services.
    pub(crate) fn port(&self) -> Option<u16> {
        let port = self.listener.as_ref()?.port.as_ref()?;
        Some(
            port.number
                .and_then(|number| u16::try_from(number).ok())
                .unwrap_or_default(),
        )
    }

    /// What the listener's port speaks; `None` for one that takes the ports of its services.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        let port = self.listener.as_ref()?.port.as_ref()?;
        Some(Protocol::parse(
            port.protocol.as_deref().unwrap_or_default(),
        ))
    }

    /// Where the listener binds; empty when it does not say.
    pub(crate) fn bind(&self) -> &str {
        self.listener
            .as_ref()
            .and_then(|listener| listener.bind.as_deref())
            .unwrap_or_default()
    }

    /// Whether it imports only services that have its port.
    pub(super) fn needs_port(&self) -> bool {
        self.listener.as_ref().is_some_and(needs_port)
    }
}

/// The hosts that a listener names for one namespace.
#[derive(Debug, Default)]
struct Hosts {
    imported: Vec<String>,
    excluded: Vec<String>,
}

impl Hosts {
    fn import_service(&self, host: &str) -> bool {
        self.imported
            .iter()
            .any(|imported| host::covers(imported, host))
    }

    /// A VirtualService of a wildcard is imported whole with any host that it covers.
    fn import_rules(&self, host: &str) -> bool {
        self.imported
            .iter()
            .any(|imported| host::overlaps(imported, host))
    }

    fn exclude(&self, host: &str) -> bool {
        self.excluded
            .iter()
            .any(|excluded| host::covers(excluded, host))
    }
}

/// Hosts by namespace; `*` stands for all.
#[derive(Debug, Default)]
struct Imports(BTreeMap<String, Hosts>);

impl Imports {
    fn new(listener: &IstioEgressListener, namespace: &str) -> Self {
        let mut all = Self::default();
        for entry in &listener.hosts {
            let Some((scope, host)) = entry.split_once('/') else {
                continue;
            };
            let (scope, excluded) = match scope.strip_prefix('~') {
                Some("") => ("*", true),
                Some(scope) => (scope, true),
                None => (scope, false),
            };
            let scope = if scope == "." { namespace } else { scope };
            let hosts = all.0.entry(scope.to_owned()).or_default();
            let list = if excluded {
                &mut hosts.excluded
            } else {
                &mut hosts.imported
            };
            list.push(host.to_owned());
        }
        all
    }

    /// What is said for a namespace: by its name, and for all.
    fn of(&self, namespace: &str) -> impl Iterator<Item = &Hosts> {
        self.0.get(namespace).into_iter().chain(self.0.get("*"))
    }

    fn service(
        &self,
        service: &Arc<Service>,
        listener: &IstioEgressListener,
    ) -> Option<Arc<Service>> {
        if self
            .of(&service.namespace)
            .any(|hosts| hosts.exclude(&service.host))
        {
            return None;
        }
        let port = needs_port(listener).then(|| listener_port(listener));
        let hosts = self.of(&service.namespace).find(|hosts| {
            hosts.import_service(&service.host)
                && port.is_none_or(|port| service.port(port).is_some())
        })?;
        let aliases: Vec<String> = service
            .aliases
            .iter()
            .filter(|alias| hosts.import_service(alias))
            .cloned()
            .collect();
        let service = if aliases.len() == service.aliases.len() {
            service.clone()
        } else {
            Arc::new(Service {
                aliases,
                ..service.as_ref().clone()
            })
        };
        match port {
            Some(port) => with_port(&service, port),
            None => Some(service),
        }
    }

    fn rules(&self, rules: &Declared<Rules>) -> bool {
        let namespace = &rules.object.namespace;
        rules.spec.hosts.iter().any(|host| {
            self.of(namespace).any(|hosts| hosts.import_rules(host))
                && !self.of(namespace).any(|hosts| hosts.exclude(host))
        })
    }
}

/// What a listener of a Sidecar imports for proxies of a namespace.
pub(super) fn imported(
    snapshot: &Snapshot,
    namespace: &str,
    listener: &IstioEgressListener,
) -> Egress {
    let imports = Imports::new(listener, namespace);
    let visible = lookup::services_for(snapshot, namespace);
    let services: Vec<Arc<Service>> = visible
        .iter()
        .filter_map(|service| imports.service(service, listener))
        .collect();
    let services = of_one_namespace(services, namespace);
    let all = lookup::virtual_services_at(snapshot, namespace, MESH);
    let virtual_services: Vec<_> = all
        .into_iter()
        .filter(|rules| imports.rules(rules))
        .collect();
    let most_specific = most_specific(&virtual_services, &services);
    Egress {
        listener: Some(listener.clone()),
        services,
        virtual_services,
        most_specific,
    }
}

/// Everything that a namespace sees.
pub(super) fn everything(snapshot: &Snapshot, namespace: &str) -> Egress {
    Egress {
        listener: None,
        services: lookup::services_for(snapshot, namespace),
        virtual_services: lookup::virtual_services_at(snapshot, namespace, MESH),
        most_specific: BTreeMap::new(),
    }
}

/// A host that several namespaces have is taken from one: the client's own, else that of a
/// Kubernetes Service, else the first.
fn of_one_namespace(services: Vec<Arc<Service>>, own: &str) -> Vec<Arc<Service>> {
    let mut chosen: BTreeMap<String, (String, Registry)> = BTreeMap::new();
    for service in &services {
        let this = (service.namespace.clone(), service.registry);
        let better = chosen
            .get(&service.host)
            .is_none_or(|(namespace, registry)| {
                let kube =
                    *registry != Registry::Kubernetes && service.registry == Registry::Kubernetes;
                service.namespace == own || (kube && namespace != own)
            });
        if better {
            chosen.insert(service.host.clone(), this);
        }
    }
    let keeps = |service: &Arc<Service>| {
        chosen
            .get(&service.host)
            .is_some_and(|(namespace, _)| *namespace == service.namespace)
    };
    services.into_iter().filter(keeps).collect()
}

/// For each service the VirtualService with the most specific host around it; of several with
/// the same host, the oldest.
fn most_specific(
    rules: &[Arc<Declared<Rules>>],
    services: &[Arc<Service>],
) -> BTreeMap<String, ObjectKey> {
    let mut by_host = HostMap::<Option<ObjectKey>>::default();
    for rule in rules {
        for host in &rule.spec.hosts {
            by_host
                .entry(host)
                .get_or_insert_with(|| rule.object.clone());
        }
    }
    let found = services.iter().filter_map(|service| {
        let rule = by_host.most_specific(&service.host)?.clone()?;
        Some((service.host.clone(), rule))
    });
    found.collect()
}

fn listener_port(listener: &IstioEgressListener) -> u16 {
    let port = listener
        .port
        .as_ref()
        .and_then(|port| port.number)
        .unwrap_or_default();
    u16::try_from(port).unwrap_or_default()
}

fn needs_port(listener: &IstioEgressListener) -> bool {
    let Some(port) = &listener.port else {
        return false;
    };
    let protocol = Protocol::parse(port.protocol.as_deref().unwrap_or_default());
    port.number.unwrap_or_default() != 0 && protocol != Protocol::HttpProxy
}

/// The service with only this port; `None` when it does not have it.
pub(super) fn with_port(service: &Arc<Service>, number: u16) -> Option<Arc<Service>> {
    let port = service.port(number)?;
    if service.ports.len() == 1 {
        return Some(service.clone());
    }
    Some(Arc::new(Service {
        ports: vec![port.clone()],
        ..service.as_ref().clone()
    }))
}
