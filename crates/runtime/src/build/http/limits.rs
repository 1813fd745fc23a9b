//! The limits of an HTTP connection manager.

use std::ops::RangeInclusive;

use sealane_xds::core::{Http2ProtocolOptions, HttpProtocolOptions};
use sealane_xds::hcm::HttpConnectionManager;
use sealane_xds::protobuf::UInt32Value;

use crate::build::at::At;
use crate::build::scalar::{number, time};
use crate::listener::{FrameLimits, HttpLimits};

/// Kibibytes of a head that Envoy accepts as a limit.
const HEAD_KIB: RangeInclusive<u32> = 1..=8192;
/// Bytes that Envoy accepts as a window of HTTP/2.
const WINDOW: RangeInclusive<u32> = 65_535..=0x7FFF_FFFF;

pub(super) fn limits(at: &At<'_>, message: &HttpConnectionManager) -> HttpLimits {
    let common = message.common_http_protocol_options.as_ref();
    let common_at = at.field("common_http_protocol_options");
    let http2 = message.http2_protocol_options.as_ref();
    let http2_at = at.field("http2_protocol_options");
    let head = within(
        &at.field("max_request_headers_kb"),
        message.max_request_headers_kb.as_ref(),
        &HEAD_KIB,
    );
    let window = |name: &'static str, of: fn(&Http2ProtocolOptions) -> Option<&UInt32Value>| {
        within(&http2_at.field(name), http2.and_then(of), &WINDOW)
    };
    let duration = common.and_then(|options| options.max_connection_duration.as_ref());
    HttpLimits {
        head_bytes: head.map(|kib| kib * 1024),
        headers: common.and_then(headers),
        head_timeout: time(
            &at.field("request_headers_timeout"),
            message.request_headers_timeout.as_ref(),
        ),
        connection_duration: time(&common_at.field("max_connection_duration"), duration),
        delayed_close: time(
            &at.field("delayed_close_timeout"),
            message.delayed_close_timeout.as_ref(),
        ),
        stream_window: window("initial_stream_window_size", |options| {
            options.initial_stream_window_size.as_ref()
        }),
        connection_window: window("initial_connection_window_size", |options| {
            options.initial_connection_window_size.as_ref()
        }),
        frames: http2.map_or_else(FrameLimits::default, |options| frames(&http2_at, options)),
    }
}

fn frames(at: &At<'_>, options: &Http2ProtocolOptions) -> FrameLimits {
    let updates = options
        .max_inbound_window_update_frames_per_data_frame_sent
        .as_ref();
    FrameLimits {
        empty: number(
            options
                .max_consecutive_inbound_frames_with_empty_payload
                .as_ref(),
        ),
        priority_per_stream: number(options.max_inbound_priority_frames_per_stream.as_ref()),
        window_updates_per_data: within(
            &at.field("max_inbound_window_update_frames_per_data_frame_sent"),
            updates,
            &(1..=u32::MAX),
        ),
        control: within(
            &at.field("max_outbound_control_frames"),
            options.max_outbound_control_frames.as_ref(),
            &(1..=u32::MAX),
        ),
    }
}

fn headers(options: &HttpProtocolOptions) -> Option<u32> {
    number(options.max_headers_count.as_ref()).filter(|count| *count > 0)
}

/// A number, when it is set; one out of range is refused.
fn within(at: &At<'_>, value: Option<&UInt32Value>, range: &RangeInclusive<u32>) -> Option<u32> {
    let value = number(value)?;
    if range.contains(&value) {
        return Some(value);
    }
    at.refuse(format_args!(
        "{value} is not between {} and {}",
        range.start(),
        range.end()
    ))
}
