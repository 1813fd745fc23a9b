//! HTTP connection managers.

mod limits;

use std::sync::Arc;
use std::time::Duration;

use sealane_xds::core::HttpProtocolOptions;
use sealane_xds::hcm;
use sealane_xds::hcm::http_connection_manager::{
    PathWithEscapedSlashesAction, RouteSpecifier, ServerHeaderTransformation, UpgradeConfig,
};
use sealane_xds::hcm::http_filter::ConfigType;
use sealane_xds::router::Router;
use sealane_xds::{any, cors, fault, grpc_stats, type_url};

use crate::build::at::{At, Maybe, fields};
use crate::build::matching::all;
use crate::build::scalar::{flag, number, time_limit};
use crate::build::table;
use crate::listener::{Continue, HttpFilter, HttpManager, RouteSource, ServerHeader};
use crate::path::PathPolicy;

/// Envoy's limit on a quiet stream where the manager does not say.
const STREAM_IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// Envoy's limit on a connection without streams where the manager does not say.
const IDLE_TIMEOUT: Duration = Duration::from_hours(1);

/// Messages of HTTP filters that change nothing here: Istio's own, which label connections with
/// what mutual TLS needs, or count.
const IGNORABLE: &[&str] = &[
    "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
    "io.istio.http.peer_metadata.Config",
    "stats.PluginConfig",
];

pub(super) fn http_manager(
    at: &At<'_>,
    message: &hcm::HttpConnectionManager,
) -> Option<HttpManager> {
    refuse_unknown(at, message);
    escaped_slashes(at, message.path_with_escaped_slashes_action);
    let limits = limits::limits(at, message);
    let idle_timeout = idle_timeout(
        &at.field("common_http_protocol_options"),
        message.common_http_protocol_options.as_ref(),
    );
    let server_header = server_header(at, message.server_header_transformation);
    let filters = filters(&at.field("http_filters"), &message.http_filters);
    let upgrades = all(
        &at.field("upgrade_configs"),
        &message.upgrade_configs,
        upgrade,
    );
    let routes = routes(at, message.route_specifier.as_ref());
    let http1 = message.http_protocol_options.as_ref();
    let concurrent = message
        .http2_protocol_options
        .as_ref()
        .and_then(|options| number(options.max_concurrent_streams.as_ref()));
    Some(HttpManager {
        stat_prefix: Arc::from(message.stat_prefix.as_str()),
        routes: routes?,
        filters: filters?,
        paths: PathPolicy {
            normalize: flag(message.normalize_path.as_ref()).unwrap_or(false),
            merge_slashes: message.merge_slashes,
        },
        use_remote_address: flag(message.use_remote_address.as_ref()).unwrap_or(false),
        server_name: Arc::from(match message.server_name.as_str() {
            "" => "envoy",
            name => name,
        }),
        server_header: server_header?,
        upgrades: upgrades?
            .into_iter()
            .filter_map(|upgrade| upgrade.0)
            .collect(),
        stream_idle_timeout: time_limit(
            &at.field("stream_idle_timeout"),
            message.stream_idle_timeout.as_ref(),
            Some(STREAM_IDLE_TIMEOUT),
        ),
        idle_timeout,
        request_timeout: time_limit(
            &at.field("request_timeout"),
            message.request_timeout.as_ref(),
            None,
        ),
        max_concurrent_streams: concurrent,
        xff_trusted_hops: message.xff_num_trusted_hops,
        accept_http_10: http1.is_some_and(|options| options.accept_http_10),
        http1_trailers: http1.is_some_and(|options| options.enable_trailers),
        continues: if message.proxy_100_continue {
            Continue::Upstream
        } else {
            Continue::Proxy
        },
        limits,
    })
}

#[expect(deprecated, reason = "the old fields are ignored by name")]
fn refuse_unknown(at: &At<'_>, message: &hcm::HttpConnectionManager) {
    fields! { at, message, hcm::HttpConnectionManager {
        read: [],
        // First those that are read elsewhere. Then tracing, logs and the details of draining and
        // flushing; HTTP/3 is not spoken; request ids are UUIDs in any case; a client's certificate cannot be forwarded while
        // TLS is not terminated.
        ignored: [
            stat_prefix, http_filters, common_http_protocol_options, http_protocol_options,
            http2_protocol_options, server_name, server_header_transformation, stream_idle_timeout,
            request_timeout, use_remote_address, xff_num_trusted_hops, upgrade_configs,
            normalize_path, merge_slashes, path_with_escaped_slashes_action, route_specifier,
            codec_type, add_user_agent, tracing, http1_safe_max_connection_duration,
            http3_protocol_options, max_request_headers_kb, stream_flush_timeout,
            request_headers_timeout, drain_timeout, drain_timeout_jitter, delayed_close_timeout,
            access_log, access_log_flush_interval, flush_access_log_on_new_request,
            access_log_options, request_id_extension, always_set_request_id_in_response,
            forward_client_cert_details, set_current_client_cert_details,
            forward_client_cert_matcher, proxy_100_continue, stream_error_on_invalid_http_message,
            typed_header_validation_config, append_local_overload,
            add_proxy_protocol_connection_state,
        ],
        refused: [
            scheme_header_transformation, original_ip_detection_extensions,
            early_header_mutation_extensions, internal_address_config, skip_xff_append, via,
            generate_request_id, preserve_external_request_id,
            represent_ipv4_remote_address_as_ipv4_mapped_ipv6, local_reply_config,
            strip_matching_host_port, path_normalization_options, strip_trailing_host_dot,
            proxy_status_config, append_x_forwarded_port, forward_proto_config, strip_port_mode,
        ],
    } }
}

fn idle_timeout(at: &At<'_>, options: Option<&HttpProtocolOptions>) -> Option<Duration> {
    let Some(options) = options else {
        return Some(IDLE_TIMEOUT);
    };
    fields! { at, options, HttpProtocolOptions {
        read: [idle_timeout],
        // The first two are limits, which are read there.
        ignored: [max_headers_count, max_connection_duration, max_response_headers_kb],
        refused: [
            max_connection_duration_jitter, max_stream_duration,
            headers_with_underscores_action, max_requests_per_connection,
        ],
    } }
    let at = at.field("idle_timeout");
    time_limit(&at, idle_timeout.as_ref(), Some(IDLE_TIMEOUT))
}

fn escaped_slashes(at: &At<'_>, action: i32) {
    match PathWithEscapedSlashesAction::try_from(action) {
        Ok(
            PathWithEscapedSlashesAction::ImplementationSpecificDefault
            | PathWithEscapedSlashesAction::KeepUnchanged,
        ) => {}
        Ok(
            PathWithEscapedSlashesAction::RejectRequest
            | PathWithEscapedSlashesAction::UnescapeAndRedirect
            | PathWithEscapedSlashesAction::UnescapeAndForward,
        )
        | Err(_) => at
            .field("path_with_escaped_slashes_action")
            .not_understood(),
    }
}

fn server_header(at: &At<'_>, transformation: i32) -> Option<ServerHeader> {
    match ServerHeaderTransformation::try_from(transformation) {
        Ok(ServerHeaderTransformation::Overwrite) => Some(ServerHeader::Overwrite),
        Ok(ServerHeaderTransformation::AppendIfAbsent) => Some(ServerHeader::AppendIfAbsent),
        Ok(ServerHeaderTransformation::PassThrough) => Some(ServerHeader::PassThrough),
        Err(_) => at
            .field("server_header_transformation")
            .refuse("not one of its values"),
    }
}

/// The filters, of which the router is last and not listed.
fn filters(at: &At<'_>, messages: &[hcm::HttpFilter]) -> Option<Vec<HttpFilter>> {
    let Some((router, before)) = messages.split_last() else {
        return at.refuse("is empty; the router is missing");
    };
    let is_router = matches!(
        router.config_type.as_ref(),
        Some(ConfigType::TypedConfig(config)) if any::is::<Router>(config)
    );
    if !is_router {
        at.index(before.len())
            .refuse::<()>("the last filter must be the router");
    }
    let filters = all(at, before, filter)?;
    is_router.then(|| filters.into_iter().filter_map(|filter| filter.0).collect())
}

/// Nothing for a filter that does nothing here.
fn filter(at: &At<'_>, message: &hcm::HttpFilter) -> Option<Maybe<HttpFilter>> {
    if message.disabled {
        return Some(Maybe(None));
    }
    let Some(ConfigType::TypedConfig(config)) = message.config_type.as_ref() else {
        return at.refuse(format_args!(
            "`{}` has no typed configuration",
            message.name
        ));
    };
    let name = type_url::message_name(&config.type_url);
    if any::is::<fault::HttpFault>(config) {
        Some(Maybe(Some(HttpFilter::Fault)))
    } else if any::is::<cors::Cors>(config) {
        Some(Maybe(Some(HttpFilter::Cors)))
    } else if any::is::<grpc_stats::FilterConfig>(config) {
        Some(Maybe(Some(HttpFilter::GrpcStats)))
    } else if message.is_optional || IGNORABLE.contains(&name) {
        Some(Maybe(None))
    } else {
        at.refuse(format_args!("`{}` is not understood", config.type_url))
    }
}

/// Nothing for an upgrade that is turned off.
fn upgrade(at: &At<'_>, message: &UpgradeConfig) -> Option<Maybe<Arc<str>>> {
    if !message.filters.is_empty() {
        at.field("filters").not_understood();
        return None;
    }
    let enabled = flag(message.enabled.as_ref()).unwrap_or(true);
    Some(Maybe(enabled.then(|| {
        Arc::from(message.upgrade_type.to_ascii_lowercase())
    })))
}

fn routes(at: &At<'_>, specifier: Option<&RouteSpecifier>) -> Option<RouteSource> {
    match specifier {
        Some(RouteSpecifier::Rds(rds)) => Some(RouteSource::Named(Arc::from(
            rds.route_config_name.as_str(),
        ))),
        Some(RouteSpecifier::RouteConfig(table)) => {
            let table = table::build(&at.field("route_config"), table)?;
            Some(RouteSource::Inline(Arc::new(table)))
        }
        Some(RouteSpecifier::ScopedRoutes(_)) => {
            at.field("scoped_routes").not_understood();
            None
        }
        None => at.refuse("says no routes"),
    }
}
