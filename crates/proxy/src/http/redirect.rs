//! Where a redirect leads.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use sealane_runtime::route::{Redirect, RedirectPath, Route};

use super::message::{Request, Response};
use super::reply;
use super::rewrite;

/// The answer of a route that redirects.
pub(crate) fn redirect(redirect: &Redirect, route: &Route, request: &Request) -> Response {
    let scheme = redirect.scheme.as_deref().unwrap_or(request.scheme);
    let host = match &redirect.host {
        Some(host) => host.to_string(),
        None => host(request, scheme, redirect.port.is_some()).to_owned(),
    };
    let port = redirect
        .port
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let location = format!("{scheme}://{host}{port}{}", path(redirect, route, request));
    respond(redirect.status, &location)
}

/// The answer of a virtual host that wants TLS.
pub(crate) fn to_https(request: &Request) -> Response {
    let host = host(request, "https", false);
    let location = format!("https://{host}{}", request.path);
    respond(StatusCode::MOVED_PERMANENTLY, &location)
}

fn respond(status: StatusCode, location: &str) -> Response {
    let mut response = reply::empty(status);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The request's host. Its port goes when another is given, and when it is the usual one of a
/// scheme that changes.
fn host<'a>(request: &'a Request, scheme: &str, other_port: bool) -> &'a str {
    let authority = request.authority.as_str();
    let Some((host, port)) = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
    else {
        return authority;
    };
    let usual = matches!((request.scheme, port), ("http", "80") | ("https", "443"));
    if other_port || (usual && scheme != request.scheme) {
        host
    } else {
        authority
    }
}

/// The path with the query. A path that replaces the request's keeps the request's query, unless
/// it has one of its own.
fn path(redirect: &Redirect, route: &Route, request: &Request) -> String {
    let query = request
        .path
        .split_once('?')
        .filter(|_| !redirect.strip_query)
        .map(|(_, query)| format!("?{query}"))
        .unwrap_or_default();
    match &redirect.path {
        RedirectPath::Replace(path) if path.contains('?') => path.to_string(),
        RedirectPath::Replace(path) => format!("{path}{query}"),
        RedirectPath::Keep => format!("{}{query}", request.head().path()),
        RedirectPath::Rewrite(rewrite) => {
            let path = rewrite::path(rewrite, route, request.head().path());
            format!("{path}{query}")
        }
    }
}
