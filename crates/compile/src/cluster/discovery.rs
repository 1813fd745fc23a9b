//! How the endpoints of a cluster are found.

use std::time::Duration;

use sealane_model::networking::load_balancer::SimpleLb;
use sealane_xds::any;
use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{
    DiscoveryType, DnsLookupFamily, LbConfig, LbPolicy, OriginalDstLbConfig,
};
use sealane_xds::core::TypedExtensionConfig;
use sealane_xds::endpoint::ClusterLoadAssignment;
use sealane_xds::envoy::envoy::extensions::network::dns_resolver::cares::v3::CaresDnsResolverConfig;

use crate::cluster::upstream::Upstream;
use crate::dynamic_dns;
use crate::endpoint::EndpointInput;
use crate::identity::ProxyKind;
use crate::message;
use crate::protocol::Protocol;
use crate::service::{Port, Resolution};

/// What the discovery of a cluster is made from.
#[derive(Clone, Copy)]
pub(super) struct DiscoveryInput<'a> {
    /// Which endpoints, and of whom.
    pub(super) endpoints: EndpointInput<'a>,
    pub(super) port: &'a Port,
    /// How the cluster's policy chooses among endpoints.
    pub(super) simple: SimpleLb,
}

impl DiscoveryInput<'_> {
    /// The cluster; `None` where there is nothing to resolve.
    pub(super) fn cluster(self, name: &str) -> Option<Upstream> {
        match self.kind() {
            None => self.dynamic(name),
            Some(kind) => self.found_by(name, kind),
        }
    }

    /// How endpoints are found; `None` for hosts that are resolved request by request.
    fn kind(self) -> Option<DiscoveryType> {
        if self.endpoints.service.is_dynamic() {
            return None;
        }
        let passes = self.simple == SimpleLb::Passthrough;
        if passes && !self.endpoints.subset.is_empty() {
            return Some(DiscoveryType::OriginalDst);
        }
        Some(match self.endpoints.service.resolution {
            Resolution::Dns => DiscoveryType::StrictDns,
            Resolution::DnsRoundRobin => DiscoveryType::LogicalDns,
            Resolution::Passthrough if self.endpoints.proxy.kind == ProxyKind::Sidecar => {
                DiscoveryType::OriginalDst
            }
            Resolution::Passthrough
            | Resolution::Static
            | Resolution::DynamicDns
            | Resolution::Alias => DiscoveryType::Eds,
        })
    }

    /// A cluster whose endpoints are found this way; `None` where DNS has nothing to resolve.
    fn found_by(self, name: &str, discovery: DiscoveryType) -> Option<Upstream> {
        let mut upstream = Upstream::new(name, discovery);
        upstream.common_lb();
        let cluster = &mut upstream.cluster;
        match discovery {
            DiscoveryType::StrictDns | DiscoveryType::LogicalDns | DiscoveryType::Static => {
                let endpoints = self.endpoints.groups();
                if endpoints.is_empty() {
                    return None;
                }
                if discovery != DiscoveryType::Static {
                    self.resolve(cluster);
                }
                cluster.load_assignment = Some(ClusterLoadAssignment {
                    cluster_name: name.to_owned(),
                    endpoints,
                    ..ClusterLoadAssignment::default()
                });
            }
            DiscoveryType::OriginalDst => {
                let port = self.endpoints.service.port_overrides.get(&self.port.number);
                cluster.lb_config = port.map(|port| {
                    LbConfig::OriginalDstLbConfig(OriginalDstLbConfig {
                        upstream_port_override: Some(message::u32_value(u32::from(*port))),
                        ..OriginalDstLbConfig::default()
                    })
                });
            }
            DiscoveryType::Eds => {}
        }
        Some(upstream)
    }

    #[expect(deprecated, reason = "Istio sets these fields, and Envoy reads them")]
    fn resolve(self, cluster: &mut Cluster) {
        let settings = CaresDnsResolverConfig {
            udp_max_queries: Some(message::u32_value(100)),
            ..CaresDnsResolverConfig::default()
        };
        cluster.dns_lookup_family = DnsLookupFamily::V4Only as i32;
        cluster.typed_dns_resolver_config = Some(TypedExtensionConfig {
            name: "envoy.network.dns_resolver.cares".to_owned(),
            typed_config: Some(any::pack(&settings)),
        });
        cluster.dns_jitter = Some(message::duration(Duration::from_millis(100)));
        cluster.dns_refresh_rate = Some(message::duration(self.endpoints.mesh.dns_refresh_rate));
        cluster.respect_dns_ttl = true;
    }

    /// A cluster that resolves the host of each request.
    fn dynamic(self, name: &str) -> Option<Upstream> {
        let protocol = self.port.protocol;
        if !matches!(
            protocol,
            Protocol::Http | Protocol::Http2 | Protocol::Grpc | Protocol::Tls
        ) {
            return None;
        }
        let mut upstream = Upstream::new(name, DiscoveryType::Static);
        upstream.cluster.lb_policy = LbPolicy::ClusterProvided as i32;
        let discovery = dynamic_dns::discovery(&self.endpoints.service.host);
        upstream.cluster.cluster_discovery_type = Some(discovery);
        Some(upstream)
    }
}
