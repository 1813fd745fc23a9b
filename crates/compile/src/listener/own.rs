//! The listeners of a sidecar that no service asks for.

use sealane_xds::core::TrafficDirection;
use sealane_xds::listener::{FilterChain, FilterChainMatch, Listener};
use sealane_xds::names::VIRTUAL_OUTBOUND;

use crate::listener::chains::Chain;
use crate::listener::entry::{Entry, Finish};
use crate::listener::http::{self, Class, HttpInput, Routes, outbound_stat_prefix};
use crate::listener::tcp;
use crate::message;
use crate::names;
use crate::protocol::Protocol;
use crate::route::sidecar;
use crate::service::NO_ADDRESS;

/// Where a workload reaches its own proxy.
pub(super) const LOCALHOST: &str = "127.0.0.1";

/// Connections to addresses that have no listener.
pub(super) fn virtual_outbound(with: Finish<'_>) -> Listener {
    let port = with.mesh.proxy_listen_port;
    let black_hole = FilterChain {
        name: "virtualOutbound-blackhole".to_owned(),
        filter_chain_match: Some(FilterChainMatch {
            destination_port: Some(message::u32_value(u32::from(port))),
            ..FilterChainMatch::default()
        }),
        filters: vec![tcp::plain(names::BLACK_HOLE)],
        ..FilterChain::default()
    };
    let rest = FilterChain {
        name: "virtualOutbound-catchall-tcp".to_owned(),
        filters: vec![tcp::plain(with.undeclared)],
        ..FilterChain::default()
    };
    Listener {
        name: VIRTUAL_OUTBOUND.to_owned(),
        address: Some(message::address(NO_ADDRESS, u32::from(port))),
        filter_chains: vec![black_hole, rest],
        use_original_dst: Some(message::bool_value(true)),
        traffic_direction: TrafficDirection::Outbound as i32,
        max_connections_to_accept_per_socket_event: Some(message::u32_value(1)),
        ..Listener::default()
    }
}

/// The explicit HTTP proxy of the mesh.
pub(super) fn http_proxy(with: Finish<'_>) -> Listener {
    let port = with.mesh.proxy_http_port;
    let chain = Chain::of(http::connection_manager(HttpInput {
        mesh: with.mesh,
        class: Class::ForwardProxy,
        routes: Routes::Named(sidecar::HTTP_PROXY.to_owned()),
        stat_prefix: outbound_stat_prefix(&names::listener(LOCALHOST, port)),
        protocol: Protocol::HttpProxy,
        dynamic: None,
    }));
    let entry = Entry {
        bind: LOCALHOST.to_owned(),
        port,
        bound: true,
        protocol: Protocol::HttpProxy,
        chains: vec![chain],
        locked: false,
    };
    entry.finish(with)
}
