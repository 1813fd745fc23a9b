//! How the endpoint of a request is picked.

use sealane_model::networking::load_balancer::{
    ConsistentHashLb, HashAlgorithm, LoadBalancerSettings, SimpleLb, WarmupConfiguration,
};
use sealane_xds::cluster::cluster::common_lb_config::{
    LocalityConfigSpecifier, LocalityWeightedLbConfig, ZoneAwareLbConfig,
};
use sealane_xds::cluster::cluster::{
    ClusterDiscoveryType, DiscoveryType, LbConfig, LbPolicy, LeastRequestLbConfig, MaglevLbConfig,
    RingHashLbConfig, RoundRobinLbConfig, SlowStartConfig,
};
use sealane_xds::core::RuntimeDouble;
use sealane_xds::protobuf::UInt64Value;
use sealane_xds::types::Percent;

use crate::cluster::upstream::Upstream;
use crate::endpoint::locality::Preference;
use crate::message;
use crate::policy;

/// Sets the policy of a cluster.
pub(super) fn apply(
    upstream: &mut Upstream,
    settings: Option<&LoadBalancerSettings>,
    preference: &Preference,
) {
    // Requests do not go to endpoints that are known to be unwell.
    let threshold = &mut upstream.common_lb().healthy_panic_threshold;
    threshold.get_or_insert(Percent { value: 0.0 });
    locality(upstream, preference);
    if upstream.discovery() == Some(DiscoveryType::OriginalDst) {
        return;
    }
    match policy::simple_of(settings) {
        SimpleLb::Random => set(upstream, LbPolicy::Random),
        SimpleLb::RoundRobin => {
            set(upstream, LbPolicy::RoundRobin);
            upstream.cluster.lb_config = slow_start(settings).map(|config| {
                LbConfig::RoundRobinLbConfig(RoundRobinLbConfig {
                    slow_start_config: Some(config),
                })
            });
        }
        SimpleLb::Passthrough => {
            set(upstream, LbPolicy::ClusterProvided);
            upstream.cluster.cluster_discovery_type = Some(ClusterDiscoveryType::Type(
                DiscoveryType::OriginalDst as i32,
            ));
            upstream.cluster.load_assignment = None;
        }
        SimpleLb::Unspecified | SimpleLb::LeastConn | SimpleLb::LeastRequest => {
            set(upstream, LbPolicy::LeastRequest);
            upstream.cluster.lb_config = slow_start(settings).map(|config| {
                LbConfig::LeastRequestLbConfig(LeastRequestLbConfig {
                    slow_start_config: Some(config),
                    ..LeastRequestLbConfig::default()
                })
            });
        }
    }
    if let Some(hash) = policy::hash_of(settings) {
        hashed(upstream, hash);
    }
}

fn set(upstream: &mut Upstream, policy: LbPolicy) {
    upstream.cluster.lb_policy = policy as i32;
}

fn locality(upstream: &mut Upstream, preference: &Preference) {
    let ejects = upstream.cluster.outlier_detection.is_some();
    let specifier = match preference {
        Preference::None => None,
        Preference::Locality { setting, force } => {
            let declared = !setting.failover.is_empty() || !setting.failover_priority.is_empty();
            let weighted = (*force || ejects) && declared || !setting.distribute.is_empty();
            weighted.then(|| {
                LocalityConfigSpecifier::LocalityWeightedLbConfig(
                    LocalityWeightedLbConfig::default(),
                )
            })
        }
        Preference::ZoneAware(setting) => {
            let off = setting.enabled == Some(false);
            Some(LocalityConfigSpecifier::ZoneAwareLbConfig(
                ZoneAwareLbConfig {
                    routing_enabled: off.then_some(Percent { value: 0.0 }),
                    min_cluster_size: setting.min_cluster_size.map(|value| UInt64Value { value }),
                    ..ZoneAwareLbConfig::default()
                },
            ))
        }
    };
    upstream.common_lb().locality_config_specifier = specifier;
}

/// New endpoints get their share bit by bit.
fn slow_start(settings: Option<&LoadBalancerSettings>) -> Option<SlowStartConfig> {
    let settings = settings?;
    match (&settings.warmup, settings.warmup_duration_secs) {
        (Some(warmup), _) => Some(warmed(warmup)),
        (None, Some(window)) => Some(SlowStartConfig {
            slow_start_window: Some(message::duration(window.std())),
            ..SlowStartConfig::default()
        }),
        (None, None) => None,
    }
}

fn warmed(warmup: &WarmupConfiguration) -> SlowStartConfig {
    SlowStartConfig {
        slow_start_window: warmup
            .duration
            .map(|window| message::duration(window.std())),
        aggression: Some(RuntimeDouble {
            default_value: warmup.aggression.unwrap_or(1.0),
            // Envoy wants a key; nobody can set one of this name.
            runtime_key: "(".to_owned(),
        }),
        min_weight_percent: Some(Percent {
            value: warmup.minimum_percent.unwrap_or(10.0),
        }),
    }
}

fn hashed(upstream: &mut Upstream, hash: &ConsistentHashLb) {
    let size = |value: u64| Some(UInt64Value { value });
    let ring = |value: u64| {
        LbConfig::RingHashLbConfig(RingHashLbConfig {
            minimum_ring_size: size(value),
            ..RingHashLbConfig::default()
        })
    };
    let filled = |value: Option<u64>| value.filter(|value| *value > 0);
    let (policy, config) = match &hash.algorithm {
        Some(HashAlgorithm::Maglev(maglev)) => {
            let table = filled(maglev.table_size);
            let config = table.map(|value| {
                LbConfig::MaglevLbConfig(MaglevLbConfig {
                    table_size: size(value),
                })
            });
            (LbPolicy::Maglev, config)
        }
        Some(HashAlgorithm::RingHash(declared)) => (
            LbPolicy::RingHash,
            filled(declared.minimum_ring_size).map(ring),
        ),
        None => (
            LbPolicy::RingHash,
            Some(ring(filled(hash.minimum_ring_size).unwrap_or(1024))),
        ),
    };
    set(upstream, policy);
    // What an algorithm without settings leaves is the settings of the simple policy before it.
    if config.is_some() {
        upstream.cluster.lb_config = config;
    }
}
