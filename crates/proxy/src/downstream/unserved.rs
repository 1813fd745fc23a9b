//! Requests that nobody saw: the engine refused them, or they never came to an end.

use std::borrow::Cow;
use std::sync::Arc;

use http::Version;

use crate::connection::Downstream;
use crate::telemetry::flag::Flag;
use crate::telemetry::record::AccessRecord;

/// What the access log says of one.
struct Unserved {
    status: u16,
    flag: Option<Flag>,
    details: &'static str,
}

/// Logs what ended a connection, when that was a request.
pub(super) fn log(downstream: &Downstream, error: &hyper::Error) {
    let proxy = downstream.worker.proxy();
    if !proxy.access_log().wanted() {
        return;
    }
    let Some(unserved) = meaning(downstream, error) else {
        return;
    };
    let addresses = &downstream.addresses;
    let mut record = AccessRecord::begin(
        Arc::clone(proxy.id()),
        Arc::clone(&downstream.listener),
        proxy.outside().clock.wall(),
        (addresses.local, addresses.remote),
    );
    record.protocol = Some(Version::HTTP_11);
    record.status = unserved.status;
    if let Some(flag) = unserved.flag {
        record.flags.raise(flag);
    }
    record.details = Cow::Borrowed(unserved.details);
    proxy.access_log().write(record);
}

fn meaning(downstream: &Downstream, error: &hyper::Error) -> Option<Unserved> {
    let protocol_error = Some(Flag::DownstreamProtocolError);
    let (status, flag, details) = if error.is_parse_too_large() {
        (431, protocol_error, "http1.headers_too_large")
    } else if error.is_parse() {
        (400, protocol_error, "http1.codec_error")
    } else if downstream.activity.head_is_over() {
        (408, None, "request_header_timeout")
    } else if error.is_incomplete_message() && downstream.activity.is_receiving() {
        let details = "downstream_remote_disconnect";
        (0, Some(Flag::DownstreamDisconnect), details)
    } else {
        return None;
    };
    Some(Unserved {
        status,
        flag,
        details,
    })
}
