//! Listeners.

use std::sync::Arc;
use std::time::Duration;

use sealane_xds::core::TrafficDirection;
use sealane_xds::listener as messages;

use crate::build::at::{At, fields};
use crate::build::chain::filter_chain;
use crate::build::inspect::inspected;
use crate::build::scalar::{flag, socket_address, time_limit};
use crate::listener::{Direction, FilterChain, Inspect, Listener};

/// How long Envoy waits for a connection's first bytes where the listener does not say.
const INSPECT_TIMEOUT: Duration = Duration::from_secs(15);

#[expect(deprecated, reason = "the old fields are read or ignored by name")]
pub(super) fn build(at: &At<'_>, message: &messages::Listener) -> Option<Listener> {
    fields! { at, message, messages::Listener {
        read: [
            name, address, filter_chains, use_original_dst, default_filter_chain, deprecated_v1,
            listener_filters, listener_filters_timeout, continue_on_listener_filters_timeout,
            traffic_direction, bind_to_port,
        ],
        // Statistics, logs, buffers, and how sockets are opened and shared between threads, which
        // are the proxy's own settings.
        ignored: [
            stat_prefix, stats_matcher, per_connection_buffer_limit_bytes,
            per_connection_buffer_high_watermark_timeout, metadata, drain_type, transparent,
            freebind, socket_options, tcp_fast_open_queue_length, connection_balance_config,
            reuse_port, enable_reuse_port, access_log, tcp_backlog_size,
            max_connections_to_accept_per_socket_event, enable_mptcp, ignore_global_conn_limit,
            bypass_overload_manager, tcp_keepalive,
        ],
        refused: [
            additional_addresses, fcds_config, filter_chain_matcher, udp_listener_config,
            api_listener, listener_specifier,
        ],
    } }
    let address = socket_address(&at.field("address"), address.as_ref());
    let bind = flag(bind_to_port.as_ref()).or_else(|| {
        let old = deprecated_v1.as_ref()?;
        flag(old.bind_to_port.as_ref())
    });
    let direction = match TrafficDirection::try_from(*traffic_direction) {
        Ok(TrafficDirection::Inbound) => Some(Direction::Inbound),
        Ok(TrafficDirection::Outbound) => Some(Direction::Outbound),
        Ok(TrafficDirection::Unspecified) => Some(Direction::Unspecified),
        Err(_) => at.field("traffic_direction").refuse("not a direction"),
    };
    let timeout = time_limit(
        &at.field("listener_filters_timeout"),
        listener_filters_timeout.as_ref(),
        Some(INSPECT_TIMEOUT),
    );
    let (kinds, inspect_off) = inspected(&at.field("listener_filters"), listener_filters);
    let chains = chains(&at.field("filter_chains"), filter_chains);
    let default_chain = match default_filter_chain {
        None => Some(None),
        Some(chain) => filter_chain(&at.field("default_filter_chain"), chain).map(Some),
    };
    Some(Listener {
        name: Arc::from(name.as_str()),
        address: address?,
        bound: bind.unwrap_or(true),
        use_original_destination: flag(use_original_dst.as_ref()).unwrap_or(false),
        direction: direction?,
        inspect: Inspect {
            timeout,
            continue_on_timeout: *continue_on_listener_filters_timeout,
            ..kinds
        },
        inspect_off,
        chains: chains?,
        default_chain: default_chain?.map(Arc::new),
    })
}

/// The chains, no two of which may take the same connections.
fn chains(at: &At<'_>, messages: &[messages::FilterChain]) -> Option<Vec<Arc<FilterChain>>> {
    let mut chains: Vec<Option<Arc<FilterChain>>> = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let at = at.index(index);
        let chain = filter_chain(&at, message).map(Arc::new);
        let twin = chains.iter().flatten().position(|other| {
            chain
                .as_ref()
                .is_some_and(|chain| chain.matches == other.matches)
        });
        if let Some(twin) = twin {
            at.field("filter_chain_match")
                .refuse::<()>(format_args!("is the same as that of chain {twin}"));
        }
        chains.push(chain);
    }
    chains.into_iter().collect()
}
