//! What a request to a capture port asks for, and why it may not have it. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
    UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, StatusCode, Uri};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP: u16 = 80;

/// Where a request wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) host: Host,
    pub(super) port: u16,
}

/// What shall happen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// This request shall be sent there.
    Request,
    /// CONNECT: the bytes that follow shall.
    Tunnel,
}

/// A host of a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    Address(IpAddr),
    /// In lower case.
    Name(String),
}

/// Why a capture port does nothing with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not for a proxy.
    NotForProxy,
    /// `https:` in the clear, or another scheme.
    Scheme(String),
    /// The authority has a user, or no port where one is needed.
    Authority(String),
    /// There are several `host` headers.
    Hosts,
    /// Its body is no chunks.
    NoHttp,
    /// Nobody has the name.
    Unknown { host: String, port: u16 },
    /// The port controls the mesh.
    Closed(SocketAddr),
}

impl Refused {
    /// The status, and what to do about it.
    pub(super) fn answer(&self) -> (StatusCode, String) {
        match self {
            Self::NotForProxy => (
                StatusCode::BAD_REQUEST,
                "This port is a workload's way into the mesh, an HTTP proxy.\n\
                 Use it as one: curl -x http://HOST:PORT http://SERVICE/, or \
                 http_proxy=http://HOST:PORT.\n"
                    .to_owned(),
            ),
            Self::Scheme(scheme) => (
                StatusCode::BAD_REQUEST,
                format!(
                    "A capture port does not speak {scheme} for you.\n\
                     Ask for an http:// URL, or open a tunnel with CONNECT (curl does so for \
                     https:// URLs).\n"
                ),
            ),
            Self::Authority(authority) => (
                StatusCode::BAD_REQUEST,
                format!(
                    "\"{authority}\" does not say where to go.\n\
                     An http:// URL needs a host and no user; CONNECT needs HOST:PORT.\n"
                ),
            ),
            Self::Hosts => (
                StatusCode::BAD_REQUEST,
                "The request has several Host headers.\nSend one.\n".to_owned(),
            ),
            Self::NoHttp => (
                StatusCode::BAD_REQUEST,
                "The request's body is not in chunks as HTTP has them.\n".to_owned(),
            ),
            Self::Unknown { host, port } => (
                StatusCode::BAD_GATEWAY,
                format!(
                    "Nobody in the mesh is called \"{host}\" (port {port}).\n\
                     Declare a Service or a ServiceEntry with that host, or check its spelling; a \
                     short name means the workload's own namespace, NAME.NAMESPACE another.\n"
                ),
            ),
            Self::Closed(address) => (
                StatusCode::FORBIDDEN,
                format!(
                    "{address} controls the mesh and is closed to its workloads.\n\
                     Talk to it directly, without the proxy.\n"
                ),
            ),
        }
    }
}

/// What `method` and `uri` ask for.
pub(super) fn asked(method: &Method, uri: &Uri) -> Result<Asked, Refused> {
    let authority = uri.authority();
    let kind = match (method, uri.scheme()) {
        (&Method::CONNECT, None) => Kind::Tunnel,
        (_, Some(scheme)) if *scheme == Scheme::HTTP => Kind::Request,
        (_, Some(scheme)) => return Err(Refused::Scheme(scheme.to_string())),
        (_, None) => return Err(Refused::NotForProxy),
    };
    let authority = authority.ok_or(Refused::NotForProxy)?;
    let vague = || Refused::Authority(authority.to_string());
    let port = match (authority.port_u16(), kind) {
        (Some(0), _) | (None, Kind::Tunnel) => return Err(vague()),
        (Some(port), _) => port,
        (None, Kind::Request) => HTTP,
    };
    let host = host(authority).ok_or_else(vague)?;
    Ok(Asked { kind, host, port })
}

fn host(authority: &Authority) -> Option<Host> {
    let host = authority.host();
    if host.is_empty() || authority.as_str().contains('@') {
        return None;
    }
    if let Some(v6) = host.strip_prefix('[') {
        let v6: Ipv6Addr = v6.strip_suffix(']')?.parse().ok()?;
        return Some(Host::Address(v6.into()));
    }
    Some(match host.parse::<Ipv4Addr>() {
        Ok(v4) => Host::Address(v4.into()),
        Err(_not_an_address) => Host::Name(host.to_ascii_lowercase()),
    })
}

/// Whether somebody who connects to `destination` would reach `guarded`.
pub(super) fn reaches(destination: SocketAddr, guarded: SocketAddr) -> bool {
    let (to, at) = (destination.ip().to_canonical(), guarded.ip().to_canonical());
    // Connecting to the unspecified address means this machine; a socket bound to it is at all of
    // this machine's addresses, of which those in 127.0.0.0/8 are the ones that may be known here.
    let is_here = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    let same = to == at
        || to.is_unspecified() && is_here(at)
        || at.is_unspecified() && is_here(to)
        || is_localhost(to) && is_localhost(at);
    destination.port() == guarded.port() && same
}

fn is_localhost(ip: IpAddr) -> bool {
    ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// Makes a request in absolute form into the one that its sender would send to `host` itself.
pub(super) fn as_captured(uri: &mut Uri, headers: &mut HeaderMap) -> Result<(), Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let has_host = hosts.next().is_some();
    if hosts.next().is_some() {
        return Err(Refused::Hosts);
    }
    if !has_host
        && let Some(authority) = uri.authority()
        && let Ok(authority) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(HOST, authority);
    }
    let root = || PathAndQuery::from_static("/");
    *uri = Uri::from(uri.path_and_query().cloned().unwrap_or_else(root));
    end_hop(headers);
    Ok(())
}

/// Makes an answer from the mesh into one for the sender's connection to us.
pub(super) fn as_answer(headers: &mut HeaderMap) {
    end_hop(headers);
    // The engine frames the body anew.
    headers.remove(TRANSFER_ENCODING);
}

/// Takes away what is about one connection. What else `connection` names stays, and stays named:
/// whoever serves the captured request deals with it as with any other.
fn end_hop(headers: &mut HeaderMap) {
    for name in [PROXY_CONNECTION, PROXY_AUTHORIZATION, KEEP_ALIVE] {
        headers.remove(name);
    }
    let ours = [
        "close",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
    ];
    let named = headers.get_all(CONNECTION).iter();
    let others: Vec<&str> = named
        .filter_map(|names| names.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .filter(|name| !ours.iter().any(|our| name.eq_ignore_ascii_case(our)))
        .filter(|name| !name.is_empty())
        .collect();
    let others = HeaderValue::from_str(&others.join(", "));
    headers.remove(CONNECTION);
    if let Ok(others) = others
        && !others.is_empty()
    {
        headers.insert(CONNECTION, others);
    }
}

/// Whether the sender asks to go on in another protocol.
pub(super) fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE) && headers.contains_key(CONNECTION)
}

#[cfg(test)]
mod tests;
