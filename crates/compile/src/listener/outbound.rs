//! What a sidecar catches of its workload's calls: one listener for each port of HTTP, one for
//! each address of TCP, and `virtualOutbound` for the rest.

use std::net::IpAddr;
use std::sync::Arc;

use sealane_model::networking::sidecar::CaptureMode;
use sealane_xds::listener::Listener;

use crate::declared::Declared;
use crate::host;
use crate::identity::ProxyIdentity;
use crate::listener::chains::Chain;
use crate::listener::entry::{Entries, Entry, Finish};
use crate::listener::http::{self, Class, HttpInput, Routes, outbound_stat_prefix};
use crate::listener::own::{self, LOCALHOST};
use crate::listener::tcp::TcpInput;
use crate::listener::tcp_rules::ServiceChains;
use crate::mesh::MeshSettings;
use crate::names;
use crate::notes::Notes;
use crate::protocol::Protocol;
use crate::route::catch_all;
use crate::rule::Rules;
use crate::service::{NO_ADDRESS, Port, Registry, Resolution, Service};
use crate::visibility::{Egress, Scope};

/// What the outbound listeners of a sidecar are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutboundListeners<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) scope: &'a Scope,
}

/// One port of one service, and where it is caught.
#[derive(Debug, Clone, Copy)]
struct Offer<'a> {
    service: &'a Arc<Service>,
    port: &'a Port,
    /// An address that a Sidecar or the workload's pod gives; empty for none.
    bind: &'a str,
    bound: bool,
    egress: &'a Egress,
}

impl OutboundListeners<'_> {
    /// The listeners, sorted by name.
    pub(crate) fn build(self, notes: &mut Notes) -> Vec<Listener> {
        let mut entries = Entries::new();
        for egress in &self.scope.egress {
            self.add_egress(egress, &mut entries, notes);
        }
        let undeclared = if self.scope.outbound.allow_any {
            catch_all::egress_cluster(&self.scope.outbound)
        } else {
            names::BLACK_HOLE.to_owned()
        };
        let with = Finish {
            mesh: self.mesh,
            undeclared: &undeclared,
        };
        let mut listeners: Vec<Listener> = entries
            .into_values()
            .map(|entry| entry.finish(with))
            .collect();
        if self.mesh.proxy_http_port > 0 {
            listeners.push(own::http_proxy(with));
        }
        listeners.push(own::virtual_outbound(with));
        listeners.sort_by(|a, b| a.name.cmp(&b.name));
        listeners
    }

    fn add_egress(self, egress: &Egress, entries: &mut Entries, notes: &mut Notes) {
        let listener = egress.listener.as_ref();
        let capture = listener
            .and_then(|listener| listener.capture_mode)
            .unwrap_or_default();
        let bound = capture == CaptureMode::None || egress.bind().starts_with("unix://");
        let bind = match egress.bind() {
            "" if bound => LOCALHOST,
            bind => bind,
        };
        if let (Some(number), Some(protocol)) = (egress.port(), egress.protocol()) {
            let port = Port {
                name: String::new(),
                number,
                protocol,
            };
            for service in &egress.services {
                let offer = Offer {
                    service,
                    port: &port,
                    bind,
                    bound,
                    egress,
                };
                self.add(offer, entries, notes);
            }
            return;
        }
        for entry in entries.values_mut() {
            entry.locked = true;
        }
        for service in &egress.services {
            for port in &service.ports {
                let offer = Offer {
                    service,
                    port,
                    bind,
                    bound,
                    egress,
                };
                self.add_service_port(offer, entries, notes);
            }
        }
    }

    /// TCP of a headless service is caught at the address of each of its pods.
    fn add_service_port(self, offer: Offer<'_>, entries: &mut Entries, notes: &mut Notes) {
        let service = offer.service;
        let by_pod = offer.bind.is_empty()
            && service.resolution == Resolution::Passthrough
            && service.address() == NO_ADDRESS
            && !offer.port.protocol.is_http()
            && offer.port.protocol != Protocol::Udp;
        let endpoints = service.endpoints_of(offer.port.number);
        let declared_alone = service.registry == Registry::External
            && endpoints.is_empty()
            && service.selector.is_empty();
        if !by_pod || declared_alone {
            self.add(offer, entries, notes);
            return;
        }
        let addresses = endpoints.iter().map(|endpoint| endpoint.address.as_str());
        for address in addresses.filter(|address| *address != self.proxy.ip) {
            if address.parse::<IpAddr>().is_ok() {
                self.add(
                    Offer {
                        bind: address,
                        ..offer
                    },
                    entries,
                    notes,
                );
            }
        }
    }

    fn add(self, offer: Offer<'_>, entries: &mut Entries, notes: &mut Notes) {
        let protocol = offer.port.protocol;
        if offer.service.resolution == Resolution::Alias || protocol == Protocol::Udp {
            return;
        }
        let (bind, ranges) = binding(offer);
        let key = (bind.clone(), offer.port.number);
        if entries.get(&key).is_some_and(|entry| entry.locked) {
            return;
        }
        let existing = entries.get_mut(&key);
        // Of servers that speak first nothing can be told by looking.
        let speaks_first = |protocol| matches!(protocol, Protocol::Mongo | Protocol::MySql);
        if let Some(entry) = &existing
            && entry.protocol != protocol
            && (speaks_first(entry.protocol) || speaks_first(protocol))
        {
            return;
        }
        if protocol.is_http() {
            self.add_http(offer, bind, entries);
            return;
        }
        let chains = self.tcp_chains(offer, &bind, &ranges, notes);
        self.add_tcp(offer, bind, chains, entries);
    }

    /// HTTP of all services shares the listener of the port; its routes tell them apart.
    fn add_http(self, offer: Offer<'_>, bind: String, entries: &mut Entries) {
        let key = (bind.clone(), offer.port.number);
        let shared = bind == NO_ADDRESS && offer.port.protocol != Protocol::HttpProxy;
        let chain = self.http_chain(offer, &bind);
        let chain = if shared {
            chain.for_plain_http()
        } else {
            chain
        };
        match entries.get_mut(&key) {
            Some(entry) if entry.protocol.is_tcp() => {
                entry.merge(vec![chain]);
                entry.protocol = Protocol::Unsupported;
            }
            Some(_) => {}
            None => {
                let mut entry = entry(offer, bind, vec![chain]);
                if shared {
                    entry.protocol = Protocol::Unsupported;
                }
                entries.insert(key, entry);
            }
        }
    }

    fn add_tcp(self, offer: Offer<'_>, bind: String, chains: Vec<Chain>, entries: &mut Entries) {
        let key = (bind.clone(), offer.port.number);
        let protocol = offer.port.protocol;
        let sniffed = protocol == Protocol::Unsupported;
        let with_http = |mut chains: Vec<Chain>| {
            chains.push(self.http_chain(offer, &bind).for_plain_http());
            chains
        };
        match entries.get_mut(&key) {
            Some(existing) if sniffed && existing.protocol.is_http() => {
                let chains = with_http(chains);
                *existing = entry(offer, bind, chains);
            }
            Some(existing) if sniffed && existing.protocol.is_tcp() => {
                existing.merge(with_http(chains));
                existing.protocol = Protocol::Unsupported;
            }
            // A listener that looks at what is spoken is never widened by another such port.
            Some(_) if sniffed => {}
            Some(existing) => {
                existing.merge(chains);
                if existing.protocol.is_http() {
                    existing.protocol = Protocol::Unsupported;
                }
            }
            None => {
                let chains = if sniffed { with_http(chains) } else { chains };
                entries.insert(key, entry(offer, bind, chains));
            }
        }
    }

    fn tcp_chains(
        self,
        offer: Offer<'_>,
        bind: &str,
        ranges: &[String],
        notes: &mut Notes,
    ) -> Vec<Chain> {
        let about: Vec<Arc<Declared<Rules>>> = offer
            .egress
            .virtual_services
            .iter()
            .filter(|rules| {
                rules
                    .spec
                    .hosts
                    .iter()
                    .any(|h| host::overlaps(h, &offer.service.host))
            })
            .cloned()
            .collect();
        let chains = ServiceChains {
            input: TcpInput {
                proxy: self.proxy,
                scope: self.scope,
            },
            service: offer.service,
            port: offer.port.number,
            protocol: offer.port.protocol,
            ranges,
            bind,
            rules: &about,
            domain_suffix: &self.mesh.domain_suffix,
        };
        chains.build(notes)
    }

    fn http_chain(self, offer: Offer<'_>, bind: &str) -> Chain {
        let port = offer.port.number;
        let routes = if port == 0 {
            bind.to_owned()
        } else if offer.port.protocol == Protocol::Unsupported && bind != NO_ADDRESS {
            format!("{}:{port}", offer.service.host)
        } else {
            port.to_string()
        };
        Chain::of(http::connection_manager(HttpInput {
            mesh: self.mesh,
            class: Class::Outbound,
            routes: Routes::Named(routes),
            stat_prefix: outbound_stat_prefix(&names::listener(bind, port)),
            protocol: offer.port.protocol,
            dynamic: offer.service.is_dynamic().then_some(&*offer.service.host),
        }))
    }
}

/// The address that an offer is caught at, and the ranges of its addresses where it is all of
/// them.
fn binding(offer: Offer<'_>) -> (String, Vec<String>) {
    if !offer.bind.is_empty() {
        return (offer.bind.to_owned(), Vec::new());
    }
    let address = offer.service.address();
    if offer.port.protocol.is_http() {
        (NO_ADDRESS.to_owned(), Vec::new())
    } else if address.contains('/') {
        (NO_ADDRESS.to_owned(), offer.service.addresses.clone())
    } else {
        (address.to_owned(), Vec::new())
    }
}

/// An empty listener for an offer.
fn entry(offer: Offer<'_>, bind: String, chains: Vec<Chain>) -> Entry {
    Entry {
        bind,
        port: offer.port.number,
        bound: offer.bound,
        protocol: offer.port.protocol,
        chains,
        locked: false,
    }
}
