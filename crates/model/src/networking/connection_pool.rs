//! Limits of connections and requests to a host.

use crate::duration::Duration;
use crate::schema::{choices, object};

object! {
    /// The limits of a host. In every number 0 is the same as absent.
    pub struct ConnectionPoolSettings = "ConnectionPoolSettings" {
        /// Of TCP connections.
        tcp: Option<TcpSettings> = "tcp",
        /// Of HTTP requests.
        http: Option<HttpSettings> = "http",
    }
}

object! {
    /// Limits of TCP connections.
    pub struct TcpSettings = "TCPSettings" {
        /// Connections at a time; absent is 2³²−1.
        max_connections: Option<i32> = "maxConnections",
        /// How long a connect may take; absent is 10 s.
        connect_timeout: Option<Duration> = "connectTimeout",
        /// Keepalive probes.
        tcp_keepalive: Option<TcpKeepalive> = "tcpKeepalive",
        /// How long a connection lives at most.
        max_connection_duration: Option<Duration> = "maxConnectionDuration",
        /// How long a connection may be idle; absent is 1 h, zero is for ever.
        idle_timeout: Option<Duration> = "idleTimeout",
    }
}

object! {
    /// TCP keepalive; what is absent is the system's default.
    pub struct TcpKeepalive = "TcpKeepalive" {
        /// Probes without an answer until the connection is dead.
        probes: Option<u32> = "probes",
        /// Idle time before the first probe.
        time: Option<Duration> = "time",
        /// Time between probes.
        interval: Option<Duration> = "interval",
    }
}

object! {
    /// Limits of HTTP requests.
    pub struct HttpSettings = "HTTPSettings" {
        /// Requests that wait for a connection (every protocol, in spite of the name).
        http1_max_pending_requests: Option<i32> = "http1MaxPendingRequests",
        /// Requests at a time (every protocol, in spite of the name).
        http2_max_requests: Option<i32> = "http2MaxRequests",
        /// Requests on one connection; 1 switches keep-alive off.
        max_requests_per_connection: Option<i32> = "maxRequestsPerConnection",
        /// Retries at a time.
        max_retries: Option<i32> = "maxRetries",
        /// How long an upstream connection may be idle; absent is 1 h.
        idle_timeout: Option<Duration> = "idleTimeout",
        /// Whether HTTP/1.1 is sent as HTTP/2.
        h2_upgrade_policy: Option<H2UpgradePolicy> = "h2UpgradePolicy",
        /// Whether the protocol of the downstream connection is kept.
        use_client_protocol: Option<bool> = "useClientProtocol",
        /// Streams at a time on one HTTP/2 connection.
        max_concurrent_streams: Option<i32> = "maxConcurrentStreams",
        /// Pings on HTTP/2 connections.
        http2_keep_alive: Option<Http2KeepAlive> = "http2KeepAlive",
    }
}

choices! {
    /// Whether HTTP/1.1 is sent as HTTP/2.
    pub enum H2UpgradePolicy {
        /// What the mesh says.
        #[default]
        Default = "DEFAULT",
        /// Never.
        DoNotUpgrade = "DO_NOT_UPGRADE",
        /// Always.
        Upgrade = "UPGRADE",
    }
}

object! {
    /// Pings on HTTP/2 connections.
    pub struct Http2KeepAlive = "Http2KeepAlive" {
        /// Time between pings.
        interval: Option<Duration> = "interval",
        /// How long an answer may take.
        timeout: Option<Duration> = "timeout",
    }
}
