//! One finished request or connection, as the access log and the tests see it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, Version};
use sealane_runtime::origin::Origin;

use super::flag::Flags;

/// What is known of a request, or of a TCP connection, when it has ended.
///
/// Values that are absent are `-` in the log. Header values are those that were sent upstream,
/// except the path, which is the caller's.
#[derive(Debug, Clone)]
pub struct AccessRecord {
    /// The proxy that served it.
    pub proxy: Arc<str>,
    /// The listener that took the connection.
    pub listener: Arc<str>,
    /// When its first byte arrived.
    pub start: SystemTime,
    /// The method; `None` for TCP.
    pub method: Option<Method>,
    /// Path and query as the caller sent them.
    pub path: Option<String>,
    /// The caller's HTTP version; `None` for TCP.
    pub protocol: Option<Version>,
    /// The status sent to the caller; 0 when none was.
    pub status: u16,
    /// Envoy's response flags.
    pub flags: Flags,
    /// Envoy's response code details, `via_upstream`; empty when there are none.
    pub details: Cow<'static, str>,
    /// Why the connection ended, when we ended it.
    pub termination_details: Option<&'static str>,
    /// Why the connection to the upstream could not be made.
    pub transport_failure: Option<Cow<'static, str>>,
    /// Bytes of the request's body.
    pub bytes_received: u64,
    /// Bytes of the response's body.
    pub bytes_sent: u64,
    /// From the first byte in to the last byte out.
    pub duration: Duration,
    /// Milliseconds from the request's start to the upstream's response head.
    pub upstream_service_time: Option<u64>,
    /// `x-forwarded-for`.
    pub forwarded_for: Option<HeaderValue>,
    /// `user-agent`.
    pub user_agent: Option<HeaderValue>,
    /// `x-request-id`.
    pub request_id: Option<HeaderValue>,
    /// The authority as it was sent upstream.
    pub authority: Option<String>,
    /// The endpoint that was called, or could not be.
    pub upstream_host: Option<SocketAddr>,
    /// The cluster; `None` when there was none, also for a cluster that does not exist.
    pub cluster: Option<Arc<str>>,
    /// Our end of the connection to the endpoint.
    pub upstream_local: Option<SocketAddr>,
    /// The address that the caller wanted to reach.
    pub downstream_local: SocketAddr,
    /// The caller.
    pub downstream_remote: SocketAddr,
    /// The server name of the caller's TLS handshake.
    pub server_name: Option<Arc<str>>,
    /// The route's name.
    pub route: Option<Arc<str>>,
    /// Sealane's own: the cluster that the route named, also where it does not exist.
    pub wanted_cluster: Option<Arc<str>>,
    /// Sealane's own: the virtual host.
    pub virtual_host: Option<Arc<str>>,
    /// Sealane's own: the declared rule.
    pub origin: Option<Origin>,
    /// Sealane's own: how many tries were made.
    pub attempts: u32,
}

impl AccessRecord {
    /// A record of which only the beginning is known.
    pub const fn begin(
        proxy: Arc<str>,
        listener: Arc<str>,
        start: SystemTime,
        (local, remote): (SocketAddr, SocketAddr),
    ) -> Self {
        Self {
            proxy,
            listener,
            start,
            method: None,
            path: None,
            protocol: None,
            status: 0,
            flags: Flags::none(),
            details: Cow::Borrowed(""),
            termination_details: None,
            transport_failure: None,
            bytes_received: 0,
            bytes_sent: 0,
            duration: Duration::ZERO,
            upstream_service_time: None,
            forwarded_for: None,
            user_agent: None,
            request_id: None,
            authority: None,
            upstream_host: None,
            cluster: None,
            upstream_local: None,
            downstream_local: local,
            downstream_remote: remote,
            server_name: None,
            route: None,
            wanted_cluster: None,
            virtual_host: None,
            origin: None,
            attempts: 0,
        }
    }
}
