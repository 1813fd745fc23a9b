//! TCP proxies.

use std::sync::Arc;
use std::time::Duration;

use sealane_xds::tcp_proxy as messages;
use sealane_xds::tcp_proxy::tcp_proxy::ClusterSpecifier;
use sealane_xds::tcp_proxy::tcp_proxy::weighted_cluster::ClusterWeight;
use sealane_xds::types::HashPolicy;
use sealane_xds::types::hash_policy::PolicySpecifier;

use crate::build::at::{At, fields};
use crate::build::draw::Draw;
use crate::build::matching::all;
use crate::build::scalar::{number, time_limit};
use crate::header::HeaderOps;
use crate::listener::TcpProxy;
use crate::split::{Part, Split};

/// Envoy's limit on a quiet connection where the proxy does not say.
const IDLE_TIMEOUT: Duration = Duration::from_hours(1);

#[expect(deprecated, reason = "the old fields are ignored by name")]
pub(super) fn tcp_proxy(
    at: &At<'_>,
    message: &messages::TcpProxy,
    draw: Draw<'_>,
) -> Option<TcpProxy> {
    fields! { at, message, messages::TcpProxy {
        read: [
            stat_prefix, cluster_specifier, idle_timeout, max_connect_attempts, hash_policy,
            max_downstream_connection_duration,
        ],
        // Logs; PROXY protocol is not spoken; draining is the proxy's own matter.
        ignored: [
            access_log, access_log_flush_interval, flush_access_log_on_connected,
            access_log_options, proxy_protocol_tlvs, proxy_protocol_tlv_merge_policy,
            check_drain_close,
        ],
        refused: [
            on_demand, metadata_match, downstream_idle_timeout, upstream_idle_timeout,
            backoff_options, tunneling_config, max_downstream_connection_duration_jitter_percentage,
            upstream_connect_mode, max_early_data_bytes,
        ],
    } }
    if number(max_connect_attempts.as_ref()).unwrap_or(1) != 1 {
        at.field("max_connect_attempts").not_understood();
    }
    let split = split(at, cluster_specifier.as_ref(), draw);
    let hash = all(&at.field("hash_policy"), hash_policy, source_ip);
    Some(TcpProxy {
        stat_prefix: Arc::from(stat_prefix.as_str()),
        split: Arc::new(split?),
        idle_timeout: time_limit(
            &at.field("idle_timeout"),
            idle_timeout.as_ref(),
            Some(IDLE_TIMEOUT),
        ),
        max_duration: time_limit(
            &at.field("max_downstream_connection_duration"),
            max_downstream_connection_duration.as_ref(),
            None,
        ),
        hash_source_ip: !hash?.is_empty(),
    })
}

fn split(at: &At<'_>, specifier: Option<&ClusterSpecifier>, draw: Draw<'_>) -> Option<Split> {
    let part = |cluster: &str, weight: u32| Part {
        cluster: Arc::from(cluster),
        weight: weight.into(),
        headers: HeaderOps::default(),
        host_rewrite: None,
    };
    let parts = match specifier {
        Some(ClusterSpecifier::Cluster(cluster)) => vec![part(cluster, 1)],
        Some(ClusterSpecifier::WeightedClusters(weighted)) => {
            let clusters_at = at.field("weighted_clusters");
            all(
                &clusters_at.field("clusters"),
                &weighted.clusters,
                |at, cluster: &ClusterWeight| {
                    at.refuse_set("metadata_match", &cluster.metadata_match);
                    Some(part(&cluster.name, cluster.weight))
                },
            )?
        }
        None => return at.refuse("says no cluster"),
    };
    let parts: Vec<_> = parts.into_iter().filter(|part| part.weight > 0).collect();
    let total = parts.iter().map(|part| part.weight).sum();
    if total == 0 {
        return at.refuse("no cluster has a weight");
    }
    Some(Split {
        key: Arc::from(draw.key),
        parts,
        total,
        random: draw.random,
    })
}

fn source_ip(at: &At<'_>, policy: &HashPolicy) -> Option<()> {
    match policy.policy_specifier.as_ref() {
        Some(PolicySpecifier::SourceIp(_)) => Some(()),
        Some(PolicySpecifier::FilterState(_)) | None => {
            at.not_understood();
            None
        }
    }
}
