//! Answers that the proxy gives itself.

use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION};
use sealane_runtime::route::DirectResponse;

use super::message::Response;
use crate::body::Body;
use crate::failure::{Failure, Meaning};
use crate::telemetry::flag::Flag;

/// The reply to a request that failed: Envoy's status and text, or gRPC's form of them.
pub(crate) fn failure(failure: &Failure, meaning: &Meaning, grpc: bool) -> Response {
    let mut response = if grpc {
        let status = match failure {
            Failure::FaultAbortGrpc(status) => *status,
            _ => grpc_status(meaning.status),
        };
        grpc_reply(status, meaning.body.as_bytes())
    } else {
        text(
            meaning.status,
            Bytes::copy_from_slice(meaning.body.as_bytes()),
        )
    };
    let headers = response.headers_mut();
    if *failure == Failure::Overflow {
        headers.insert("x-envoy-overloaded", HeaderValue::from_static("true"));
    }
    if meaning.flag == Some(Flag::DownstreamProtocolError) {
        // Where one request was no HTTP, nobody knows where the next one begins.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The reply that a route gives itself.
pub(crate) fn direct(direct: &DirectResponse, grpc: bool) -> Response {
    if grpc {
        return grpc_reply(grpc_status(direct.status), &direct.body);
    }
    text(direct.status, direct.body.clone())
}

/// The reply that sends the caller to `location`.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Response {
    let mut response = empty(status);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// A reply without content.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

fn text(status: StatusCode, body: Bytes) -> Response {
    let mut response = empty(status);
    if !body.is_empty() {
        let plain = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(CONTENT_TYPE, plain);
    }
    *response.body_mut() = Body::from(body);
    response
}

fn grpc_reply(status: u32, message: &[u8]) -> Response {
    let mut response = empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(status));
    if let Ok(message) = HeaderValue::from_str(&percent_encoded(message))
        && !message.is_empty()
    {
        headers.insert("grpc-message", message);
    }
    response
}

/// The gRPC status that stands for an HTTP status.
pub(crate) const fn grpc_status(status: StatusCode) -> u32 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// gRPC's encoding of messages: printable ASCII as it is, but for the percent sign.
fn percent_encoded(message: &[u8]) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message {
        match byte {
            b'%' => out.push_str("%25"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                // Writing to a string cannot fail.
                write!(out, "%{byte:02X}").unwrap_or_default();
            }
        }
    }
    out
}
