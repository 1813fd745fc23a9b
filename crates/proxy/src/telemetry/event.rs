//! Replies that the proxy made itself, for the terminal of whoever runs the mesh.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Method;

use super::flag::Flags;

/// One reply that did not come from an upstream and that somebody may wonder about: no redirects
/// and no direct responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReplyEvent {
    /// The proxy that made it.
    pub proxy: Arc<str>,
    /// The listener that took the connection.
    pub listener: Arc<str>,
    /// The address that the caller wanted to reach.
    pub local: SocketAddr,
    /// The status.
    pub status: u16,
    /// Envoy's response flags.
    pub flags: Flags,
    /// Envoy's response code details.
    pub details: Cow<'static, str>,
    /// The request's method.
    pub method: Method,
    /// The request's authority.
    pub authority: String,
    /// The request's path and query.
    pub path: String,
    /// The cluster that the route named.
    pub cluster: Option<Arc<str>>,
    /// The route's name.
    pub route: Option<Arc<str>>,
    /// For a request without a virtual host: some of the domains that there are.
    pub hosts_known: Vec<Arc<str>>,
}

/// Takes events. Called on the traffic threads, so it must not block: whoever implements it drops
/// what does not fit.
pub trait Events: Send + Sync + 'static {
    /// A reply of the proxy's own was sent.
    fn local_reply(&self, event: LocalReplyEvent);

    /// Callers are turned away: `refused` so far, because more than `limit` connections are open.
    /// Told every few seconds.
    fn crowded(&self, refused: u64, limit: usize);
}

/// Takes no events.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    fn local_reply(&self, _event: LocalReplyEvent) {}

    fn crowded(&self, _refused: u64, _limit: usize) {}
}
