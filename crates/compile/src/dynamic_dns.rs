//! Hosts that are resolved request by request: the cluster, and the filters that feed it.

use sealane_xds::any;
use sealane_xds::cluster::cluster::{ClusterDiscoveryType, CustomClusterType, DnsLookupFamily};
use sealane_xds::envoy::envoy::extensions as envoy;
use sealane_xds::hcm::{HttpFilter, http_filter};
use sealane_xds::listener::{Filter, filter};

use envoy::clusters::dynamic_forward_proxy::v3 as cluster;
use envoy::common::dynamic_forward_proxy::v3::DnsCacheConfig;
use envoy::filters::http::dynamic_forward_proxy::v3 as http;
use envoy::filters::network::sni_dynamic_forward_proxy::v3 as sni;

/// The names that were resolved for a wildcard host; cluster and filters share it by its name.
fn cache(host: &str) -> DnsCacheConfig {
    DnsCacheConfig {
        name: format!("{host}_dfp_dns_cache"),
        dns_lookup_family: DnsLookupFamily::V4Only as i32,
        ..DnsCacheConfig::default()
    }
}

/// How the endpoints of the cluster of a wildcard host are found.
pub(crate) fn discovery(host: &str) -> ClusterDiscoveryType {
    let settings = cluster::ClusterConfig {
        cluster_implementation_specifier: Some(
            cluster::cluster_config::ClusterImplementationSpecifier::DnsCacheConfig(cache(host)),
        ),
        ..cluster::ClusterConfig::default()
    };
    ClusterDiscoveryType::ClusterType(CustomClusterType {
        name: "envoy.clusters.dynamic_forward_proxy".to_owned(),
        typed_config: Some(any::pack(&settings)),
    })
}

/// Resolves the host of each request.
pub(crate) fn by_host(host: &str) -> HttpFilter {
    let settings = http::FilterConfig {
        implementation_specifier: Some(
            http::filter_config::ImplementationSpecifier::DnsCacheConfig(cache(host)),
        ),
        ..http::FilterConfig::default()
    };
    HttpFilter {
        name: "envoy.filters.http.dynamic_forward_proxy".to_owned(),
        config_type: Some(http_filter::ConfigType::TypedConfig(any::pack(&settings))),
        ..HttpFilter::default()
    }
}

/// Resolves the SNI of each connection.
pub(crate) fn by_sni(host: &str, port: u16) -> Filter {
    let settings = sni::FilterConfig {
        dns_cache_config: Some(cache(host)),
        port_specifier: Some(sni::filter_config::PortSpecifier::PortValue(u32::from(
            port,
        ))),
        ..sni::FilterConfig::default()
    };
    Filter {
        name: "envoy.extensions.filters.network.sni_dynamic_forward_proxy".to_owned(),
        config_type: Some(filter::ConfigType::TypedConfig(any::pack(&settings))),
    }
}
