//! Which traffic policy holds for a port and a subset, and which hash key.

use sealane_model::networking::destination::Destination;
use sealane_model::networking::destination_rule::{DestinationRule, Subset};
use sealane_model::networking::load_balancer::{
    ConsistentHashLb, LoadBalancerPolicy, LoadBalancerSettings, SimpleLb,
};
use sealane_model::networking::traffic_policy::{PortTrafficPolicy, TrafficPolicy};

use crate::mesh::MeshSettings;

/// The settings of the entry for a port. Nothing of the level above is inherited by it.
fn port_level(policy: &TrafficPolicy, port: u16) -> Option<TrafficPolicy> {
    let is_for = |entry: &&PortTrafficPolicy| {
        entry.port.as_ref().and_then(|selector| selector.number) == Some(u32::from(port))
    };
    let entry = policy.port_level_settings.iter().find(is_for)?;
    Some(TrafficPolicy {
        load_balancer: entry.load_balancer.clone(),
        connection_pool: entry.connection_pool.clone(),
        outlier_detection: entry.outlier_detection.clone(),
        tls: entry.tls.clone(),
        ..TrafficPolicy::default()
    })
}

/// The policy of a destination for one of its service ports.
pub(crate) fn at_port(policy: Option<&TrafficPolicy>, port: u16) -> Option<TrafficPolicy> {
    let policy = policy?;
    Some(port_level(policy, port).unwrap_or_else(|| policy.clone()))
}

/// The policy of a subset: each block that the subset sets replaces the destination's whole. An
/// entry of the subset for the port replaces all four blocks that such entries have.
pub(crate) fn of_subset(
    destination: Option<TrafficPolicy>,
    subset: Option<&TrafficPolicy>,
    port: u16,
) -> Option<TrafficPolicy> {
    let Some(subset) = subset else {
        return destination;
    };
    let by_port = port_level(subset, port);
    let whole = by_port.is_some();
    let own = by_port.unwrap_or_else(|| subset.clone());
    let Some(mut merged) = destination else {
        return Some(own);
    };
    if whole || own.connection_pool.is_some() {
        merged.connection_pool = own.connection_pool;
    }
    if whole || own.outlier_detection.is_some() {
        merged.outlier_detection = own.outlier_detection;
    }
    if whole || own.load_balancer.is_some() {
        merged.load_balancer = own.load_balancer;
    }
    if whole || own.tls.is_some() {
        merged.tls = own.tls;
    }
    merged.tunnel = own.tunnel.or(merged.tunnel);
    merged.proxy_protocol = own.proxy_protocol.or(merged.proxy_protocol);
    merged.retry_budget = own.retry_budget.or(merged.retry_budget);
    Some(merged)
}

/// The policy with the mesh's blocks where it has none.
pub(crate) fn with_mesh_defaults(
    policy: Option<TrafficPolicy>,
    mesh: &MeshSettings,
) -> TrafficPolicy {
    let mut policy = policy.unwrap_or_default();
    if policy.connection_pool.is_none() {
        policy
            .connection_pool
            .clone_from(&mesh.default_connection_pool);
    }
    if policy.outlier_detection.is_none() {
        policy
            .outlier_detection
            .clone_from(&mesh.default_outlier_detection);
    }
    policy
}

/// The subset of this name; none for the empty name.
pub(crate) fn subset<'a>(rule: &'a DestinationRule, name: &str) -> Option<&'a Subset> {
    rule.subsets.iter().find(|subset| subset.name == name)
}

/// The policy of a rule for a port and a subset (empty for none), without the mesh's defaults.
pub(crate) fn resolved(rule: &DestinationRule, name: &str, port: u16) -> Option<TrafficPolicy> {
    let own = subset(rule, name).and_then(|subset| subset.traffic_policy.as_ref());
    of_subset(at_port(rule.traffic_policy.as_ref(), port), own, port)
}

/// The hash key of a load balancer.
pub(crate) fn hash_of(balancer: Option<&LoadBalancerSettings>) -> Option<&ConsistentHashLb> {
    match balancer?.policy.as_ref()? {
        LoadBalancerPolicy::ConsistentHash(hash) => Some(hash),
        LoadBalancerPolicy::Simple(_) => None,
    }
}

/// The algorithm of a load balancer.
pub(crate) fn simple_of(balancer: Option<&LoadBalancerSettings>) -> SimpleLb {
    match balancer.and_then(|balancer| balancer.policy.as_ref()) {
        Some(LoadBalancerPolicy::Simple(simple)) => *simple,
        Some(LoadBalancerPolicy::ConsistentHash(_)) | None => SimpleLb::Unspecified,
    }
}

fn hash_at_port(policy: Option<&TrafficPolicy>, port: u32) -> Option<&ConsistentHashLb> {
    let mut entries = policy?.port_level_settings.iter();
    let entry = entries
        .find(|entry| entry.port.as_ref().and_then(|selector| selector.number) == Some(port))?;
    hash_of(entry.load_balancer.as_ref())
}

fn hash_at_top(policy: Option<&TrafficPolicy>) -> Option<&ConsistentHashLb> {
    hash_of(policy?.load_balancer.as_ref())
}

/// The hash key for traffic that a rule sends to a destination. Entries for a port count only
/// when the destination names the port.
pub(crate) fn hash_for_destination<'a>(
    rule: &'a DestinationRule,
    destination: &Destination,
) -> Option<&'a ConsistentHashLb> {
    let top = rule.traffic_policy.as_ref();
    let own = subset(rule, destination.subset.as_deref().unwrap_or_default())
        .and_then(|subset| subset.traffic_policy.as_ref());
    let port = destination
        .port
        .as_ref()
        .map(|port| port.number.unwrap_or_default());
    port.and_then(|port| hash_at_port(own, port))
        .or_else(|| hash_at_top(own))
        .or_else(|| port.and_then(|port| hash_at_port(top, port)))
        .or_else(|| hash_at_top(top))
}

/// The hash key for traffic to a service that no rule routes.
pub(crate) fn hash_for_service(rule: &DestinationRule, port: u16) -> Option<&ConsistentHashLb> {
    let top = rule.traffic_policy.as_ref();
    hash_at_port(top, u32::from(port)).or_else(|| hash_at_top(top))
}
