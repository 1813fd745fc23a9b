//! The HTTP connection manager, with Istio's filters and settings.

use sealane_xds::any;
use sealane_xds::core::Http1ProtocolOptions;
use sealane_xds::cors::Cors;
use sealane_xds::fault::HttpFault;
use sealane_xds::grpc_stats::FilterConfig as GrpcStats;
use sealane_xds::grpc_stats::filter_config::PerMethodStatSpecifier;
use sealane_xds::hcm::http_connection_manager::{
    ForwardClientCertDetails, PathWithEscapedSlashesAction, RouteSpecifier,
    SetCurrentClientCertDetails, UpgradeConfig,
};
use sealane_xds::hcm::{HttpConnectionManager, HttpFilter, Rds, RequestIdExtension, http_filter};
use sealane_xds::listener::{Filter, filter};
use sealane_xds::protobuf::Any;
use sealane_xds::request_id::UuidRequestIdConfig;
use sealane_xds::route::RouteConfiguration;
use sealane_xds::router::Router;

use crate::dynamic_dns;
use crate::mesh::{MeshSettings, PathNormalization};
use crate::message;
use crate::names;
use crate::protocol::Protocol;

/// Whose requests come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Those of the proxy's own workload.
    Outbound,
    /// Those that its workload addresses to the proxy itself.
    ForwardProxy,
    /// Those to the proxy's own workload.
    Inbound,
    /// Those at the edge.
    Gateway,
}

/// Where the routes are.
#[derive(Debug, Clone)]
pub(super) enum Routes {
    /// In a route configuration of this name.
    Named(String),
    /// Here.
    Inline(Box<RouteConfiguration>),
}

/// What a connection manager is made from.
#[derive(Debug, Clone)]
pub(super) struct HttpInput<'a> {
    pub(super) mesh: &'a MeshSettings,
    pub(super) class: Class,
    pub(super) routes: Routes,
    /// Its name in statistics.
    pub(super) stat_prefix: String,
    pub(super) protocol: Protocol,
    /// A host that is resolved request by request.
    pub(super) dynamic: Option<&'a str>,
}

/// The filter that serves requests.
pub(super) fn connection_manager(input: HttpInput<'_>) -> Filter {
    let mut manager = HttpConnectionManager {
        stat_prefix: input.stat_prefix,
        http_filters: filters(input.protocol, input.dynamic),
        use_remote_address: Some(message::bool_value(input.class == Class::Gateway)),
        stream_idle_timeout: Some(message::zero()),
        upgrade_configs: vec![UpgradeConfig {
            upgrade_type: "websocket".to_owned(),
            ..UpgradeConfig::default()
        }],
        proxy_100_continue: true,
        request_id_extension: Some(request_id()),
        route_specifier: Some(route_specifier(input.routes)),
        ..HttpConnectionManager::default()
    };
    normalize(&mut manager, input.mesh.path_normalization);
    match input.class {
        Class::Outbound => {}
        Class::ForwardProxy => {
            manager.http_protocol_options = Some(Http1ProtocolOptions {
                allow_absolute_url: Some(message::bool_value(true)),
                ..Http1ProtocolOptions::default()
            });
        }
        Class::Inbound => {
            "istio-envoy".clone_into(&mut manager.server_name);
            forward_certificate(&mut manager, ForwardClientCertDetails::AppendForward);
            if input.protocol.is_http2() {
                manager.http2_protocol_options =
                    Some(sealane_xds::core::Http2ProtocolOptions::default());
            }
        }
        Class::Gateway => {
            "istio-envoy".clone_into(&mut manager.server_name);
            manager.http_protocol_options = Some(Http1ProtocolOptions::default());
            forward_certificate(&mut manager, ForwardClientCertDetails::SanitizeSet);
        }
    }
    network_filter(
        "envoy.filters.network.http_connection_manager",
        any::pack(&manager),
    )
}

/// The name in statistics of the requests of an outbound listener.
pub(super) fn outbound_stat_prefix(listener: &str) -> String {
    names::delimited(&format!("outbound_{listener}"))
}

/// A filter of a chain.
pub(super) fn network_filter(name: &str, settings: Any) -> Filter {
    Filter {
        name: name.to_owned(),
        config_type: Some(filter::ConfigType::TypedConfig(settings)),
    }
}

fn route_specifier(routes: Routes) -> RouteSpecifier {
    match routes {
        Routes::Named(name) => RouteSpecifier::Rds(Rds {
            config_source: Some(message::ads_source()),
            route_config_name: name,
        }),
        Routes::Inline(configuration) => RouteSpecifier::RouteConfig(*configuration),
    }
}

fn http_filter(name: &str, settings: Any) -> HttpFilter {
    HttpFilter {
        name: name.to_owned(),
        config_type: Some(http_filter::ConfigType::TypedConfig(settings)),
        ..HttpFilter::default()
    }
}

/// Istio's order.
fn filters(protocol: Protocol, dynamic: Option<&str>) -> Vec<HttpFilter> {
    let mut filters = Vec::new();
    if protocol == Protocol::GrpcWeb {
        let web =
            sealane_xds::envoy::envoy::extensions::filters::http::grpc_web::v3::GrpcWeb::default();
        filters.push(http_filter("envoy.filters.http.grpc_web", any::pack(&web)));
    }
    let stats = GrpcStats {
        emit_filter_state: true,
        per_method_stat_specifier: Some(PerMethodStatSpecifier::StatsForAllMethods(
            message::bool_value(false),
        )),
        ..GrpcStats::default()
    };
    filters.push(http_filter(
        "envoy.filters.http.grpc_stats",
        any::pack(&stats),
    ));
    filters.push(http_filter(
        "envoy.filters.http.fault",
        any::pack(&HttpFault::default()),
    ));
    filters.push(http_filter(
        "envoy.filters.http.cors",
        any::pack(&Cors::default()),
    ));
    filters.extend(dynamic.map(dynamic_dns::by_host));
    filters.push(http_filter(
        "envoy.filters.http.router",
        any::pack(&Router::default()),
    ));
    filters
}

fn request_id() -> RequestIdExtension {
    let settings = UuidRequestIdConfig {
        use_request_id_for_trace_sampling: Some(message::bool_value(true)),
        ..UuidRequestIdConfig::default()
    };
    RequestIdExtension {
        typed_config: Some(any::pack(&settings)),
    }
}

fn normalize(manager: &mut HttpConnectionManager, how: PathNormalization) {
    manager.normalize_path = Some(message::bool_value(how != PathNormalization::None));
    manager.merge_slashes = how >= PathNormalization::MergeSlashes;
    let escaped = if how == PathNormalization::DecodeAndMergeSlashes {
        PathWithEscapedSlashesAction::UnescapeAndForward
    } else {
        PathWithEscapedSlashesAction::KeepUnchanged
    };
    manager.path_with_escaped_slashes_action = escaped as i32;
}

fn forward_certificate(manager: &mut HttpConnectionManager, how: ForwardClientCertDetails) {
    manager.forward_client_cert_details = how as i32;
    manager.set_current_client_cert_details = Some(SetCurrentClientCertDetails {
        subject: Some(message::bool_value(true)),
        cert: how == ForwardClientCertDetails::SanitizeSet,
        dns: true,
        uri: true,
        ..SetCurrentClientCertDetails::default()
    });
}
