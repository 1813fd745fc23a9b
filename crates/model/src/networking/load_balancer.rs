//! How the endpoint of a request is picked.

use std::collections::BTreeMap;

use crate::duration::Duration;
use crate::schema::{choices, object, oneof};

object! {
    /// How the endpoint of a request is picked.
    pub struct LoadBalancerSettings = "LoadBalancerSettings" {
        /// Which localities are preferred; it replaces the mesh's setting.
        locality_lb_setting: Option<LocalityLoadBalancerSetting> = "localityLbSetting",
        /// Whether the zone of the caller is preferred.
        zone_aware_lb_setting: Option<ZoneAwareLoadBalancerSetting> = "zoneAwareLbSetting",
        /// How long a new endpoint gets less traffic; from before `warmup`.
        warmup_duration_secs: Option<Duration> = "warmupDurationSecs" [
            deprecated: Some("use `warmup: {duration: …}`"),
        ],
        /// How a new endpoint gets less traffic at first.
        warmup: Option<WarmupConfiguration> = "warmup",
    } oneof {
        /// The policy; absent is `LEAST_REQUEST`.
        policy: LoadBalancerPolicy,
    }
}

oneof! {
    /// The policy by which endpoints are picked.
    pub enum LoadBalancerPolicy {
        /// Without a look at the request.
        Simple(SimpleLb) = "simple",
        /// By a hash of the request.
        ConsistentHash(ConsistentHashLb) = "consistentHash",
    }
}

choices! {
    /// A policy without a look at the request.
    pub enum SimpleLb {
        /// As [`Self::LeastRequest`].
        #[default]
        Unspecified = "UNSPECIFIED",
        /// The old name of [`Self::LeastRequest`].
        LeastConn = "LEAST_CONN",
        /// At random.
        Random = "RANDOM",
        /// To the address that the caller used.
        Passthrough = "PASSTHROUGH",
        /// In turn.
        RoundRobin = "ROUND_ROBIN",
        /// The less busy of two at random.
        LeastRequest = "LEAST_REQUEST",
    }
}

object! {
    /// By a hash of the request, so that equal requests meet the same endpoint.
    pub struct ConsistentHashLb = "ConsistentHashLB" {
        /// The least size of the ring; from before `ringHash`.
        minimum_ring_size: Option<u64> = "minimumRingSize" [
            deprecated: Some("use `ringHash: {minimumRingSize: …}`"),
        ],
    } oneof {
        /// What is hashed.
        key: HashKey,
        /// How the hash becomes an endpoint; absent is a ring.
        algorithm: HashAlgorithm,
    }
}

oneof! {
    /// What of a request is hashed.
    pub enum HashKey {
        /// A header.
        HttpHeaderName(String) = "httpHeaderName",
        /// A cookie.
        HttpCookie(HttpCookie) = "httpCookie",
        /// The caller's address.
        UseSourceIp(bool) = "useSourceIp",
        /// A parameter of the query.
        HttpQueryParameterName(String) = "httpQueryParameterName",
    }
}

oneof! {
    /// How a hash becomes an endpoint.
    pub enum HashAlgorithm {
        /// A ring.
        RingHash(RingHash) = "ringHash",
        /// A table.
        Maglev(MagLev) = "maglev",
    }
}

object! {
    /// A cookie that is hashed, and made where it is missing.
    pub struct HttpCookie = "HTTPCookie" {
        /// Its name.
        name: String = "name" [required: true],
        /// Its path.
        path: Option<String> = "path",
        /// Its life; absent hashes an existing cookie only, zero makes a session cookie.
        ttl: Option<Duration> = "ttl",
        /// More attributes.
        attributes: Vec<HttpCookieAttribute> = "attributes",
    }
}

object! {
    /// An attribute of a cookie.
    pub struct HttpCookieAttribute = "HTTPCookie.Attribute" {
        /// Its name.
        name: String = "name" [required: true],
        /// Its value.
        value: Option<String> = "value",
    }
}

object! {
    /// A hash ring.
    pub struct RingHash = "RingHash" {
        /// Its least size.
        minimum_ring_size: Option<u64> = "minimumRingSize",
    }
}

object! {
    /// A Maglev table.
    pub struct MagLev = "MagLev" {
        /// Its size, a prime; absent is 65537.
        table_size: Option<u64> = "tableSize",
    }
}

object! {
    /// How a new endpoint gets less traffic at first.
    pub struct WarmupConfiguration = "WarmupConfiguration" {
        /// How long.
        duration: Option<Duration> = "duration" [required: true],
        /// The least share of its weight, in percent; absent is 10.
        minimum_percent: Option<f64> = "minimumPercent",
        /// How the share grows; absent is 1, linear.
        aggression: Option<f64> = "aggression",
    }
}

object! {
    /// Which localities are preferred.
    pub struct LocalityLoadBalancerSetting = "LocalityLoadBalancerSetting" {
        /// Shares of localities by the caller's locality.
        distribute: Vec<Distribute> = "distribute",
        /// Where traffic goes when a region fails.
        failover: Vec<Failover> = "failover",
        /// The labels that make an endpoint near, the weightiest first.
        failover_priority: Vec<String> = "failoverPriority",
        /// Whether it is on; absent is on.
        enabled: Option<bool> = "enabled",
    }
}

object! {
    /// Shares of localities for callers of one locality.
    pub struct Distribute = "LocalityLoadBalancerSetting.Distribute" {
        /// The caller's locality: `region/zone/*`.
        from: Option<String> = "from",
        /// Share by locality, in percent; they sum to 100.
        to: BTreeMap<String, u32> = "to",
    }
}

object! {
    /// Where traffic of a region goes when it fails.
    pub struct Failover = "LocalityLoadBalancerSetting.Failover" {
        /// The region that fails.
        from: Option<String> = "from",
        /// The region that takes over.
        to: Option<String> = "to",
    }
}

object! {
    /// Whether the zone of the caller is preferred.
    pub struct ZoneAwareLoadBalancerSetting = "ZoneAwareLoadBalancerSetting" {
        /// Whether it is on.
        enabled: Option<bool> = "enabled",
        /// Where traffic goes when a region fails.
        failover: Vec<Failover> = "failover",
        /// The labels that make an endpoint near, the weightiest first.
        failover_priority: Vec<String> = "failoverPriority",
        /// The least number of endpoints for it to apply.
        min_cluster_size: Option<u64> = "minClusterSize",
    }
}
