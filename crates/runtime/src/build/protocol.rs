//! What is spoken to a cluster's endpoints, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use sealane_xds::any;
use sealane_xds::cluster::Cluster;
use sealane_xds::core;
use sealane_xds::upstream_http::HttpProtocolOptions;
use sealane_xds::upstream_http::http_protocol_options::UpstreamProtocolOptions;
use sealane_xds::upstream_http::http_protocol_options::explicit_http_config::ProtocolConfig;

use crate::build::at::{At, fields};
use crate::build::scalar::{number, time_limit};
use crate::cluster::UpstreamProtocol;

/// Envoy's limit on an upstream connection without requests.
const IDLE_TIMEOUT: Duration = Duration::from_hours(1);

/// What is spoken, and the limits of connections.
pub(super) struct Protocol {
    pub(super) speaks: UpstreamProtocol,
    pub(super) max_requests: Option<u32>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_connection_duration: Option<Duration>,
}

#[expect(deprecated, reason = "other control planes still write the old fields")]
pub(super) fn protocol(at: &At<'_>, message: &Cluster) -> Option<Protocol> {
    let mut protocol = Protocol {
        speaks: if message.http2_protocol_options.is_some() {
            UpstreamProtocol::Http2
        } else {
            UpstreamProtocol::Http1
        },
        max_requests: number(message.max_requests_per_connection.as_ref()),
        idle_timeout: Some(IDLE_TIMEOUT),
        max_connection_duration: None,
    };
    if let Some(common) = message.common_http_protocol_options.as_ref() {
        connections(
            &at.field("common_http_protocol_options"),
            common,
            &mut protocol,
        );
    }
    let options_at = at.field("typed_extension_protocol_options");
    let sorted: BTreeMap<_, _> = message.typed_extension_protocol_options.iter().collect();
    for (name, config) in sorted {
        let at = options_at.key(name);
        match any::unpack::<HttpProtocolOptions>(config) {
            Ok(options) => http_options(&at, &options, &mut protocol)?,
            Err(error) => return at.refuse(error),
        }
    }
    Some(protocol)
}

fn http_options(at: &At<'_>, message: &HttpProtocolOptions, protocol: &mut Protocol) -> Option<()> {
    fields! { at, message, HttpProtocolOptions {
        read: [common_http_protocol_options, upstream_protocol_options],
        // Server names for TLS, which is not spoken yet.
        ignored: [upstream_http_protocol_options],
        refused: [
            http_filters, header_validation_config, outlier_detection, request_mirror_policies,
            hash_policy, retry_policy,
        ],
    } }
    if let Some(common) = common_http_protocol_options {
        connections(&at.field("common_http_protocol_options"), common, protocol);
    }
    protocol.speaks = match upstream_protocol_options.as_ref() {
        None => protocol.speaks,
        Some(UpstreamProtocolOptions::UseDownstreamProtocolConfig(_)) => {
            UpstreamProtocol::AsDownstream
        }
        Some(UpstreamProtocolOptions::ExplicitHttpConfig(config)) => {
            match config.protocol_config.as_ref() {
                Some(ProtocolConfig::Http2ProtocolOptions(_)) => UpstreamProtocol::Http2,
                Some(ProtocolConfig::HttpProtocolOptions(_)) | None => UpstreamProtocol::Http1,
                Some(ProtocolConfig::Http3ProtocolOptions(_)) => {
                    at.field("http3_protocol_options").not_understood();
                    return None;
                }
            }
        }
        Some(UpstreamProtocolOptions::AutoConfig(_)) => {
            at.field("auto_config").not_understood();
            return None;
        }
    };
    Some(())
}

fn connections(at: &At<'_>, message: &core::HttpProtocolOptions, protocol: &mut Protocol) {
    fields! { at, message, core::HttpProtocolOptions {
        read: [idle_timeout, max_connection_duration, max_requests_per_connection],
        ignored: [max_headers_count, max_response_headers_kb],
        refused: [
            max_connection_duration_jitter, max_stream_duration, headers_with_underscores_action,
        ],
    } }
    protocol.idle_timeout = time_limit(
        &at.field("idle_timeout"),
        idle_timeout.as_ref(),
        Some(IDLE_TIMEOUT),
    );
    let duration_at = at.field("max_connection_duration");
    protocol.max_connection_duration =
        time_limit(&duration_at, max_connection_duration.as_ref(), None);
    if let Some(requests) = number(max_requests_per_connection.as_ref()) {
        protocol.max_requests = (requests > 0).then_some(requests);
    }
}
