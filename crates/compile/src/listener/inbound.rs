//! What a sidecar catches of calls to its workload: `virtualInbound`, with a chain for each port
//! that a service has, in plain text.

use std::collections::BTreeMap;

use sealane_model::networking::sidecar::{CaptureMode, IstioIngressListener};
use sealane_xds::any;
use sealane_xds::core::{Metadata, TrafficDirection};
use sealane_xds::listener::listener_filter_chain_match_predicate::{MatchSet, Rule};
use sealane_xds::listener::{
    Filter, FilterChain, FilterChainMatch, Listener, ListenerFilter,
    ListenerFilterChainMatchPredicate, listener_filter,
};
use sealane_xds::names::VIRTUAL_INBOUND;
use sealane_xds::original_dst::OriginalDst;

use crate::listener::chains::{self, PLAIN_HTTP, RAW_BUFFER};
use crate::listener::http::{self, Class, HttpInput, Routes};
use crate::listener::tcp;
use crate::mesh::MeshSettings;
use crate::message::{self, ISTIO};
use crate::names;
use crate::origin;
use crate::protocol::Protocol;
use crate::route::inbound::{self, InboundRoute};
use crate::service::NO_ADDRESS;
use crate::targets::ServiceTarget;
use crate::visibility::Scope;

/// What the inbound listeners of a sidecar are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InboundListeners<'a> {
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) scope: &'a Scope,
    pub(crate) targets: &'a [ServiceTarget],
}

/// One port of the workload.
#[derive(Debug, Clone)]
struct InboundPort {
    /// The workload's port; 0 stands for all that no service has.
    target: u16,
    /// The service's port.
    service_port: u16,
    protocol: Protocol,
    /// The host that traces name.
    host: String,
    cluster: String,
    bind: String,
    /// Whether it has a socket of its own.
    bound: bool,
    metadata: Option<Metadata>,
}

impl InboundPort {
    fn passes_through(&self) -> bool {
        self.target == 0
    }

    fn chain_name(&self, http: bool) -> String {
        match (self.passes_through(), http) {
            (true, true) => "virtualInbound-catchall-http".to_owned(),
            (true, false) => VIRTUAL_INBOUND.to_owned(),
            (false, _) => names::listener(&self.bind, self.target),
        }
    }

    fn stat_prefix(&self) -> String {
        if self.passes_through() {
            self.cluster.clone()
        } else {
            format!("inbound_{}", self.chain_name(true))
        }
    }
}

impl InboundListeners<'_> {
    /// The listeners, `virtualInbound` first.
    pub(crate) fn build(self) -> Vec<Listener> {
        let mut caught = vec![self.black_hole()];
        caught.extend(self.chains(&undeclared_ports()));
        let mut bound = Vec::new();
        for port in self.ports() {
            let chains = self.chains(&port);
            if port.bound {
                let name = names::listener(&port.bind, port.target);
                bound.push(self.listener(&name, &port.bind, port.target, chains));
            } else {
                caught.extend(chains);
            }
        }
        let number = self.mesh.proxy_inbound_listen_port;
        let mut listeners = vec![self.listener(VIRTUAL_INBOUND, NO_ADDRESS, number, caught)];
        listeners.extend(bound);
        listeners
    }

    /// The workload's ports: those of a Sidecar's ingress where it declares any, else those that
    /// services have. Of two services with one port the oldest decides what is spoken.
    fn ports(self) -> Vec<InboundPort> {
        let sidecar = self.scope.sidecar.as_ref();
        let mut ports: BTreeMap<u16, InboundPort> = BTreeMap::new();
        match sidecar.filter(|sidecar| !sidecar.spec.ingress.is_empty()) {
            Some(sidecar) => {
                let object = &sidecar.object;
                let mut metadata = Metadata::default();
                let path = origin::api_path(object);
                message::put_metadata(&mut metadata, ISTIO, "config", message::text_value(&path));
                let host = format!("{}.{}", object.name, object.namespace);
                for listener in &sidecar.spec.ingress {
                    if let Some(mut port) = ingress_port(listener, &host) {
                        port.metadata = Some(metadata.clone());
                        ports.entry(port.target).or_insert(port);
                    }
                }
            }
            None => {
                for target in self
                    .targets
                    .iter()
                    .filter(|t| t.port.protocol != Protocol::Udp)
                {
                    ports
                        .entry(target.target)
                        .or_insert_with(|| service_port(target));
                }
            }
        }
        ports.into_values().collect()
    }

    fn chains(self, port: &InboundPort) -> Vec<FilterChain> {
        let (http, tcp) = if port.protocol == Protocol::Unsupported {
            (true, true)
        } else {
            (port.protocol.is_http(), !port.protocol.is_http())
        };
        let mut all = Vec::new();
        if http {
            let sniffed: &[&str] = if tcp { &PLAIN_HTTP } else { &[] };
            all.push(chain(port, true, sniffed, self.http(port)));
        }
        if tcp {
            all.push(chain(port, false, &[], tcp::plain(&port.cluster)));
        }
        all
    }

    fn http(self, port: &InboundPort) -> Filter {
        let operation = format!("{}:{}/*", port.host, port.service_port);
        let routes = inbound::configuration(InboundRoute {
            mesh: self.mesh,
            cluster: &port.cluster,
            service_port: port.service_port,
            operation: &operation,
            is_grpc: port.protocol.is_grpc(),
        });
        http::connection_manager(HttpInput {
            mesh: self.mesh,
            class: Class::Inbound,
            routes: Routes::Inline(Box::new(routes)),
            stat_prefix: names::delimited(&port.stat_prefix()),
            protocol: port.protocol,
            dynamic: None,
        })
    }

    fn listener(self, name: &str, bind: &str, port: u16, chains: Vec<FilterChain>) -> Listener {
        Listener {
            name: name.to_owned(),
            address: Some(message::address(bind, u32::from(port))),
            listener_filters: listener_filters(&chains, name == VIRTUAL_INBOUND),
            filter_chains: chains,
            listener_filters_timeout: Some(message::duration(self.mesh.protocol_detection_timeout)),
            continue_on_listener_filters_timeout: true,
            traffic_direction: TrafficDirection::Inbound as i32,
            max_connections_to_accept_per_socket_event: Some(message::u32_value(1)),
            ..Listener::default()
        }
    }

    /// Calls to the listener's own port would go round for ever.
    fn black_hole(self) -> FilterChain {
        FilterChain {
            name: "virtualInbound-blackhole".to_owned(),
            filter_chain_match: Some(FilterChainMatch {
                destination_port: Some(message::u32_value(u32::from(
                    self.mesh.proxy_inbound_listen_port,
                ))),
                ..FilterChainMatch::default()
            }),
            filters: vec![tcp::plain(names::BLACK_HOLE)],
            ..FilterChain::default()
        }
    }
}

fn undeclared_ports() -> InboundPort {
    InboundPort {
        target: 0,
        service_port: 0,
        protocol: Protocol::Unsupported,
        host: String::new(),
        cluster: names::INBOUND_PASSTHROUGH.to_owned(),
        bind: NO_ADDRESS.to_owned(),
        bound: false,
        metadata: None,
    }
}

fn service_port(target: &ServiceTarget) -> InboundPort {
    InboundPort {
        target: target.target,
        service_port: target.port.number,
        protocol: target.port.protocol,
        host: target.service.host.clone(),
        cluster: names::inbound_cluster(target.target),
        bind: NO_ADDRESS.to_owned(),
        bound: false,
        metadata: None,
    }
}

fn ingress_port(listener: &IstioIngressListener, host: &str) -> Option<InboundPort> {
    let number = u16::try_from(listener.port.number?).ok()?;
    let bind = listener.bind.as_deref().filter(|bind| !bind.is_empty());
    Some(InboundPort {
        target: number,
        service_port: number,
        protocol: Protocol::parse(listener.port.protocol.as_deref().unwrap_or_default()),
        host: host.to_owned(),
        cluster: names::inbound_cluster(number),
        bind: bind.unwrap_or(NO_ADDRESS).to_owned(),
        bound: listener.capture_mode == Some(CaptureMode::None),
        metadata: None,
    })
}

fn chain(port: &InboundPort, http: bool, protocols: &[&str], filter: Filter) -> FilterChain {
    let number = u32::from(port.target);
    FilterChain {
        name: port.chain_name(http),
        filter_chain_match: Some(FilterChainMatch {
            destination_port: (number > 0).then(|| message::u32_value(number)),
            transport_protocol: RAW_BUFFER.to_owned(),
            application_protocols: protocols.iter().map(|name| (*name).to_owned()).collect(),
            ..FilterChainMatch::default()
        }),
        filters: vec![filter],
        metadata: port.metadata.clone(),
        ..FilterChain::default()
    }
}

/// The original destination where connections are caught, and a look at the first bytes where
/// HTTP has to be told from the rest (and only on the ports where it has).
fn listener_filters(chains: &[FilterChain], caught: bool) -> Vec<ListenerFilter> {
    let mut filters = Vec::new();
    if caught {
        filters.push(ListenerFilter {
            name: "envoy.filters.listener.original_dst".to_owned(),
            config_type: Some(listener_filter::ConfigType::TypedConfig(any::pack(
                &OriginalDst::default(),
            ))),
            ..ListenerFilter::default()
        });
    }
    let mut sniffed: BTreeMap<u16, bool> = BTreeMap::new();
    for found in chains
        .iter()
        .filter_map(|chain| chain.filter_chain_match.as_ref())
    {
        let port = found
            .destination_port
            .as_ref()
            .map(|port| port.value)
            .unwrap_or_default();
        let looks = found
            .application_protocols
            .iter()
            .any(|name| PLAIN_HTTP.contains(&&**name));
        *sniffed
            .entry(u16::try_from(port).unwrap_or_default())
            .or_default() |= looks;
    }
    if !sniffed.values().any(|looks| *looks) {
        return filters;
    }
    let without = sniffed
        .iter()
        .filter(|(_, looks)| !**looks)
        .map(|(port, _)| *port)
        .collect();
    filters.push(ListenerFilter {
        filter_disabled: on_ports(without),
        ..chains::http_inspector()
    });
    filters
}

fn on_ports(ports: Vec<u16>) -> Option<ListenerFilterChainMatchPredicate> {
    let mut rules: Vec<ListenerFilterChainMatchPredicate> = ports
        .into_iter()
        .map(|port| ListenerFilterChainMatchPredicate {
            rule: Some(Rule::DestinationPortRange(chains::port_range(port))),
        })
        .collect();
    if rules.len() < 2 {
        return rules.pop();
    }
    Some(ListenerFilterChainMatchPredicate {
        rule: Some(Rule::OrMatch(MatchSet { rules })),
    })
}
