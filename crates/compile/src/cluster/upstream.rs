//! A cluster while it is put together: the message, and the HTTP options that it will carry.

use sealane_xds::any;
use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{ClusterDiscoveryType, CommonLbConfig, DiscoveryType};
use sealane_xds::core::{Http1ProtocolOptions, Http2ProtocolOptions};
use sealane_xds::upstream_http::HttpProtocolOptions;
use sealane_xds::upstream_http::http_protocol_options::explicit_http_config::ProtocolConfig;
use sealane_xds::upstream_http::http_protocol_options::{
    ExplicitHttpConfig, UpstreamProtocolOptions, UseDownstreamHttpConfig,
};

use crate::names;

const HTTP_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// A cluster to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Upstream {
    pub(super) cluster: Cluster,
    pub(super) http: Option<HttpProtocolOptions>,
}

impl Upstream {
    /// A cluster of this name and type.
    pub(super) fn new(name: &str, discovery: DiscoveryType) -> Self {
        let cluster = Cluster {
            name: name.to_owned(),
            alt_stat_name: names::delimited(name),
            cluster_discovery_type: Some(ClusterDiscoveryType::Type(discovery as i32)),
            ..Cluster::default()
        };
        Self {
            cluster,
            http: None,
        }
    }

    /// How its endpoints are found.
    pub(super) fn discovery(&self) -> Option<DiscoveryType> {
        match &self.cluster.cluster_discovery_type {
            Some(ClusterDiscoveryType::Type(number)) => DiscoveryType::try_from(*number).ok(),
            Some(ClusterDiscoveryType::ClusterType(_)) | None => None,
        }
    }

    /// Settings of every load balancer.
    pub(super) fn common_lb(&mut self) -> &mut CommonLbConfig {
        self.cluster.common_lb_config.get_or_insert_default()
    }

    /// HTTP options, made if there are none.
    pub(super) fn http(&mut self) -> &mut HttpProtocolOptions {
        self.http.get_or_insert_default()
    }

    /// HTTP/2 from now on, unless the version is settled.
    pub(super) fn use_http2(&mut self) {
        let options = &mut self.http().upstream_protocol_options;
        options.get_or_insert_with(|| {
            explicit(ProtocolConfig::Http2ProtocolOptions(
                Http2ProtocolOptions::default(),
            ))
        });
    }

    /// The version of the caller.
    pub(super) fn use_downstream(&mut self) {
        self.http().upstream_protocol_options = Some(downstream());
    }

    /// The options of HTTP/2, where it is settled on that.
    pub(super) fn http2(&mut self) -> Option<&mut Http2ProtocolOptions> {
        match self.http.as_mut()?.upstream_protocol_options.as_mut()? {
            UpstreamProtocolOptions::ExplicitHttpConfig(ExplicitHttpConfig {
                protocol_config: Some(ProtocolConfig::Http2ProtocolOptions(options)),
            }) => Some(options),
            UpstreamProtocolOptions::ExplicitHttpConfig(_)
            | UpstreamProtocolOptions::UseDownstreamProtocolConfig(_)
            | UpstreamProtocolOptions::AutoConfig(_) => None,
        }
    }

    /// The finished cluster.
    pub(super) fn build(self) -> Cluster {
        let Self { mut cluster, http } = self;
        if let Some(mut options) = http {
            let version = &mut options.upstream_protocol_options;
            version.get_or_insert_with(|| {
                explicit(ProtocolConfig::HttpProtocolOptions(
                    Http1ProtocolOptions::default(),
                ))
            });
            let packed = any::pack(&options);
            cluster
                .typed_extension_protocol_options
                .insert(HTTP_OPTIONS.to_owned(), packed);
        }
        cluster
    }
}

fn explicit(config: ProtocolConfig) -> UpstreamProtocolOptions {
    UpstreamProtocolOptions::ExplicitHttpConfig(ExplicitHttpConfig {
        protocol_config: Some(config),
    })
}

/// "As the caller speaks."
pub(super) fn downstream() -> UpstreamProtocolOptions {
    UpstreamProtocolOptions::UseDownstreamProtocolConfig(UseDownstreamHttpConfig {
        http_protocol_options: Some(Http1ProtocolOptions::default()),
        http2_protocol_options: Some(Http2ProtocolOptions::default()),
        ..UseDownstreamHttpConfig::default()
    })
}
