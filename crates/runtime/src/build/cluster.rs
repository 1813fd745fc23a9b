//! Clusters.

use std::sync::Arc;
use std::time::Duration;

use sealane_xds::any;
use sealane_xds::cluster::circuit_breakers::Thresholds;
use sealane_xds::cluster::cluster::common_lb_config::LocalityConfigSpecifier;
use sealane_xds::cluster::cluster::ring_hash_lb_config::HashFunction;
use sealane_xds::cluster::cluster::{
    ClusterDiscoveryType, CommonLbConfig, DiscoveryType, LbConfig, LbPolicy,
};
use sealane_xds::cluster::{self as messages, CircuitBreakers, UpstreamConnectionOptions};
use sealane_xds::core::transport_socket::ConfigType;
use sealane_xds::core::{RoutingPriority, TcpKeepalive, TransportSocket};
use sealane_xds::raw_buffer::RawBuffer;
use sealane_xds::tls::UpstreamTlsContext;

use crate::build::at::{At, Problems, fields};
use crate::build::endpoint::{self, Assignment};
use crate::build::metadata::{istio_config, istio_service};
use crate::build::outlier::outlier;
use crate::build::protocol::{Protocol, protocol};
use crate::build::scalar::{number, time};
use crate::cluster::{Balance, Cluster, Discovery, Keepalive, Limits, UpstreamTransport};
use crate::endpoint::Endpoints;

/// Envoy's time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Envoy's panic threshold, in percent.
const PANIC_THRESHOLD: u8 = 50;
/// Envoy's limit on connections, pending requests and requests.
const LIMIT: u32 = 1024;
/// Envoy's limit on retries in flight.
const RETRIES: u32 = 3;
/// Envoy's smallest ring.
const RING_SIZE: u64 = 1024;
/// Envoy's largest ring.
const MAX_RING_SIZE: u64 = 8 * 1024 * 1024;
/// Envoy's Maglev table.
const MAGLEV_TABLE: u64 = 65_537;
/// The largest Maglev table that Envoy takes.
const MAX_MAGLEV_TABLE: u64 = 5_000_011;

pub(super) fn build(
    problems: &Problems,
    message: &messages::Cluster,
    assignment: &Assignment<'_>,
) -> Option<Cluster> {
    let at = &problems.resource(&message.name);
    refuse_unknown(at, message);
    let discovery = discovery(at, message);
    let endpoints = match assignment {
        Assignment::None => Some(Endpoints::default()),
        Assignment::Within(within) => endpoint::endpoints(&at.field("load_assignment"), within),
        Assignment::Beside(name, beside) => endpoint::endpoints(&problems.resource(name), beside),
    };
    let balance = balance(at, message);
    let common = common_balance(
        &at.field("common_lb_config"),
        message.common_lb_config.as_ref(),
    );
    let protocol = protocol(at, message);
    let limits = limits(
        &at.field("circuit_breakers"),
        message.circuit_breakers.as_ref(),
    );
    let connect_at = at.field("connect_timeout");
    let connect_timeout = match message.connect_timeout.as_ref() {
        None => Some(CONNECT_TIMEOUT),
        Some(timeout) => time(&connect_at, Some(timeout)),
    };
    let outlier = message
        .outlier_detection
        .as_ref()
        .map(|message| Arc::new(outlier(&at.field("outlier_detection"), message)));
    let transport = transport(&at.field("transport_socket"), message);
    let protocol: Protocol = protocol?;
    Some(Cluster {
        name: Arc::from(message.name.as_str()),
        discovery: discovery?,
        balance: balance?,
        connect_timeout: connect_timeout?,
        protocol: protocol.speaks,
        limits,
        outlier,
        max_requests_per_connection: protocol.max_requests,
        idle_timeout: protocol.idle_timeout,
        max_connection_duration: protocol.max_connection_duration,
        panic_threshold: common.panic_threshold,
        locality_weighted: common.locality_weighted,
        keepalive: keepalive(message.upstream_connection_options.as_ref()),
        transport: transport?,
        endpoints: Arc::new(endpoints?),
        config: istio_config(message.metadata.as_ref()),
        service: istio_service(message.metadata.as_ref()).map(Arc::new),
    })
}

#[expect(deprecated, reason = "the old fields are ignored or refused by name")]
fn refuse_unknown(at: &At<'_>, message: &messages::Cluster) {
    fields! { at, message, messages::Cluster {
        read: [],
        // First those that are read elsewhere. Then statistics, buffers, and how names are looked
        // up, which is the resolver's own matter; the source address of pass-through connections;
        // Istio's metadata exchange; preconnecting.
        ignored: [
            transport_socket_matches, name, eds_cluster_config, connect_timeout, lb_policy,
            load_assignment, max_requests_per_connection, circuit_breakers,
            common_http_protocol_options, http2_protocol_options, typed_extension_protocol_options,
            outlier_detection, common_lb_config, transport_socket, metadata,
            upstream_connection_options, cluster_discovery_type, lb_config, alt_stat_name,
            stats_matcher, per_connection_buffer_limit_bytes,
            per_connection_buffer_high_watermark_timeout, http_protocol_options, dns_refresh_rate,
            dns_jitter, dns_failure_refresh_rate, respect_dns_ttl, dns_lookup_family, dns_resolvers,
            use_tcp_for_dns_lookups, dns_resolution_config, typed_dns_resolver_config,
            wait_for_warm_on_init, cleanup_interval, upstream_bind_config,
            close_connections_on_host_health_failure, ignore_health_on_host_removal, filters,
            lrs_server, lrs_report_endpoint_metrics, track_timeout_budgets, track_cluster_stats,
            preconnect_policy,
        ],
        refused: [
            transport_socket_matcher, health_checks, upstream_http_protocol_options,
            lb_subset_config, protocol_selection, load_balancing_policy, upstream_config,
            connection_pool_per_downstream_connection, queuing_policies,
        ],
    } }
}

fn discovery(at: &At<'_>, message: &messages::Cluster) -> Option<Discovery> {
    let kind = match message.cluster_discovery_type.as_ref() {
        None => DiscoveryType::Static,
        Some(ClusterDiscoveryType::Type(kind)) => match DiscoveryType::try_from(*kind) {
            Ok(kind) => kind,
            Err(_) => return at.field("type").refuse("not one of its values"),
        },
        Some(ClusterDiscoveryType::ClusterType(_)) => {
            at.field("cluster_type").not_understood();
            return None;
        }
    };
    Some(match kind {
        DiscoveryType::Static | DiscoveryType::Eds => Discovery::Given,
        DiscoveryType::StrictDns => Discovery::StrictDns,
        DiscoveryType::LogicalDns => Discovery::LogicalDns,
        DiscoveryType::OriginalDst => {
            let Some(LbConfig::OriginalDstLbConfig(config)) = message.lb_config.as_ref() else {
                return Some(Discovery::OriginalDestination { port: None });
            };
            let at = at.field("original_dst_lb_config");
            at.refuse_set("use_http_header", &config.use_http_header);
            at.refuse_set("metadata_key", &config.metadata_key);
            let port = number(config.upstream_port_override.as_ref());
            Discovery::OriginalDestination {
                port: port.and_then(|port| u16::try_from(port).ok()),
            }
        }
    })
}

fn balance(at: &At<'_>, message: &messages::Cluster) -> Option<Balance> {
    let Ok(policy) = LbPolicy::try_from(message.lb_policy) else {
        return at.field("lb_policy").refuse("not one of its values");
    };
    Some(match (policy, message.lb_config.as_ref()) {
        // Slow start is not acted on: a new endpoint gets its full share at once.
        (LbPolicy::RoundRobin, _) => Balance::RoundRobin,
        (LbPolicy::LeastRequest, Some(LbConfig::LeastRequestLbConfig(config))) => {
            let at = at.field("least_request_lb_config");
            at.refuse_set("active_request_bias", &config.active_request_bias);
            Balance::LeastRequest {
                choices: number(config.choice_count.as_ref()).unwrap_or(2).max(2),
            }
        }
        (LbPolicy::LeastRequest, _) => Balance::LeastRequest { choices: 2 },
        (LbPolicy::Random, _) => Balance::Random,
        (LbPolicy::RingHash, Some(LbConfig::RingHashLbConfig(config))) => {
            let at = at.field("ring_hash_lb_config");
            if config.hash_function != HashFunction::XxHash as i32 {
                at.field("hash_function").not_understood();
            }
            let minimum = config.minimum_ring_size.as_ref().map(|size| size.value);
            let maximum = config.maximum_ring_size.as_ref().map(|size| size.value);
            ring(
                &at,
                minimum.unwrap_or(RING_SIZE),
                maximum.unwrap_or(MAX_RING_SIZE),
            )?
        }
        (LbPolicy::RingHash, _) => Balance::RingHash {
            minimum_size: RING_SIZE,
            maximum_size: MAX_RING_SIZE,
        },
        (LbPolicy::Maglev, Some(LbConfig::MaglevLbConfig(config))) => {
            let size = config.table_size.as_ref().map(|size| size.value);
            let at = at.field("maglev_lb_config");
            maglev(&at.field("table_size"), size.unwrap_or(MAGLEV_TABLE))?
        }
        (LbPolicy::Maglev, _) => Balance::Maglev {
            table_size: MAGLEV_TABLE,
        },
        (LbPolicy::ClusterProvided, _) => Balance::Provided,
        (LbPolicy::LoadBalancingPolicyConfig, _) => {
            at.field("lb_policy").not_understood();
            return None;
        }
    })
}

fn ring(at: &At<'_>, minimum_size: u64, maximum_size: u64) -> Option<Balance> {
    if maximum_size > MAX_RING_SIZE {
        return at
            .field("maximum_ring_size")
            .refuse(format_args!("is over {MAX_RING_SIZE}"));
    }
    if minimum_size > maximum_size {
        return at
            .field("minimum_ring_size")
            .refuse("is over the largest size");
    }
    Some(Balance::RingHash {
        minimum_size,
        maximum_size,
    })
}

fn maglev(at: &At<'_>, table_size: u64) -> Option<Balance> {
    if table_size > MAX_MAGLEV_TABLE {
        return at.refuse(format_args!("is over {MAX_MAGLEV_TABLE}"));
    }
    if !is_prime(table_size) {
        return at.refuse("is not a prime");
    }
    Some(Balance::Maglev { table_size })
}

fn is_prime(number: u64) -> bool {
    let small = (2..).take_while(|factor| factor * factor <= number);
    number > 1
        && small
            .into_iter()
            .all(|factor: u64| !number.is_multiple_of(factor))
}

struct CommonBalance {
    panic_threshold: u8,
    locality_weighted: bool,
}

fn common_balance(at: &At<'_>, message: Option<&CommonLbConfig>) -> CommonBalance {
    let mut common = CommonBalance {
        panic_threshold: PANIC_THRESHOLD,
        locality_weighted: false,
    };
    let Some(message) = message else {
        return common;
    };
    fields! { at, message, CommonLbConfig {
        read: [healthy_panic_threshold, locality_config_specifier, consistent_hashing_lb_config],
        // When host sets are merged and connections closed; health checks are refused; there are no
        // stateful sessions to override a choice.
        ignored: [
            update_merge_window, ignore_new_hosts_until_first_hc,
            close_connections_on_host_set_change, override_host_status,
        ],
        refused: [],
    } }
    if let Some(threshold) = healthy_panic_threshold {
        common.panic_threshold = percent(threshold.value);
    }
    match locality_config_specifier.as_ref() {
        None => {}
        Some(LocalityConfigSpecifier::LocalityWeightedLbConfig(_)) => {
            common.locality_weighted = true;
        }
        Some(LocalityConfigSpecifier::ZoneAwareLbConfig(_)) => {
            at.field("zone_aware_lb_config").not_understood();
        }
    }
    if let Some(hashing) = consistent_hashing_lb_config {
        let at = at.field("consistent_hashing_lb_config");
        at.refuse_set(
            "use_hostname_for_hashing",
            &hashing.use_hostname_for_hashing,
        );
        at.refuse_set("hash_balance_factor", &hashing.hash_balance_factor);
    }
    common
}

/// Whole percent, rounded down; what is no percentage counts as none or all.
fn percent(value: f64) -> u8 {
    (0..=100)
        .rev()
        .find(|percent| f64::from(*percent) <= value)
        .unwrap_or(0)
}

fn limits(at: &At<'_>, message: Option<&CircuitBreakers>) -> Limits {
    let mut limits = Limits {
        connections: LIMIT,
        pending: LIMIT,
        requests: LIMIT,
        retries: RETRIES,
    };
    let Some(message) = message else {
        return limits;
    };
    at.refuse_set("per_host_thresholds", &message.per_host_thresholds);
    let list = at.field("thresholds");
    for (index, thresholds) in message.thresholds.iter().enumerate() {
        let at = list.index(index);
        fields! { at, thresholds, Thresholds {
            read: [priority, max_connections, max_pending_requests, max_requests, max_retries],
            // Statistics; pools are ours to count.
            ignored: [track_remaining, max_connection_pools],
            refused: [retry_budget],
        } }
        // No route asks for the high priority: `RouteAction.priority` is refused.
        if *priority == RoutingPriority::Default as i32 {
            limits = Limits {
                connections: number(max_connections.as_ref()).unwrap_or(LIMIT),
                pending: number(max_pending_requests.as_ref()).unwrap_or(LIMIT),
                requests: number(max_requests.as_ref()).unwrap_or(LIMIT),
                retries: number(max_retries.as_ref()).unwrap_or(RETRIES),
            };
        }
    }
    limits
}

fn keepalive(options: Option<&UpstreamConnectionOptions>) -> Option<Keepalive> {
    let TcpKeepalive {
        keepalive_probes,
        keepalive_time,
        keepalive_interval,
    } = options?.tcp_keepalive.as_ref()?;
    let seconds = |value: Option<u32>| value.map(|value| Duration::from_secs(value.into()));
    Some(Keepalive {
        probes: number(keepalive_probes.as_ref()),
        time: seconds(number(keepalive_time.as_ref())),
        interval: seconds(number(keepalive_interval.as_ref())),
    })
}

/// Automatic mutual TLS (`transport_socket_matches`) is the mesh's own TLS.
fn transport(at: &At<'_>, message: &messages::Cluster) -> Option<UpstreamTransport> {
    let Some(socket) = message.transport_socket.as_ref() else {
        let automatic = !message.transport_socket_matches.is_empty();
        return Some(if automatic {
            UpstreamTransport::MeshTls
        } else {
            UpstreamTransport::Plaintext
        });
    };
    socket_transport(at, socket)
}

fn socket_transport(at: &At<'_>, socket: &TransportSocket) -> Option<UpstreamTransport> {
    let Some(ConfigType::TypedConfig(config)) = socket.config_type.as_ref() else {
        return at.refuse("has no typed configuration");
    };
    if any::is::<RawBuffer>(config) {
        return Some(UpstreamTransport::Plaintext);
    }
    match any::unpack::<UpstreamTlsContext>(config) {
        Ok(context) if is_mesh_tls(&context) => Some(UpstreamTransport::MeshTls),
        Ok(_) => Some(UpstreamTransport::Tls),
        Err(error) => at.field("typed_config").refuse(error),
    }
}

/// Whether the certificate is the workload's own, which Istio calls `default`.
fn is_mesh_tls(context: &UpstreamTlsContext) -> bool {
    let common = context.common_tls_context.as_ref();
    common.is_some_and(|common| {
        let mut certificates = common.tls_certificate_sds_secret_configs.iter();
        certificates.any(|secret| secret.name == "default")
    })
}
