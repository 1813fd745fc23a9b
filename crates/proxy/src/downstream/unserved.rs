//! Requests that nobody saw: the engine refused them, they never came to an end, or what came was
//! none.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use http::Version;

use crate::connection::Downstream;
use crate::flood::Flood;
use crate::telemetry::flag::Flag;
use crate::telemetry::record::AccessRecord;

/// What the access log says of one.
struct Unserved {
    protocol: Version,
    status: u16,
    flag: Option<Flag>,
    details: Cow<'static, str>,
}

/// Logs what ended a connection, when that was a request, or what came was none.
pub(super) fn log(downstream: &Downstream, error: &hyper::Error) {
    let Some(unserved) = meaning(downstream, error).or_else(|| broken_rules(error)) else {
        return;
    };
    if unserved.flag == Some(Flag::DownstreamProtocolError) {
        downstream.taken.garbled();
    }
    write(downstream, unserved);
}

/// Logs that the caller was sent away.
pub(super) fn log_flood(downstream: &Downstream, flood: Flood) {
    let details = Cow::Borrowed(flood.details());
    write(downstream, no_http2(details));
}

fn write(downstream: &Downstream, unserved: Unserved) {
    let proxy = downstream.worker.proxy();
    if !proxy.access_log().wanted() {
        return;
    }
    let addresses = &downstream.addresses;
    let mut record = AccessRecord::begin(
        Arc::clone(proxy.id()),
        Arc::clone(&downstream.listener),
        proxy.outside().clock.wall(),
        (addresses.local, addresses.remote),
    );
    record.protocol = Some(unserved.protocol);
    record.status = unserved.status;
    if let Some(flag) = unserved.flag {
        record.flags.raise(flag);
    }
    record.details = unserved.details;
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
        protocol: Version::HTTP_11,
        status,
        flag,
        details: Cow::Borrowed(details),
    })
}

/// Why the engine has ended an HTTP/2 connection with an error.
fn broken_rules(error: &hyper::Error) -> Option<Unserved> {
    let cause = error.source()?.downcast_ref::<h2::Error>()?;
    let reason = cause.reason().filter(|_| cause.is_library())?;
    let words = reason.description().replace(' ', "_");
    Some(no_http2(Cow::Owned(format!("codec_error:{words}"))))
}

const fn no_http2(details: Cow<'static, str>) -> Unserved {
    Unserved {
        protocol: Version::HTTP_2,
        status: 0,
        flag: Some(Flag::DownstreamProtocolError),
        details,
    }
}
