//! Which listener takes a connection, by the side from which it comes.

use std::net::SocketAddr;
use std::sync::Arc;

use sealane_runtime::Runtime;
use sealane_runtime::listener::{Direction, Listener};

/// The listener for a connection to `destination` that the workload made.
pub(super) fn outbound(runtime: &Runtime, destination: SocketAddr) -> Option<&Arc<Listener>> {
    let is_outbound = |listener: &&Arc<Listener>| listener.direction != Direction::Inbound;
    let found = runtime.listener_for(destination).filter(is_outbound);
    found.or_else(|| {
        let mut rest = runtime.listeners.values().filter(is_outbound);
        rest.find(|listener| listener.use_original_destination)
    })
}

/// The listener for a connection that was made to the workload at `destination`: one of that very
/// address, else the one that takes all.
pub(super) fn inbound(runtime: &Runtime, destination: SocketAddr) -> Option<&Arc<Listener>> {
    let of = || {
        let listeners = runtime.listeners.values();
        listeners.filter(|listener| listener.direction == Direction::Inbound)
    };
    let exact = of().find(|listener| listener.address == destination);
    exact
        .or_else(|| of().find(|listener| listener.use_original_destination))
        .or_else(|| of().next())
}
