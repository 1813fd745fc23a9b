//! What is accepted as a request: strict HTTP, an authority, a normalised path; and what a proxy
//! adds to a request's head before anything is matched.

use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{Method, Request as EngineRequest, Uri, Version};
use hyper::body::Incoming;
use sealane_runtime::listener::HttpManager;
use sealane_runtime::path::{BadPath, normalize};
use sealane_seam::Random;

use super::message::{Request, Upgrade};
use super::{cookie, expect, hop};
use crate::body::Body;
use crate::connection::Downstream;
use crate::failure::Refusal;

const REQUEST_ID: &str = "x-request-id";
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const EXTERNAL_ADDRESS: &str = "x-envoy-external-address";

/// The methods that Envoy's codec knows.
const METHODS: [&str; 34] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "M-SEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// The request that the engine received, or why it is refused.
pub(crate) fn admit(
    mut request: EngineRequest<Incoming>,
    manager: &HttpManager,
    (scheme, headers_limit): (&'static str, usize),
) -> Result<Request, Refusal> {
    if request.headers().len() > headers_limit {
        return Err(Refusal::TooManyHeaders);
    }
    let version = request.version();
    if version < Version::HTTP_11 && !manager.accept_http_10 {
        return Err(Refusal::LowVersion);
    }
    if version <= Version::HTTP_11 && !METHODS.contains(&request.method().as_str()) {
        return Err(Refusal::Malformed);
    }
    check_framing(request.headers())?;
    let authority = authority(request.uri(), request.headers())?;
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    let path = path(request.uri(), manager)?;
    let expects_continue = expect::expects_continue(request.headers())?;
    let upgrade = upgrade(&mut request, manager)?;
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    cookie::join(&mut headers);
    hop::strip_request(&mut headers, manager.http1_trailers)?;
    Ok(Request {
        method: parts.method,
        version,
        scheme,
        authority,
        path,
        headers,
        body: Body::engine(body, version),
        expects_continue,
        upgrade,
    })
}

/// Says who calls and gives the request its id, as the listener's trust in the caller has it.
pub(crate) fn introduce(request: &mut Request, manager: &HttpManager, downstream: &Downstream) {
    let random = &*downstream.worker.proxy().outside().random;
    let headers = &mut request.headers;
    hop::distrust(headers, manager);
    let edge = manager.use_remote_address;
    if edge {
        let remote = downstream.addresses.remote.ip().to_string();
        append(headers, FORWARDED_FOR, &remote);
        set(headers, EXTERNAL_ADDRESS, &remote);
    }
    if edge || !headers.contains_key(FORWARDED_PROTO) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(request.scheme));
    }
    if edge || !headers.contains_key(REQUEST_ID) {
        set(headers, REQUEST_ID, &uuid(random));
    }
}

/// `transfer-encoding` may leave no doubt about where the body ends. A `content-length` beside it,
/// or a second one of the same value, is taken away by hyper before we see it; after the first kind
/// hyper closes the connection. So neither can be smuggled on, but neither can be refused here.
fn check_framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    if headers.contains_key(CONTENT_LENGTH) {
        return Err(Refusal::Framing);
    }
    let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !chunked || codings.next().is_some() {
        return Err(Refusal::TransferEncoding);
    }
    Ok(())
}

/// The URI's authority goes before the header's, as HTTP wants it.
fn authority(uri: &Uri, headers: &HeaderMap) -> Result<String, Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refusal::BadHost);
    }
    let named = uri.authority().map(http::uri::Authority::as_str);
    let host = match host.map(HeaderValue::to_str) {
        Some(Ok(host)) => Some(host),
        Some(Err(_not_text)) => return Err(Refusal::BadHost),
        None => None,
    };
    let authority = named.or(host).ok_or(Refusal::MissingHost)?;
    if authority.is_empty() {
        return Err(Refusal::MissingHost);
    }
    let valid = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']')
    };
    if !authority.bytes().all(valid) {
        return Err(Refusal::BadHost);
    }
    Ok(authority.to_owned())
}

fn path(uri: &Uri, manager: &HttpManager) -> Result<String, Refusal> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if !path.is_ascii() {
        return Err(Refusal::Malformed);
    }
    if !path.starts_with('/') {
        return Err(Refusal::AbsolutePath);
    }
    let normal = normalize(path, manager.paths);
    Ok(normal
        .map_err(|BadPath| Refusal::PathNormalization)?
        .into_owned())
}

/// The upgrade that the request asks for: `h2c` is ignored, others must be allowed.
fn upgrade(
    request: &mut EngineRequest<Incoming>,
    manager: &HttpManager,
) -> Result<Option<Upgrade>, Refusal> {
    if request.version() != Version::HTTP_11 {
        return Ok(None);
    }
    let Some(wanted) = request.headers().get(UPGRADE) else {
        return Ok(None);
    };
    let wanted = String::from_utf8_lossy(wanted.as_bytes()).to_ascii_lowercase();
    let connection = request.headers().get_all(http::header::CONNECTION);
    let is_upgrade = connection.iter().any(|value| {
        let names = value.to_str().unwrap_or_default().split(',');
        names
            .into_iter()
            .any(|name| name.trim().eq_ignore_ascii_case("upgrade"))
    });
    if !is_upgrade || wanted == "h2c" {
        return Ok(None);
    }
    if !manager.upgrades.iter().any(|allowed| **allowed == *wanted) {
        return Err(Refusal::Upgrade);
    }
    Ok(Some(Upgrade {
        name: wanted,
        on: hyper::upgrade::on(request),
    }))
}

/// Adds `value` to a comma-separated header, without a blank, as Envoy does.
pub(crate) fn append(headers: &mut HeaderMap, name: &'static str, value: &str) {
    let before = headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
    let mut all: Vec<&str> = before.collect();
    all.push(value);
    let joined = all.join(",");
    set(headers, name, &joined);
}

/// Sets a header to a value that we made; one that cannot be a header value is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A random UUID, version 4.
pub(crate) fn uuid(random: &dyn Random) -> String {
    let wide = (u128::from(random.next_u64()) << 64) | u128::from(random.next_u64());
    let versioned = (wide & !(0xF << 76)) | (0x4 << 76);
    let bits = (versioned & !(0x3 << 62)) | (0x2 << 62);
    let part = |shift: u32, mask: u128| (bits >> shift) & mask;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 0xFFFF_FFFF),
        part(80, 0xFFFF),
        part(64, 0xFFFF),
        part(48, 0xFFFF),
        part(0, 0xFFFF_FFFF_FFFF),
    )
}

#[cfg(test)]
mod tests {
    use sealane_seam::SeededRandom;

    use super::*;

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let id = uuid(&SeededRandom::new(3));
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
