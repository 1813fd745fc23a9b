//! The servers of all Gateways that select a proxy, merged by port.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::diagnostic::Code;
use sealane_model::networking::gateway::{Gateway, Server};
use sealane_model::networking::server_tls::ServerTlsMode;

use crate::declared::Declared;
use crate::finding;
use crate::identity::ProxyIdentity;
use crate::notes::Notes;
use crate::origin::Origin;
use crate::protocol::Protocol;
use crate::snapshot::Snapshot;
use crate::targets::ServiceTarget;
use sealane_model::path::FieldPath;

/// A server of a Gateway, with whole hosts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GatewayServer {
    /// `NAMESPACE/NAME` of the Gateway.
    pub(crate) gateway: String,
    pub(crate) server: Server,
    pub(crate) protocol: Protocol,
    /// The number that the Gateway says.
    pub(crate) port: u16,
    /// The name of its route configuration; empty when it routes no requests.
    pub(crate) route_name: String,
    origin: Origin,
}

impl GatewayServer {
    pub(crate) fn bind(&self) -> &str {
        self.server.bind.as_deref().unwrap_or_default()
    }

    /// How it uses TLS; `None` when it does not.
    pub(crate) fn tls_mode(&self) -> Option<ServerTlsMode> {
        self.server
            .tls
            .as_ref()
            .map(|tls| tls.mode.unwrap_or_default())
    }

    /// Whether TLS goes through unopened.
    pub(crate) fn passes_through(&self) -> bool {
        matches!(
            self.tls_mode(),
            Some(ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough)
        )
    }

    /// Whether it opens TLS and routes the requests inside.
    pub(crate) fn is_https(&self) -> bool {
        self.protocol == Protocol::Https && !self.passes_through()
    }

    /// Whether it routes requests.
    fn is_http(&self) -> bool {
        self.protocol.is_http() || self.is_https()
    }

    /// Whether connections are told apart by TLS.
    fn is_tls(&self) -> bool {
        self.server.tls.is_some() && !self.protocol.is_http()
    }

    /// Whether plain requests are sent to HTTPS.
    pub(crate) fn redirects(&self) -> bool {
        self.server
            .tls
            .as_ref()
            .is_some_and(|tls| tls.https_redirect.unwrap_or_default())
    }

    /// A field of its TLS settings.
    pub(crate) fn tls_origin(&self, field: &str) -> Origin {
        let mut origin = self.origin.clone();
        origin.path = origin.path.field("tls").field(field);
        origin
    }

    /// The hosts without the namespace that restricts them, sorted.
    pub(crate) fn sni_hosts(&self) -> Vec<String> {
        let hosts = self.server.hosts.iter();
        let names: BTreeSet<&str> = hosts
            .map(|host| host.split_once('/').map_or(host.as_str(), |(_, name)| name))
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// The hosts that VirtualServices of a namespace may use.
    pub(crate) fn hosts_for(&self, namespace: &str) -> Vec<String> {
        let hosts = self
            .server
            .hosts
            .iter()
            .filter_map(|host| match host.split_once('/') {
                Some((scope, name)) => {
                    (scope == namespace || scope == "*").then(|| name.to_owned())
                }
                None => Some(host.clone()),
            });
        hosts.collect()
    }
}

/// A port that a gateway listens to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerPort {
    /// The number after translation by the gateway's Service.
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
    pub(crate) bind: String,
}

/// The servers of one port.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct MergedServers {
    pub(crate) servers: Vec<Arc<GatewayServer>>,
    /// The name of the route configuration that plain HTTP servers share.
    pub(crate) route_name: String,
}

/// All servers of a proxy.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct MergedGateways {
    /// Ports in the order in which they came up.
    pub(crate) ports: Vec<ServerPort>,
    pub(crate) servers: BTreeMap<ServerPort, MergedServers>,
    /// Servers by the name of their route configuration.
    pub(crate) by_route: BTreeMap<String, Vec<Arc<GatewayServer>>>,
    plain: BTreeMap<u16, ServerPort>,
    used: BTreeSet<u16>,
    tls_binds: BTreeMap<u16, BTreeSet<String>>,
    tls_hosts: BTreeMap<u16, BTreeMap<String, String>>,
}

impl MergedGateways {
    /// Merges the servers of all Gateways whose selector matches the proxy, the oldest first.
    pub(crate) fn new(
        snapshot: &Snapshot,
        proxy: &ProxyIdentity,
        targets: &[ServiceTarget],
        notes: &mut Notes,
    ) -> Self {
        let mut merged = Self::default();
        let selecting = snapshot
            .gateways
            .iter()
            .filter(|gateway| proxy.has_labels(&gateway.spec.selector));
        for gateway in selecting {
            for index in 0..gateway.spec.servers.len() {
                if let Some((server, port)) = server(gateway, index, targets) {
                    merged.add(server, port, notes);
                }
            }
        }
        merged
    }

    /// Whether some server passes TLS of the mesh through by its SNI.
    pub(crate) fn passes_mesh_tls(&self) -> bool {
        let mut servers = self.servers.values().flat_map(|merged| &merged.servers);
        servers.any(|server| server.tls_mode() == Some(ServerTlsMode::AutoPassthrough))
    }

    fn add(&mut self, server: GatewayServer, number: u16, notes: &mut Notes) {
        let server = Arc::new(server);
        if server.server.tls.is_some() && !self.claim_hosts(&server, number) {
            notes.finding(conflict(
                &server,
                "a host of it is served on this port already",
            ));
            return;
        }
        let bind = server.bind().to_owned();
        let port = ServerPort {
            number,
            protocol: server.protocol,
            bind,
        };
        let problem = if !self.used.contains(&number) {
            self.used.insert(number);
            self.add_first(port, &server);
            None
        } else if let Some(current) = self.plain.get(&number).cloned() {
            self.add_beside_plain(&current, port, &server)
        } else {
            self.add_beside_tls(port, &server)
        };
        if let Some(problem) = problem {
            notes.finding(conflict(&server, problem));
        }
    }

    /// Takes the server's hosts on a port; `false` when one is taken under the same bind address.
    fn claim_hosts(&mut self, server: &GatewayServer, number: u16) -> bool {
        let known = self.tls_hosts.entry(number).or_default();
        let bind = server.bind();
        let taken = |host: &String| known.get(host).is_some_and(|other| other == bind);
        if server.server.hosts.iter().any(taken) {
            return false;
        }
        known.extend(
            server
                .server
                .hosts
                .iter()
                .map(|host| (host.clone(), bind.to_owned())),
        );
        true
    }

    fn add_first(&mut self, port: ServerPort, server: &Arc<GatewayServer>) {
        if !server.is_tls() {
            self.plain.insert(port.number, port.clone());
        }
        if server.is_http() {
            self.by_route
                .insert(server.route_name.clone(), vec![server.clone()]);
        }
        let merged = MergedServers {
            servers: vec![server.clone()],
            route_name: server.route_name.clone(),
        };
        self.servers.insert(port.clone(), merged);
        self.ports.push(port);
    }

    fn add_beside_plain(
        &mut self,
        current: &ServerPort,
        port: ServerPort,
        server: &Arc<GatewayServer>,
    ) -> Option<&'static str> {
        let same_bind = current.bind == port.bind;
        let mergeable = port.protocol.is_http() && current.protocol.is_http();
        if same_bind && !mergeable {
            return Some("the port speaks another protocol already");
        }
        if same_bind && server.route_name.is_empty() {
            return Some("the port is taken");
        }
        if same_bind {
            let merged = self.servers.entry(current.clone()).or_default();
            merged.servers.push(server.clone());
        } else if let Some(merged) = self.servers.get_mut(&port) {
            merged.route_name.clone_from(&server.route_name);
            merged.servers.push(server.clone());
        } else {
            self.add_first(port, server);
            return None;
        }
        self.by_route
            .entry(server.route_name.clone())
            .or_default()
            .push(server.clone());
        None
    }

    fn add_beside_tls(
        &mut self,
        port: ServerPort,
        server: &Arc<GatewayServer>,
    ) -> Option<&'static str> {
        if !server.is_tls() {
            self.add_first(port, server);
            return None;
        }
        if server.is_http() {
            if self.by_route.contains_key(&server.route_name) {
                return Some("another server of the Gateway has the same port name");
            }
            self.by_route
                .insert(server.route_name.clone(), vec![server.clone()]);
        }
        self.tls_binds
            .entry(port.number)
            .or_default()
            .insert(port.bind.clone());
        if !self.servers.contains_key(&port) {
            self.ports.push(port.clone());
        }
        self.servers
            .entry(port)
            .or_default()
            .servers
            .push(server.clone());
        None
    }
}

fn conflict(server: &GatewayServer, problem: &str) -> finding::Finding {
    let text = format!("{problem}: this server is left out");
    finding::at(Code::GatewayConflict, &server.origin, text)
}

/// A server of a Gateway and the port that the proxy listens to for it.
fn server(
    gateway: &Arc<Declared<Gateway>>,
    index: usize,
    targets: &[ServiceTarget],
) -> Option<(GatewayServer, u16)> {
    let mut server = gateway.spec.servers.get(index)?.clone();
    let number = u16::try_from(server.port.number).ok()?;
    let protocol = Protocol::parse(&server.port.protocol);
    let namespace = &gateway.object.namespace;
    for host in &mut server.hosts {
        *host = match host.split_once('/') {
            Some((".", name)) => format!("{namespace}/{name}"),
            Some(("*", name)) => name.to_owned(),
            Some(_) | None => host.clone(),
        };
    }
    let port = listened_port(number, targets);
    let mut built = GatewayServer {
        gateway: format!("{namespace}/{}", gateway.object.name),
        server,
        protocol,
        port: number,
        route_name: String::new(),
        origin: Origin {
            object: gateway.object.clone(),
            path: FieldPath::root().field("servers").index(index),
        },
    };
    built.route_name = route_name(&built, port, gateway);
    Some((built, port))
}

/// The workload's port behind a port of the gateway's Service; the number itself when no Service
/// has it.
fn listened_port(number: u16, targets: &[ServiceTarget]) -> u16 {
    let untranslated = "experimental.istio.io/disable-gateway-port-translation";
    let mut behind = targets.iter().filter(|target| {
        target.port.number == number && !target.service.labels.contains_key(untranslated)
    });
    behind.next().map_or(number, |target| target.target)
}

fn route_name(server: &GatewayServer, port: u16, gateway: &Declared<Gateway>) -> String {
    let bind = match server.bind() {
        "" => String::new(),
        bind => format!(".{bind}"),
    };
    if server.protocol.is_http() {
        return format!("http.{port}{bind}");
    }
    if server.is_https() {
        let object = &gateway.object;
        let name = &server.server.port.name;
        return format!(
            "https.{}.{name}.{}.{}{bind}",
            server.port, object.name, object.namespace
        );
    }
    String::new()
}
