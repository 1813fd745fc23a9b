//! Listeners.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use sealane_xds::core::TrafficDirection;
use sealane_xds::http_inspector::HttpInspector;
use sealane_xds::listener::listener_filter_chain_match_predicate::Rule;
use sealane_xds::listener::{
    self, ListenerFilter, ListenerFilterChainMatchPredicate, listener_filter,
};
use sealane_xds::original_dst::OriginalDst;
use sealane_xds::tls_inspector::TlsInspector;
use sealane_xds::{any, listener as messages};

use crate::build::at::{At, fields};
use crate::build::chain::filter_chain;
use crate::build::scalar::{flag, socket_address, time_limit};
use crate::listener::{Direction, FilterChain, Inspect, InspectOff, Listener};

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
    let mut inspect = Inspect {
        timeout: time_limit(
            &at.field("listener_filters_timeout"),
            listener_filters_timeout.as_ref(),
            Some(INSPECT_TIMEOUT),
        ),
        continue_on_timeout: *continue_on_listener_filters_timeout,
        ..Inspect::default()
    };
    let mut inspect_off = InspectOff::default();
    let filters_at = at.field("listener_filters");
    for (index, filter) in listener_filters.iter().enumerate() {
        let at = filters_at.index(index);
        let off = off_ports(
            &at.field("filter_disabled"),
            filter.filter_disabled.as_ref(),
        );
        match listener_filter(&at, filter) {
            Some(ListenerFilterKind::Http) => {
                inspect.http = true;
                inspect_off.http = off;
            }
            Some(ListenerFilterKind::Tls) => {
                inspect.tls = true;
                inspect_off.tls = off;
            }
            // The original destination of a connection is always known here.
            Some(ListenerFilterKind::OriginalDestination) | None => {}
        }
    }
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
        inspect,
        inspect_off,
        chains: chains?,
        default_chain: default_chain?.map(Arc::new),
    })
}

enum ListenerFilterKind {
    Http,
    Tls,
    OriginalDestination,
}

/// The destination ports at which a listener filter is off. Other conditions are refused.
fn off_ports(at: &At<'_>, message: Option<&ListenerFilterChainMatchPredicate>) -> Vec<Range<u32>> {
    match message.and_then(|predicate| predicate.rule.as_ref()) {
        None => Vec::new(),
        Some(Rule::DestinationPortRange(range)) => {
            let end = |port: i32| u32::try_from(port).unwrap_or(0);
            vec![end(range.start)..end(range.end)]
        }
        Some(Rule::OrMatch(any)) => {
            let rules = any.rules.iter();
            rules.flat_map(|rule| off_ports(at, Some(rule))).collect()
        }
        Some(Rule::AndMatch(_) | Rule::NotMatch(_) | Rule::AnyMatch(_)) => {
            at.not_understood();
            Vec::new()
        }
    }
}

/// What a listener filter looks at; `None` when it is refused.
fn listener_filter(at: &At<'_>, message: &ListenerFilter) -> Option<ListenerFilterKind> {
    let Some(listener_filter::ConfigType::TypedConfig(config)) = message.config_type.as_ref()
    else {
        return at.refuse(format_args!(
            "`{}` has no typed configuration",
            message.name
        ));
    };
    if any::is::<HttpInspector>(config) {
        Some(ListenerFilterKind::Http)
    } else if any::is::<TlsInspector>(config) {
        Some(ListenerFilterKind::Tls)
    } else if any::is::<OriginalDst>(config) {
        Some(ListenerFilterKind::OriginalDestination)
    } else {
        at.refuse(format_args!("`{}` is not understood", config.type_url))
    }
}

/// The chains, no two of which may take the same connections.
fn chains(at: &At<'_>, messages: &[listener::FilterChain]) -> Option<Vec<Arc<FilterChain>>> {
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
