//! Keeps web pages out of the API: only callers that name this machine, and pages of its own.
//!
//! A page of another site can make a browser send requests here (cross-site posts), or point a
//! name of its own at this machine (DNS rebinding). Both say so in `Origin` or `Host`.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{HOST, ORIGIN};

use super::status::Refusal;

/// Refuses requests whose `Host` is no loopback name, or that a page of another site makes.
pub async fn guard(request: Request, next: Next) -> Response {
    match check(request.headers(), request.uri().host()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(headers: &HeaderMap, target: Option<&str>) -> Result<(), Refusal> {
    let header = |name| {
        let value: Option<&http::HeaderValue> = headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let host = header(HOST);
    let host = host.as_deref().map(name_of).or(target);
    if !host.is_some_and(is_this_machine) {
        let host = host.unwrap_or_default();
        return Err(Refusal::forbidden(format!(
            "Host {host:?} is no name of this machine: use localhost or 127.0.0.1"
        )));
    }
    let origin = header(ORIGIN);
    let Some(origin) = origin.as_deref() else {
        return Ok(());
    };
    let of_page = origin.split_once("://").map(|(_, authority)| authority);
    if of_page.map(name_of).is_some_and(is_this_machine) {
        return Ok(());
    }
    Err(Refusal::forbidden(format!(
        "a page of {origin} may not use this API"
    )))
}

/// The name in `NAME:PORT` or `[ADDRESS]:PORT`.
fn name_of(authority: &str) -> &str {
    let bracketed = authority.strip_prefix('[');
    if let Some((address, _)) = bracketed.and_then(|rest| rest.split_once(']')) {
        return address;
    }
    authority
        .rsplit_once(':')
        .map_or(authority, |(name, _)| name)
}

fn is_this_machine(name: &str) -> bool {
    let loopback = name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    loopback || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        check(&headers, None).is_ok()
    }

    #[test]
    fn only_this_machine_is_let_in() {
        for host in ["127.0.0.1:15000", "localhost", "LOCALHOST:1", "[::1]:15000"] {
            assert!(allowed(host, None), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", ""] {
            assert!(!allowed(host, None), "{host}");
        }
        assert!(allowed("localhost:15000", Some("http://localhost:3000")));
        assert!(!allowed("localhost:15000", Some("https://evil.example")));
        assert!(!allowed("localhost:15000", Some("null")));
        assert!(check(&HeaderMap::new(), None).is_err());
    }
}
