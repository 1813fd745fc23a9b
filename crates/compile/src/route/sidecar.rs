//! Route configurations of a sidecar: one for each port, or for one service's port.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_xds::route::{RouteConfiguration, VirtualHost};

use crate::declared::Declared;
use crate::host;
use crate::identity::ProxyIdentity;
use crate::mesh::MeshSettings;
use crate::message;
use crate::notes::Notes;
use crate::protocol::Protocol;
use crate::route::action::ActionInput;
use crate::route::domains::Asker;
use crate::route::matches::Place;
use crate::route::virtual_hosts::{self, Built, Group};
use crate::route::{catch_all, translate};
use crate::rule::{MESH, Rules};
use crate::service::{Resolution, Service};
use crate::visibility::{Egress, Scope};

/// The name of the route configuration of the explicit HTTP proxy.
pub(crate) const HTTP_PROXY: &str = "http_proxy";

/// What the route configurations of a sidecar are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SidecarRoutes<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) scope: &'a Scope,
}

type ByHost = BTreeMap<String, Arc<Service>>;

impl SidecarRoutes<'_> {
    /// The route configuration of this name: `80`, `host:80`, `http_proxy` or `unix://…`.
    pub(crate) fn configuration(self, name: &str, notes: &mut Notes) -> RouteConfiguration {
        let (port, of_service) = listener_port(name);
        let mut hosts = self.virtual_hosts(name, port, notes);
        if let Some(service) = of_service {
            hosts.retain(|host| {
                host.domains
                    .iter()
                    .any(|domain| domain == service || domain == name)
            });
            for host in &mut hosts {
                host.domains = vec!["*".to_owned()];
            }
            hosts.truncate(1);
        }
        hosts.sort_by(|a, b| a.name.cmp(&b.name));
        if of_service.is_none() {
            hosts.push(catch_all::virtual_host(&self.scope.outbound));
        }
        configuration(name, hosts)
    }

    fn virtual_hosts(self, name: &str, port: u16, notes: &mut Notes) -> Vec<VirtualHost> {
        let Some(egress) = self.scope.egress_for(port, name) else {
            return Vec::new();
        };
        let all_ports = port == 0 || egress.protocol() == Some(Protocol::HttpProxy);
        let port = if all_ports { 0 } else { port };
        let mut services = by_host(egress, port);
        let lookup = services.clone();
        let place = Place {
            proxy: self.proxy,
            port,
            gateway: MESH,
        };
        let input = ActionInput {
            mesh: self.mesh,
            scope: self.scope,
            place,
            services: &lookup,
        };
        let mut groups = Vec::new();
        for rules in &egress.virtual_services {
            if port == 80 || matches_some(rules, &services) {
                groups.extend(of_rules(rules, egress, input, notes));
            }
        }
        for service in groups.iter().flat_map(|group| &group.services) {
            services.remove(&service.host);
        }
        for service in services
            .values()
            .filter(|s| s.resolution != Resolution::Alias)
        {
            groups.extend(of_service(service, input, notes));
        }
        if all_ports {
            // Names without a port mean port 80, so it takes them first.
            groups.sort_by_key(|group| group.port != 80);
        }
        let asker = Asker {
            namespace: &self.proxy.namespace,
            domain_suffix: &self.mesh.domain_suffix,
            port: all_ports.then_some(0),
        };
        let built = virtual_hosts::build(&groups, asker, notes);
        if all_ports {
            of_all_ports(built)
        } else {
            built.into_iter().map(|b| b.host).collect()
        }
    }
}

/// Port and, when it is for one service only, the service's host.
fn listener_port(name: &str) -> (u16, Option<&str>) {
    if name.starts_with("unix://") {
        return (0, None);
    }
    match name.rsplit_once(':') {
        Some((host, port)) => (port.parse().unwrap_or_default(), Some(host)),
        None => (name.parse().unwrap_or_default(), None),
    }
}

/// The services with this port, each with only that port; all with all ports for port 0.
fn by_host(egress: &Egress, port: u16) -> ByHost {
    let mut all = ByHost::new();
    for service in &egress.services {
        let host = service.host.to_ascii_lowercase();
        if port == 0 {
            all.insert(service.host.clone(), service.clone());
        } else if let Some(own) = service.port(port) {
            let only = Service {
                host: host.clone(),
                ports: vec![own.clone()],
                ..service.as_ref().clone()
            };
            all.insert(host, Arc::new(only));
        }
    }
    all
}

/// Whether a VirtualService is about a service that has the port.
fn matches_some(rules: &Declared<Rules>, services: &ByHost) -> bool {
    rules.spec.hosts.iter().any(|declared| {
        let declared = declared.to_ascii_lowercase();
        services.contains_key(&declared)
            || services.keys().any(|service| {
                (host::is_wildcard(&declared) || host::is_wildcard(service))
                    && host::overlaps(&declared, service)
            })
    })
}

/// The groups of one VirtualService: one for each port of the services that it is about.
fn of_rules(
    rules: &Declared<Rules>,
    egress: &Egress,
    input: ActionInput<'_>,
    notes: &mut Notes,
) -> Vec<Group> {
    let (hosts, services) = hosts_and_services(rules, egress, input.services);
    let routes = translate::rules(rules, input, false, notes);
    if routes.is_empty() {
        return Vec::new();
    }
    let mut by_port: BTreeMap<u16, Vec<Arc<Service>>> = BTreeMap::new();
    for service in &services {
        for port in service
            .ports
            .iter()
            .filter(|port| port.protocol.is_http_or_sniffed())
        {
            by_port
                .entry(port.number)
                .or_default()
                .push(service.clone());
        }
    }
    if by_port.is_empty() && input.place.port == 80 {
        by_port.insert(80, Vec::new());
    }
    let groups = by_port.into_iter().map(|(port, services)| Group {
        port,
        hosts: hosts.clone(),
        services,
        routes: routes.clone(),
        rules: Some(rules.object.clone()),
    });
    groups.collect()
}

/// The hosts of a VirtualService that are no services, and the services that it is about. For a
/// service under a wildcard, only the VirtualService with the most specific host counts.
fn hosts_and_services(
    rules: &Declared<Rules>,
    egress: &Egress,
    services: &ByHost,
) -> (Vec<String>, Vec<Arc<Service>>) {
    let (mut hosts, mut found) = (Vec::new(), Vec::new());
    let (wildcards, exact): (Vec<&String>, Vec<&String>) = rules
        .spec
        .hosts
        .iter()
        .partition(|declared| host::is_wildcard(declared));
    for declared in exact {
        match services.get(&declared.to_ascii_lowercase()) {
            Some(service) => found.push(service.clone()),
            None => hosts.push(declared.clone()),
        }
    }
    for declared in wildcards {
        let declared = declared.to_ascii_lowercase();
        let mut any = false;
        for (name, service) in services {
            if host::overlaps(name, &declared) {
                any = true;
                if egress.most_specific.get(name) == Some(&rules.object) {
                    found.push(service.clone());
                }
            }
        }
        if !any {
            hosts.push(declared);
        }
    }
    (hosts, found)
}

/// The groups of a service that no VirtualService is about: one for each port.
fn of_service(service: &Arc<Service>, input: ActionInput<'_>, notes: &mut Notes) -> Vec<Group> {
    let ports = service
        .ports
        .iter()
        .filter(|port| port.protocol.is_http_or_sniffed());
    ports
        .map(|port| Group {
            port: port.number,
            hosts: Vec::new(),
            services: vec![service.clone()],
            routes: vec![translate::default_route(service, port.number, input, notes)],
            rules: None,
        })
        .collect()
}

/// Virtual hosts of all ports beside each other: domains without a port mean port 80.
fn of_all_ports(built: Vec<Built>) -> Vec<VirtualHost> {
    let mut hosts = Vec::new();
    for Built { port, mut host } in built {
        if port != 80 {
            host.domains.retain(|domain| domain.contains(':'));
        }
        if !host.domains.is_empty() {
            hosts.push(host);
        }
    }
    hosts
}

/// A route configuration with Istio's flags.
pub(crate) fn configuration(name: &str, virtual_hosts: Vec<VirtualHost>) -> RouteConfiguration {
    RouteConfiguration {
        name: name.to_owned(),
        virtual_hosts,
        validate_clusters: Some(message::bool_value(false)),
        max_direct_response_body_size_bytes: Some(message::u32_value(1024 * 1024)),
        ignore_port_in_host_matching: true,
        ..RouteConfiguration::default()
    }
}
