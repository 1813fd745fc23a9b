//! Headers that belong to one hop only, and headers that the outside may not set.

use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use sealane_runtime::listener::HttpManager;

use crate::failure::Refusal;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// What only the proxy itself says. Envoy strips these from everybody whom it does not know to be
/// inside.
const OURS: [&str; 15] = [
    "x-envoy-internal",
    "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",
    "x-envoy-max-retries",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-stream-duration-ms",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-force-trace",
    "x-envoy-ip-tags",
    "x-envoy-retriable-status-codes",
    "x-envoy-retriable-header-names",
    "x-envoy-hedge-on-per-try-timeout",
];

/// What an edge does not believe either.
const OF_THE_MESH: [&str; 4] = [
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-original-path",
];

/// Removes what was meant for us only from a request. `te: trailers` stays: it is a promise of the
/// caller's, and gRPC servers ask for it. `keep_trailer` keeps the announcement of trailers.
pub(crate) fn strip_request(headers: &mut HeaderMap, keep_trailer: bool) -> Result<(), Refusal> {
    let trailers = headers
        .get(TE)
        .is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    if named(headers).iter().any(is_protected) {
        return Err(Refusal::ConnectionHeader);
    }
    strip(headers, keep_trailer);
    headers.remove(HTTP2_SETTINGS);
    headers.remove(HOST);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    Ok(())
}

/// Removes what was meant for us only from a response.
pub(crate) fn strip_response(headers: &mut HeaderMap, keep_trailer: bool) {
    strip(headers, keep_trailer);
}

/// Removes what a caller outside may not say. `edge` is a proxy that believes nobody.
pub(crate) fn distrust(headers: &mut HeaderMap, manager: &HttpManager) {
    for name in OURS {
        headers.remove(name);
    }
    if manager.use_remote_address {
        for name in OF_THE_MESH {
            headers.remove(name);
        }
    }
}

fn strip(headers: &mut HeaderMap, keep_trailer: bool) {
    for name in named(headers) {
        headers.remove(name);
    }
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        TE,
        TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    headers.remove(UPGRADE);
    if !keep_trailer {
        headers.remove(TRAILER);
    }
}

/// The headers that `connection` names.
fn named(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter();
    let names = values.filter_map(|value| value.to_str().ok());
    let names = names.flat_map(|value| value.split(','));
    names.filter_map(|name| name.trim().parse().ok()).collect()
}

/// Headers that nobody removes by naming them in `connection`: who did would take away what others
/// decide by.
fn is_protected(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-")
        || name.starts_with("x-envoy-")
        || matches!(
            name,
            "host" | "authorization" | "cookie" | "x-request-id" | "forwarded" | "content-length"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_one_hop_go() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "X-A, keep-alive"),
            ("x-a", "1"),
            ("keep-alive", "5"),
            ("te", "gzip"),
            ("proxy-connection", "x"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(strip_request(&mut headers, false), Ok(()));
        assert!(headers.is_empty());
    }

    #[test]
    fn connection_takes_no_protected_header_away() {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("X-Forwarded-For"));
        let refused = strip_request(&mut headers, false);
        assert_eq!(refused, Err(Refusal::ConnectionHeader));
    }
}
