//! Which listener and filter chain take a connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

use crate::listener::{ChainMatch, ConnectionInfo, FilterChain, Listener};
use crate::runtime::Runtime;

#[cfg(test)]
mod tests;

impl Runtime {
    /// The listener for a captured connection to `destination`: the one at that very address, else
    /// the one that takes every address on that port, else the one that hands connections over and
    /// keeps what nobody takes (`virtualOutbound`).
    pub fn listener_for(&self, destination: SocketAddr) -> Option<&Arc<Listener>> {
        let find = |wanted: &dyn Fn(&Listener) -> bool| {
            self.listeners.values().find(|listener| wanted(listener))
        };
        let takes_any = |address: SocketAddr| {
            address.ip().is_unspecified() && address.port() == destination.port()
        };
        find(&|listener| listener.address == destination)
            .or_else(|| {
                find(&|listener| {
                    takes_any(listener.address)
                        && listener.address.is_ipv4() == destination.is_ipv4()
                })
            })
            .or_else(|| find(&|listener| takes_any(listener.address)))
            .or_else(|| find(&|listener| listener.use_original_destination))
    }

    /// The filter chain of `listener` for a connection, by Envoy's order: at each step the chains
    /// that name what the connection has go before those that name nothing, and what a step has
    /// left out does not come back. Without any, the default chain.
    pub fn choose_chain(listener: &Listener, info: &ConnectionInfo) -> Option<Arc<FilterChain>> {
        let mut chains: Vec<&Arc<FilterChain>> = listener.chains.iter().collect();
        for step in STEPS {
            chains = most_specific(chains, |chain| step(&chain.matches, info));
        }
        chains
            .first()
            .copied()
            .or(listener.default_chain.as_ref())
            .cloned()
    }
}

/// How well a chain fits in one respect: `None` not at all, 0 because it asks for nothing, more
/// because it names what the connection has, the more the more precisely.
type Step = fn(&ChainMatch, &ConnectionInfo) -> Option<usize>;

const STEPS: [Step; 6] = [
    |chain, info| match chain.destination_port {
        None => Some(0),
        Some(port) => (port == info.destination.port()).then_some(1),
    },
    |chain, info| range(&chain.destination_ranges, info.destination.ip()),
    |chain, info| server_name(&chain.server_names, info.server_name.as_deref()),
    |chain, info| match chain.transport_protocol.as_deref() {
        None => Some(0),
        Some(protocol) => (protocol == if info.tls { "tls" } else { "raw_buffer" }).then_some(1),
    },
    |chain, info| application(&chain.application_protocols, &info.application_protocols),
    |chain, info| range(&chain.source_ranges, info.source),
];

fn most_specific<T>(items: Vec<T>, fit: impl Fn(&T) -> Option<usize>) -> Vec<T> {
    let best = items.iter().filter_map(&fit).max();
    items
        .into_iter()
        .filter(|item| best.is_some() && fit(item) == best)
        .collect()
}

/// The longer the prefix, the better.
fn range(ranges: &[IpNet], address: IpAddr) -> Option<usize> {
    if ranges.is_empty() {
        return Some(0);
    }
    let address = address.to_canonical();
    let holding = ranges.iter().filter(|range| range.contains(&address));
    holding
        .map(|range| usize::from(range.prefix_len()) + 1)
        .max()
}

/// The whole name is better than any `*.suffix`, of which the longest is best.
fn server_name(names: &[Arc<str>], found: Option<&str>) -> Option<usize> {
    if names.is_empty() {
        return Some(0);
    }
    let found = found?.to_ascii_lowercase();
    let fit = |name: &Arc<str>| match name.strip_prefix('*') {
        Some(suffix) => {
            (found.len() > suffix.len() && found.ends_with(suffix)).then_some(suffix.len())
        }
        None => (**name == found).then_some(usize::MAX),
    };
    names.iter().filter_map(fit).max()
}

/// What is offered first is best.
fn application(names: &[Arc<str>], offered: &[Arc<str>]) -> Option<usize> {
    if names.is_empty() {
        return Some(0);
    }
    let first = offered.iter().position(|name| names.contains(name))?;
    Some(offered.len() - first)
}
