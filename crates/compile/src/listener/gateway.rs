//! What a gateway serves: a listener for each port and bind address of its servers.

use std::collections::{BTreeMap, BTreeSet};

use sealane_model::networking::server_tls::ServerTlsMode;
use sealane_model::networking::virtual_service::{L4MatchAttributes, TlsMatchAttributes};
use sealane_xds::core::TrafficDirection;
use sealane_xds::listener::Listener;

use crate::declared::Declared;
use crate::gateway::{GatewayServer, MergedGateways, ServerPort};
use crate::host;
use crate::identity::ProxyIdentity;
use crate::listener::chains::{self, Chain};
use crate::listener::http::{self, Class, HttpInput, Routes, outbound_stat_prefix};
use crate::listener::server_tls;
use crate::listener::tcp::{self, RoutedBy, TcpInput};
use crate::listener::tcp_rules;
use crate::message;
use crate::names;
use crate::notes::Notes;
use crate::protocol::Protocol;
use crate::rule::Rules;
use crate::service::NO_ADDRESS;
use crate::snapshot::Snapshot;
use crate::visibility::{self, Scope};

const ISTIO_ALPN: [&str; 5] = [
    "istio",
    "istio-peer-exchange",
    "istio-http/1.0",
    "istio-http/1.1",
    "istio-h2",
];

/// What the listeners of a gateway are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatewayListeners<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) scope: &'a Scope,
    pub(crate) merged: &'a MergedGateways,
}

/// Names that TLS clients ask for, by port and bind address: each has one chain.
type TakenNames = BTreeSet<(u16, String, String)>;

impl GatewayListeners<'_> {
    /// The listeners, sorted by name.
    pub(crate) fn build(self, notes: &mut Notes) -> Vec<Listener> {
        let mut by_name: BTreeMap<String, (ServerPort, Vec<Chain>)> = BTreeMap::new();
        let mut taken = TakenNames::new();
        for port in &self.merged.ports {
            let bind = if port.bind.is_empty() {
                NO_ADDRESS
            } else {
                &port.bind
            };
            let name = names::listener(bind, port.number);
            let chains = self.chains(port, &name, &mut taken, notes);
            by_name
                .entry(name)
                .or_insert_with(|| (port.clone(), Vec::new()))
                .1
                .extend(chains);
        }
        let built = by_name
            .into_iter()
            .filter(|(_, (_, chains))| !chains.is_empty());
        built
            .map(|(name, (port, chains))| listener(name, &port, chains))
            .collect()
    }

    fn chains(
        self,
        port: &ServerPort,
        listener: &str,
        taken: &mut TakenNames,
        notes: &mut Notes,
    ) -> Vec<Chain> {
        let Some(merged) = self.merged.servers.get(port) else {
            return Vec::new();
        };
        if port.protocol.is_http() {
            let stat_prefix = outbound_stat_prefix(listener);
            return vec![self.http(&merged.route_name, stat_prefix, port.protocol)];
        }
        let mut chains = Vec::new();
        for server in &merged.servers {
            if server.is_https() {
                chains.push(self.https(server, listener));
            } else if server.passes_through() {
                chains.extend(self.pass_through(server, port, taken, notes));
            } else {
                chains.extend(self.tcp(server, notes));
            }
        }
        chains
    }

    fn http(self, routes: &str, stat_prefix: String, protocol: Protocol) -> Chain {
        Chain::of(http::connection_manager(HttpInput {
            mesh: &self.snapshot.mesh,
            class: Class::Gateway,
            routes: Routes::Named(routes.to_owned()),
            stat_prefix,
            protocol,
            dynamic: None,
        }))
    }

    fn https(self, server: &GatewayServer, listener: &str) -> Chain {
        let own = server
            .server
            .name
            .as_deref()
            .filter(|name| !name.is_empty());
        let stat_prefix = own.map_or_else(|| outbound_stat_prefix(listener), str::to_owned);
        Chain {
            sni_hosts: server.sni_hosts(),
            transport_socket: server
                .server
                .tls
                .as_ref()
                .map(|tls| server_tls::socket(tls, false)),
            ..self.http(&server.route_name, stat_prefix, server.protocol)
        }
    }

    fn input(&self) -> TcpInput<'_> {
        TcpInput {
            proxy: self.proxy,
            scope: self.scope,
        }
    }

    fn rules(&self, server: &GatewayServer) -> Vec<std::sync::Arc<Declared<Rules>>> {
        let namespace = &self.proxy.namespace;
        let all = visibility::virtual_services_at(self.snapshot, namespace, &server.gateway);
        all.into_iter()
            .filter(|rules| shares_a_host(server, rules))
            .collect()
    }

    /// The first `tcp` rule about the server's hosts takes all connections.
    fn tcp(self, server: &GatewayServer, notes: &mut Notes) -> Option<Chain> {
        let tls = server.server.tls.as_ref();
        for rules in self.rules(server) {
            for rule in rules
                .spec
                .tcp
                .iter()
                .filter(|rule| !rule.route.route.is_empty())
            {
                let holds = |entry: &L4MatchAttributes| holds(entry.port, &entry.gateways, server);
                if !rule.route.matches.is_empty() && !rule.route.matches.iter().any(holds) {
                    continue;
                }
                let stat_prefix = stat_prefix(&rules);
                let by = RoutedBy {
                    origin: &rule.origin,
                    stat_prefix: &stat_prefix,
                };
                let routes = &rule.route.route;
                let filter = tcp::to_destinations(routes, server.port, by, self.input(), notes)?;
                return Some(Chain {
                    sni_hosts: if tls.is_some() {
                        server.sni_hosts()
                    } else {
                        Vec::new()
                    },
                    transport_socket: tls.map(|tls| server_tls::socket(tls, true)),
                    metadata: Some(tcp_rules::sealane_metadata(&rules, &rule.origin)),
                    ..Chain::of(filter)
                });
            }
        }
        None
    }

    /// TLS by the names that clients ask for, unopened.
    fn pass_through(
        self,
        server: &GatewayServer,
        port: &ServerPort,
        taken: &mut TakenNames,
        notes: &mut Notes,
    ) -> Vec<Chain> {
        if server.tls_mode() == Some(ServerTlsMode::AutoPassthrough) {
            return self.auto_pass_through(server);
        }
        let mut chains = Vec::new();
        let rules = self.rules(server);
        let rules = rules
            .iter()
            .flat_map(|rules| rules.spec.tls.iter().map(move |rule| (rules, rule)));
        for (rules, rule) in rules.filter(|(_, rule)| !rule.route.route.is_empty()) {
            let holds = |entry: &&TlsMatchAttributes| holds(entry.port, &entry.gateways, server);
            for entry in rule.route.matches.iter().filter(holds) {
                let name = |host: &String| (port.number, server.bind().to_owned(), host.clone());
                if entry
                    .sni_hosts
                    .iter()
                    .any(|host| taken.contains(&name(host)))
                {
                    continue;
                }
                taken.extend(entry.sni_hosts.iter().map(name));
                let stat_prefix = stat_prefix(rules);
                let by = RoutedBy {
                    origin: &rule.origin,
                    stat_prefix: &stat_prefix,
                };
                let routes = &rule.route.route;
                let filter = tcp::to_destinations(routes, server.port, by, self.input(), notes);
                chains.extend(filter.map(|filter| Chain {
                    sni_hosts: entry.sni_hosts.clone(),
                    metadata: Some(tcp_rules::sealane_metadata(rules, &rule.origin)),
                    ..Chain::of(filter)
                }));
            }
        }
        chains
    }

    /// TLS of the mesh, by the names of clusters.
    fn auto_pass_through(self, server: &GatewayServer) -> Vec<Chain> {
        let hosts = server.sni_hosts();
        let inside = self.scope.services.iter().filter(|service| {
            !service.mesh_external && hosts.iter().any(|host| host::covers(host, &service.host))
        });
        let mut chains = Vec::new();
        for service in inside {
            let rule = self.scope.destination_rule(self.proxy, &service.host);
            let subsets = rule
                .map(|rule| rule.spec.subsets.as_slice())
                .unwrap_or_default();
            let names = subsets.iter().map(|subset| subset.name.as_str());
            for port in service
                .ports
                .iter()
                .filter(|port| port.protocol != Protocol::Udp)
            {
                for subset in std::iter::once("").chain(names.clone()) {
                    let cluster = names::sni_cluster(&service.host, subset, port.number);
                    chains.push(Chain {
                        sni_hosts: vec![cluster.clone()],
                        application_protocols: ISTIO_ALPN.map(str::to_owned).to_vec(),
                        ..Chain::of(tcp::to_sni_cluster(&cluster, &service.host, self.input()))
                    });
                }
            }
        }
        chains
    }
}

fn stat_prefix(rules: &Declared<Rules>) -> String {
    format!("{}.{}", rules.object.name, rules.object.namespace)
}

fn shares_a_host(server: &GatewayServer, rules: &Declared<Rules>) -> bool {
    let hosts = server.hosts_for(&rules.object.namespace);
    rules
        .spec
        .hosts
        .iter()
        .any(|host| hosts.iter().any(|own| host::overlaps(own, host)))
}

/// At a gateway, connections are matched by port and gateway only.
fn holds(port: Option<u32>, gateways: &[String], server: &GatewayServer) -> bool {
    let port = port.unwrap_or_default();
    (port == 0 || port == u32::from(server.port))
        && (gateways.is_empty() || gateways.contains(&server.gateway))
}

fn listener(name: String, port: &ServerPort, chains: Vec<Chain>) -> Listener {
    let bind = if port.bind.is_empty() {
        NO_ADDRESS
    } else {
        &port.bind
    };
    let tls = chains.iter().any(Chain::needs_tls_inspector);
    Listener {
        name,
        address: Some(message::address(bind, u32::from(port.number))),
        listener_filters: if tls {
            vec![chains::tls_inspector()]
        } else {
            Vec::new()
        },
        filter_chains: chains.into_iter().map(Chain::build).collect(),
        traffic_direction: TrafficDirection::Outbound as i32,
        max_connections_to_accept_per_socket_event: Some(message::u32_value(1)),
        ..Listener::default()
    }
}
