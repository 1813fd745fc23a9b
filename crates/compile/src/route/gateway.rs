//! Route configurations of a gateway: what VirtualServices say about the hosts of its servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::networking::destination::Destination;
use sealane_xds::route::virtual_host::TlsRequirementType;
use sealane_xds::route::{Route, RouteConfiguration, VirtualHost};

use crate::declared::Declared;
use crate::gateway::{GatewayServer, MergedGateways};
use crate::host;
use crate::identity::ProxyIdentity;
use crate::mesh::MeshSettings;
use crate::names;
use crate::notes::Notes;
use crate::route::action::ActionInput;
use crate::route::matches::{self, Place};
use crate::route::sidecar;
use crate::route::translate::{self, HasMatch};
use crate::rule::Rules;
use crate::service::Service;
use crate::snapshot::Snapshot;
use crate::visibility::{self, Scope};

/// What the route configurations of a gateway are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatewayRoutes<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) scope: &'a Scope,
    pub(crate) merged: &'a MergedGateways,
}

/// A virtual host before its routes are in order. `sources` says which lists of routes it is made
/// of: equal sources are equal routes.
struct Draft {
    port: u16,
    domains: Vec<String>,
    sources: Vec<(String, String)>,
    routes: Vec<Route>,
    redirects: bool,
}

impl GatewayRoutes<'_> {
    /// The route configuration of this name.
    pub(crate) fn configuration(self, name: &str, notes: &mut Notes) -> RouteConfiguration {
        let none = Vec::new();
        let servers = self.merged.by_route.get(name).unwrap_or(&none);
        let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
        let mut translated: BTreeMap<(String, String), Vec<Route>> = BTreeMap::new();
        for server in servers {
            self.add_server(server, &mut drafts, &mut translated, notes);
        }
        let mut hosts: Vec<VirtualHost> = collapsed(drafts).into_iter().map(finished).collect();
        if let (true, Some(first)) = (hosts.is_empty(), servers.first()) {
            hosts.push(VirtualHost {
                name: names::virtual_host("blackhole", first.port),
                domains: vec!["*".to_owned()],
                ..VirtualHost::default()
            });
        }
        hosts.sort_by(|a, b| a.name.cmp(&b.name));
        sidecar::configuration(name, hosts)
    }

    fn add_server(
        self,
        server: &GatewayServer,
        drafts: &mut BTreeMap<String, Draft>,
        translated: &mut BTreeMap<(String, String), Vec<Route>>,
        notes: &mut Notes,
    ) {
        let namespace = &self.proxy.namespace;
        for rules in visibility::virtual_services_at(self.snapshot, namespace, &server.gateway) {
            let own = server.hosts_for(&rules.object.namespace);
            let common = host::intersection(&own, &rules.spec.hosts);
            if common.is_empty() {
                continue;
            }
            let key = (server.gateway.clone(), rules.object.to_string());
            if !translated.contains_key(&key) {
                let routes = self.translate(server, &rules, notes);
                if routes.is_empty() {
                    continue;
                }
                translated.insert(key.clone(), routes);
            }
            let routes = translated.get(&key).map_or(&[][..], Vec::as_slice);
            for name in common {
                let name = name.to_ascii_lowercase();
                let draft = drafts
                    .entry(name.clone())
                    .or_insert_with(|| draft(server, &name));
                draft.sources.push(key.clone());
                draft.routes.extend_from_slice(routes);
                draft.redirects |= server.redirects();
            }
        }
        if !server.redirects() {
            return;
        }
        for name in &server.server.hosts {
            let name = name.to_ascii_lowercase();
            drafts
                .entry(name.clone())
                .or_insert_with(|| draft(server, &name))
                .redirects = true;
        }
    }

    fn translate(
        self,
        server: &GatewayServer,
        rules: &Arc<Declared<Rules>>,
        notes: &mut Notes,
    ) -> Vec<Route> {
        let services = self.services_of(rules);
        let input = ActionInput {
            mesh: self.mesh(),
            scope: self.scope,
            place: Place {
                proxy: self.proxy,
                port: server.port,
                gateway: &server.gateway,
            },
            services: &services,
        };
        translate::rules(rules, input, server.server.tls.is_some(), notes)
    }

    fn mesh(&self) -> &MeshSettings {
        &self.snapshot.mesh
    }

    /// The services that a VirtualService's destinations are: those of its own namespace where
    /// the gateway sees them, else those that the gateway sees.
    fn services_of(self, rules: &Declared<Rules>) -> BTreeMap<String, Arc<Service>> {
        let mut found = BTreeMap::new();
        let mut add = |destination: &Destination| {
            let name = &destination.host;
            let own = self.snapshot.by_host.get(name);
            let own = own.and_then(|by_namespace| by_namespace.get(&rules.object.namespace));
            let own = own.filter(|service| service.export_to.includes(&self.proxy.namespace));
            if let Some(service) = own.or_else(|| self.scope.service(name)) {
                found.insert(name.clone(), service.clone());
            }
        };
        for rule in &rules.spec.http {
            rule.route.mirror.iter().for_each(&mut add);
            rule.route
                .mirrors
                .iter()
                .for_each(|mirror| add(&mirror.destination));
            rule.route
                .route
                .iter()
                .for_each(|route| add(&route.destination));
        }
        found
    }
}

fn draft(server: &GatewayServer, name: &str) -> Draft {
    Draft {
        port: server.port,
        domains: vec![name.to_owned()],
        sources: Vec::new(),
        routes: Vec::new(),
        redirects: false,
    }
}

/// Virtual hosts made of the same routes become one with all their domains, named after the first
/// of them.
fn collapsed(drafts: BTreeMap<String, Draft>) -> Vec<(String, Draft)> {
    let mut sorted: Vec<(String, Draft)> = drafts.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| more_specific_first(a, b));
    let mut merged: Vec<(String, Draft)> = Vec::new();
    for (name, draft) in sorted {
        let same = merged.iter_mut().find(|(_, other)| {
            other.sources == draft.sources && other.redirects == draft.redirects
        });
        match same {
            Some((_, other)) => other.domains.extend(draft.domains),
            None => merged.push((name, draft)),
        }
    }
    merged
}

/// Exact hosts before wildcards, longer ones before shorter ones, then by the alphabet.
fn more_specific_first(a: &str, b: &str) -> std::cmp::Ordering {
    let rank = |name: &str| (host::is_wildcard(name), std::cmp::Reverse(name.len()));
    rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))
}

/// The virtual host, with the routes that take every request behind all others.
fn finished((name, draft): (String, Draft)) -> VirtualHost {
    let is_last = |route: &Route| route.route_match().is_some_and(matches::is_catch_all);
    let (last, first): (Vec<Route>, Vec<Route>) = draft.routes.into_iter().partition(is_last);
    let require_tls = if draft.redirects {
        TlsRequirementType::All
    } else {
        TlsRequirementType::None
    };
    VirtualHost {
        name: names::virtual_host(&name, draft.port),
        domains: draft.domains,
        routes: first.into_iter().chain(last).collect(),
        require_tls: require_tls as i32,
        include_request_attempt_count: true,
        ..VirtualHost::default()
    }
}
