//! A listener of a sidecar while the ports of services are added to it.

use std::collections::BTreeMap;
use std::time::Duration;

use sealane_xds::core::TrafficDirection;
use sealane_xds::listener::{FilterChain, FilterChainMatch, Listener};

use crate::listener::chains::{self, Chain};
use crate::listener::tcp;
use crate::mesh::MeshSettings;
use crate::message;
use crate::names;
use crate::protocol::Protocol;

/// A listener to be.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) bind: String,
    pub(super) port: u16,
    /// Whether the proxy listens there itself.
    pub(super) bound: bool,
    /// What is spoken on it so far.
    pub(super) protocol: Protocol,
    pub(super) chains: Vec<Chain>,
    /// A listener of a Sidecar with a port of its own: nothing is added to it.
    pub(super) locked: bool,
}

/// Listeners by address and port.
pub(super) type Entries = BTreeMap<(String, u16), Entry>;

/// What all listeners of a sidecar have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish<'a> {
    pub(super) mesh: &'a MeshSettings,
    /// The cluster of connections that no chain wants.
    pub(super) undeclared: &'a str,
}

impl Entry {
    /// Adds chains that can be told apart from all that are there.
    pub(super) fn merge(&mut self, more: Vec<Chain>) {
        for chain in more {
            let mut existing = self.chains.iter();
            if !existing.any(|existing| existing.contradicts(&chain)) {
                self.chains.push(chain);
            }
        }
    }

    /// The listener.
    pub(super) fn finish(self, with: Finish<'_>) -> Listener {
        let needs_tls = self.chains.iter().any(Chain::needs_tls_inspector);
        let needs_http = self
            .chains
            .iter()
            .any(|chain| !chain.application_protocols.is_empty());
        let mut filters = Vec::new();
        if needs_tls {
            filters.push(chains::tls_inspector());
        }
        if needs_http {
            filters.push(chains::http_inspector());
        }
        let detection = if needs_http {
            with.mesh.protocol_detection_timeout
        } else {
            Duration::ZERO
        };
        let (all, some): (Vec<Chain>, Vec<Chain>) =
            self.chains.into_iter().partition(Chain::takes_all);
        let mut filter_chains: Vec<FilterChain> = some.into_iter().map(Chain::build).collect();
        // Of several chains for everything the last one counts.
        let mut default = all.into_iter().next_back().map(Chain::build);
        if filter_chains.is_empty() {
            filter_chains.extend(default.take());
        } else {
            default = Some(default.unwrap_or_else(|| with.fallthrough()));
        }
        Listener {
            name: names::listener(&self.bind, self.port),
            address: Some(message::address(&self.bind, u32::from(self.port))),
            filter_chains,
            default_filter_chain: default,
            listener_filters: filters,
            listener_filters_timeout: Some(message::duration(detection)),
            continue_on_listener_filters_timeout: true,
            traffic_direction: TrafficDirection::Outbound as i32,
            bind_to_port: (!self.bound).then(|| message::bool_value(false)),
            max_connections_to_accept_per_socket_event: self.bound.then(|| message::u32_value(1)),
            ..Listener::default()
        }
    }
}

impl Finish<'_> {
    /// Connections that no chain wants.
    fn fallthrough(self) -> FilterChain {
        FilterChain {
            name: "PassthroughFilterChain".to_owned(),
            filter_chain_match: Some(FilterChainMatch::default()),
            filters: vec![tcp::plain(self.undeclared)],
            ..FilterChain::default()
        }
    }
}
