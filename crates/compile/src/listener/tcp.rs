//! Filters that pass connections on.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::networking::destination::RouteDestination;
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::networking::load_balancer::{HashKey, LoadBalancerSettings};
use sealane_model::networking::traffic_policy::{TrafficPolicy, TunnelSettings};
use sealane_model::path::FieldPath;
use sealane_xds::any;
use sealane_xds::listener::Filter;
use sealane_xds::tcp_proxy::TcpProxy;
use sealane_xds::tcp_proxy::tcp_proxy::weighted_cluster::ClusterWeight;
use sealane_xds::tcp_proxy::tcp_proxy::{ClusterSpecifier, TunnelingConfig, WeightedCluster};
use sealane_xds::types::HashPolicy;
use sealane_xds::types::hash_policy::{PolicySpecifier, SourceIp};

use crate::destination;
use crate::host;
use crate::identity::ProxyIdentity;
use crate::listener::http::network_filter;
use crate::message;
use crate::notes::Notes;
use crate::origin::RuleOrigin;
use crate::policy;
use crate::service::Service;
use crate::visibility::Scope;

/// What is looked up while connections are routed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpInput<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) scope: &'a Scope,
}

impl<'a> TcpInput<'a> {
    fn rule(self, host: &str) -> Option<&'a DestinationRule> {
        self.scope
            .destination_rule(self.proxy, host)
            .map(|rule| &rule.spec)
    }

    fn service(self, host: &str) -> Option<&'a Arc<Service>> {
        self.scope.service(host)
    }
}

/// Who is routed, for notes and statistics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutedBy<'a> {
    pub(crate) origin: &'a RuleOrigin,
    /// `NAME.NAMESPACE` of the VirtualService.
    pub(crate) stat_prefix: &'a str,
}

/// Everything to one cluster, without limits.
pub(super) fn plain(cluster: &str) -> Filter {
    filter(&TcpProxy {
        cluster_specifier: Some(to(cluster)),
        ..named(cluster)
    })
}

/// Everything to one cluster of a service, as its DestinationRule says.
pub(crate) fn to_service(cluster: &str, host: &str, input: TcpInput<'_>) -> Filter {
    let proxy = TcpProxy {
        cluster_specifier: Some(to(cluster)),
        ..named(cluster)
    };
    filter(&with_rule(proxy, input.rule(host), ""))
}

/// Everything to one cluster of TLS of the mesh; tunnels are for others.
pub(super) fn to_sni_cluster(cluster: &str, host: &str, input: TcpInput<'_>) -> Filter {
    let proxy = TcpProxy {
        cluster_specifier: Some(to(cluster)),
        ..named(cluster)
    };
    let mut proxy = with_rule(proxy, input.rule(host), "");
    proxy.tunneling_config = None;
    filter(&proxy)
}

/// To the destinations of a rule, by weight where there are several.
pub(super) fn to_destinations(
    routes: &[RouteDestination],
    port: u16,
    by: RoutedBy<'_>,
    input: TcpInput<'_>,
    notes: &mut Notes,
) -> Option<Filter> {
    let first = routes.first()?;
    notes.rule(by.origin);
    let service = input.service(&first.destination.host);
    // Only a visible service has a rule.
    let rule = service.and_then(|service| input.rule(&service.host));
    let mut clusters = BTreeMap::new();
    for (index, route) in routes.iter().enumerate() {
        let service = input.service(&route.destination.host).map(Arc::as_ref);
        let cluster = destination::cluster(&route.destination, service, port);
        let path = FieldPath::root()
            .field("route")
            .index(index)
            .field("destination");
        notes.reference(&cluster, &route.destination, by.origin, &path);
        clusters.insert(index, cluster);
    }
    if let ([only], Some(cluster)) = (routes, clusters.get(&0)) {
        let subset = only.destination.subset.as_deref().unwrap_or_default();
        let proxy = TcpProxy {
            cluster_specifier: Some(to(cluster)),
            ..named(cluster)
        };
        return Some(filter(&with_rule(proxy, rule, subset)));
    }
    let weights = routes
        .iter()
        .zip(clusters.into_values())
        .filter_map(|(route, name)| {
            let weight = u32::try_from(route.weight.unwrap_or_default()).ok()?;
            (weight > 0).then(|| ClusterWeight {
                name,
                weight,
                ..ClusterWeight::default()
            })
        });
    let weights = WeightedCluster {
        clusters: weights.collect(),
    };
    if weights.clusters.is_empty() {
        return None;
    }
    let proxy = TcpProxy {
        cluster_specifier: Some(ClusterSpecifier::WeightedClusters(weights)),
        ..named(by.stat_prefix)
    };
    Some(filter(&with_rule(proxy, rule, "")))
}

fn named(stat_prefix: &str) -> TcpProxy {
    TcpProxy {
        stat_prefix: stat_prefix.to_owned(),
        ..TcpProxy::default()
    }
}

fn to(cluster: &str) -> ClusterSpecifier {
    ClusterSpecifier::Cluster(cluster.to_owned())
}

fn filter(proxy: &TcpProxy) -> Filter {
    network_filter("envoy.filters.network.tcp_proxy", any::pack(proxy))
}

/// Time limits (of the destination level only), hash and tunnel of a DestinationRule.
fn with_rule(mut proxy: TcpProxy, rule: Option<&DestinationRule>, subset: &str) -> TcpProxy {
    let Some(rule) = rule else { return proxy };
    let policy = rule.traffic_policy.as_ref();
    let limits = policy.and_then(|policy| policy.connection_pool.as_ref()?.tcp.as_ref());
    let time = |limit: Option<sealane_model::duration::Duration>| {
        limit.map(|limit| message::duration(limit.std()))
    };
    proxy.idle_timeout = time(limits.and_then(|limits| limits.idle_timeout));
    proxy.max_downstream_connection_duration =
        time(limits.and_then(|limits| limits.max_connection_duration));
    if by_source(rule, subset) {
        proxy.hash_policy.push(HashPolicy {
            policy_specifier: Some(PolicySpecifier::SourceIp(SourceIp::default())),
        });
    }
    proxy.tunneling_config = tunnel(rule, subset).map(|tunnel| TunnelingConfig {
        hostname: format!(
            "{}:{}",
            host::bracketed(&tunnel.target_host),
            tunnel.target_port
        ),
        use_post: tunnel.protocol.as_deref() == Some("POST"),
        ..TunnelingConfig::default()
    });
    proxy
}

fn by_source(rule: &DestinationRule, subset: &str) -> bool {
    let balancer = |policy: Option<&TrafficPolicy>| -> Option<LoadBalancerSettings> {
        policy?.load_balancer.clone()
    };
    let own = policy::subset(rule, subset);
    let own = own.and_then(|subset| balancer(subset.traffic_policy.as_ref()));
    let balancer = own.or_else(|| balancer(rule.traffic_policy.as_ref()));
    let hash = policy::hash_of(balancer.as_ref());
    hash.is_some_and(|hash| hash.key == Some(HashKey::UseSourceIp(true)))
}

/// A subset has only the tunnel of its own.
fn tunnel<'a>(rule: &'a DestinationRule, subset: &str) -> Option<&'a TunnelSettings> {
    let policy = if subset.is_empty() {
        rule.traffic_policy.as_ref()
    } else {
        policy::subset(rule, subset)?.traffic_policy.as_ref()
    };
    policy?.tunnel.as_ref()
}
