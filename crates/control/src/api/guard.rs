//! Keeps others out of the API: web pages, and where not only this machine can call, everybody who
//! does not show the token.
//!
//! A page of another site can make a browser send requests here (cross-site posts), or point a
//! name of its own at this machine (DNS rebinding). Both say so in `Origin` or `Host`; and neither
//! can know a token.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::status::Refusal;
use super::token::Token;

/// What everybody may ask: whether the mesh is ready.
const OPEN: &str = "/ready";

/// Who is let in.
#[derive(Debug, Clone, Default)]
pub struct Gate(
    /// What callers must show; without it, only those are let in who name this machine.
    Option<Token>,
);

impl Gate {
    /// A gate for who shows `token`; without one, for who calls this machine by its own names.
    pub const fn new(token: Option<Token>) -> Self {
        Self(token)
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let Some(token) = &self.0 else {
            return check(headers, request.uri().host());
        };
        if request.uri().path() == OPEN {
            return Ok(());
        }
        if !token.is_in(headers) {
            return Err(Refusal::unauthorized(
                "this mesh wants its token, as `Authorization: Bearer TOKEN`",
            ));
        }
        // Whatever name leads here; but a page must come from the same.
        let host = text(headers, HOST);
        let host = host.as_deref().unwrap_or_default();
        check_origin(headers, |authority| {
            authority.eq_ignore_ascii_case(host) || is_this_machine(name_of(authority))
        })
    }
}

/// Refuses with a `Status` who is not let in.
pub async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match gate.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => challenge(refusal.status, refusal.into_response()),
    }
}

/// The same in plain text, for paths that are not Kubernetes'.
pub async fn guard_in_text(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match gate.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let text = format!("{}\n", refusal.message);
            challenge(refusal.status, (refusal.status, text).into_response())
        }
    }
}

/// Says what would let the caller in.
fn challenge(status: StatusCode, mut response: Response) -> Response {
    if status == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer realm=\"sealane\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    }
    response
}

/// Refuses requests whose `Host` is no loopback name, or that a page of another site makes.
fn check(headers: &HeaderMap, target: Option<&str>) -> Result<(), Refusal> {
    let host = text(headers, HOST);
    let host = host.as_deref().map(name_of).or(target);
    if !host.is_some_and(is_this_machine) {
        let host = host.unwrap_or_default();
        return Err(Refusal::forbidden(format!(
            "Host {host:?} is no name of this machine: use localhost or 127.0.0.1"
        )));
    }
    check_origin(headers, |authority| is_this_machine(name_of(authority)))
}

/// Refuses pages whose authority is not `ours`.
fn check_origin(headers: &HeaderMap, ours: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let origin = text(headers, ORIGIN);
    let Some(origin) = origin.as_deref() else {
        return Ok(());
    };
    let of_page = origin.split_once("://").map(|(_, authority)| authority);
    if of_page.is_some_and(ours) {
        return Ok(());
    }
    Err(Refusal::forbidden(format!(
        "a page of {origin} may not use this API"
    )))
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
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
    use axum::body::Body;

    use super::*;

    const SECRET: &str = "0123456789abcdef";

    /// How a request with these headers is refused; 200 when it is not.
    fn status(gate: &Gate, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let refused = gate.check(&request).err();
        refused.map_or(200, |refusal| refusal.status.as_u16())
    }

    #[test]
    fn only_this_machine_is_let_in() {
        let gate = Gate::default();
        let asked = |host, origin: Option<&str>| {
            let mut headers = vec![("host", host)];
            headers.extend(origin.map(|origin| ("origin", origin)));
            status(&gate, "/", &headers)
        };
        for host in ["127.0.0.1:15000", "localhost", "LOCALHOST:1", "[::1]:15000"] {
            assert_eq!(asked(host, None), 200, "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", ""] {
            assert_eq!(asked(host, None), 403, "{host}");
        }
        assert_eq!(asked("localhost:15000", Some("http://localhost:3000")), 200);
        assert_eq!(asked("localhost:15000", Some("https://evil.example")), 403);
        assert_eq!(asked("localhost:15000", Some("null")), 403);
        assert_eq!(status(&gate, "/ready", &[]), 403);
    }

    #[test]
    fn with_a_token_whoever_shows_it_is_let_in_by_any_name() {
        let gate = Gate::new(Token::parse(SECRET));
        let token = ("authorization", "Bearer 0123456789abcdef");
        let wrong = ("authorization", "Bearer fedcba9876543210");
        for host in ["127.0.0.1:15000", "10.0.0.1:15000", "mesh.example"] {
            let host = ("host", host);
            assert_eq!(status(&gate, "/stats", &[host, token]), 200, "{host:?}");
            assert_eq!(status(&gate, "/stats", &[host, wrong]), 401, "{host:?}");
            for path in ["/stats", "/", "/ready/", "/readyz", "/sealane/v1/apply"] {
                assert_eq!(status(&gate, path, &[host]), 401, "{host:?} {path}");
            }
            assert_eq!(status(&gate, "/ready", &[host]), 200, "{host:?}");
        }
        for (origin, wanted) in [
            ("http://mesh.example:15000", 200),
            ("http://localhost:3000", 200),
            ("http://mesh.example", 403),
            ("https://evil.example", 403),
            ("null", 403),
        ] {
            let headers = [("host", "mesh.example:15000"), token, ("origin", origin)];
            assert_eq!(status(&gate, "/stats", &headers), wanted, "{origin}");
        }
    }
}
