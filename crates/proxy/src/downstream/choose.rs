//! Which listener and which of its chains take a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use sealane_runtime::Runtime;
use sealane_runtime::listener::{ConnectionInfo, Direction, FilterChain, Listener};

/// The listener for a connection to `destination` that the workload made.
pub(crate) fn outbound(runtime: &Runtime, destination: SocketAddr) -> Option<&Arc<Listener>> {
    among(runtime, destination, Direction::Outbound)
}

/// The listener for a connection that was made to the workload.
pub(crate) fn inbound(runtime: &Runtime, destination: SocketAddr) -> Option<&Arc<Listener>> {
    let inbound = |listener: &&Arc<Listener>| listener.direction == Direction::Inbound;
    let exact = among(runtime, destination, Direction::Inbound);
    exact.or_else(|| runtime.listeners.values().find(inbound))
}

fn among(
    runtime: &Runtime,
    destination: SocketAddr,
    direction: Direction,
) -> Option<&Arc<Listener>> {
    let of = || {
        let listeners = runtime.listeners.values();
        listeners.filter(move |listener| listener.direction == direction)
    };
    let exact = of().find(|listener| listener.address == destination);
    let port = of().find(|listener| {
        let any = listener.address.ip().is_unspecified();
        any && listener.address.port() == destination.port() && !listener.use_original_destination
    });
    let rest = of().find(|listener| listener.use_original_destination);
    exact.or(port).or(rest)
}

/// The chain of `listener` for a connection.
pub(crate) fn chain<'a>(
    listener: &'a Listener,
    info: &ConnectionInfo,
) -> Option<&'a Arc<FilterChain>> {
    let takes = |chain: &&Arc<FilterChain>| {
        let matches = &chain.matches;
        let within = |ranges: &[ipnet::IpNet], ip| {
            ranges.is_empty() || ranges.iter().any(|range| range.contains(&ip))
        };
        let transport = if info.tls { "tls" } else { "raw_buffer" };
        let protocols = &matches.application_protocols;
        let mut offered = info.application_protocols.iter();
        matches
            .destination_port
            .is_none_or(|port| port == info.destination.port())
            && within(&matches.destination_ranges, info.destination.ip())
            && within(&matches.source_ranges, info.source)
            && matches
                .transport_protocol
                .as_deref()
                .is_none_or(|wanted| wanted == transport)
            && (protocols.is_empty() || offered.any(|name| protocols.contains(name)))
            && (matches.server_names.is_empty()
                || info
                    .server_name
                    .as_ref()
                    .is_some_and(|name| matches.server_names.contains(name)))
    };
    listener
        .chains
        .iter()
        .find(takes)
        .or(listener.default_chain.as_ref())
}
