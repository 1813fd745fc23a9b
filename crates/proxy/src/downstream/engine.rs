//! hyper's engines, within our limits.

use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioTimer;
use sealane_runtime::listener::HttpManager;

use crate::http::serve::headers_limit;
use crate::settings::{FrameLimits, Settings};
use crate::upstream::sender::LocalExecutor;

/// hyper wants room for the blank line and what follows beside the head itself.
const SLACK: usize = 4 * 1024;

pub(super) fn http1_engine(settings: &Settings, manager: &HttpManager) -> http1::Builder {
    let head = head_bytes(settings, manager);
    let mut engine = http1::Builder::new();
    // Without the engine's own limit for heads: it counts from the end of the last request and so
    // would close every connection that waits.
    engine
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(headers_limit(manager, settings))
        .max_header_size(head)
        .max_buf_size(settings.connection_buffer.max(head + SLACK))
        .auto_date_header(false);
    engine
}

pub(super) fn http2_engine(
    settings: &Settings,
    manager: &HttpManager,
    executor: LocalExecutor,
) -> http2::Builder<LocalExecutor> {
    let streams = manager.max_concurrent_streams.unwrap_or(settings.streams);
    let limits = &manager.limits;
    let stream = limits.stream_window.unwrap_or(settings.stream_window);
    let connection = limits.connection_window;
    let head = head_bytes(settings, manager);
    let mut engine = http2::Builder::new(executor);
    engine
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(streams)
        .initial_stream_window_size(stream)
        .initial_connection_window_size(connection.unwrap_or(settings.connection_window))
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(settings.pending_resets)
        .max_local_error_reset_streams(settings.local_resets)
        .max_send_buf_size(settings.send_buffer);
    engine
}

/// What the engine does not bound by itself.
pub(super) fn frame_limits(settings: &Settings, manager: &HttpManager) -> FrameLimits {
    let (ours, said) = (settings.frames, manager.limits.frames);
    FrameLimits {
        empty: said.empty.unwrap_or(ours.empty),
        priority_per_stream: said.priority_per_stream.unwrap_or(ours.priority_per_stream),
        window_updates_per_data: said
            .window_updates_per_data
            .unwrap_or(ours.window_updates_per_data),
        control: said.control.unwrap_or(ours.control),
        ..ours
    }
}

/// Bytes of a request's head.
fn head_bytes(settings: &Settings, manager: &HttpManager) -> usize {
    let said = manager.limits.head_bytes;
    let said = said.and_then(|limit| usize::try_from(limit).ok());
    said.unwrap_or(settings.head_bytes)
}
