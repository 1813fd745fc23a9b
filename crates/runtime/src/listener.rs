//! Listeners and their filter chains.

mod limits;

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::path::PathPolicy;
use crate::split::Split;
use crate::table::RouteTable;
use crate::tls::ServerTls;

pub use limits::{FrameLimits, HttpLimits};

/// Which way the traffic of a listener goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To this workload.
    Inbound,
    /// From this workload.
    Outbound,
    /// Neither is said: a gateway.
    Unspecified,
}

/// One listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// The listener's name, `0.0.0.0_9080`.
    pub name: Arc<str>,
    /// The address; a wildcard address takes every destination on that port.
    pub address: SocketAddr,
    /// Whether a socket of its own accepts for it. Otherwise connections are handed over by
    /// original destination.
    pub bound: bool,
    /// Hand connections to the listener of their original destination first.
    pub use_original_destination: bool,
    /// Which way its traffic goes.
    pub direction: Direction,
    /// What is looked at before a chain is chosen.
    pub inspect: Inspect,
    /// The destination ports at which it is not looked at.
    pub inspect_off: InspectOff,
    /// The chains, of which the most specific match serves.
    pub chains: Vec<Arc<FilterChain>>,
    /// The chain when none matches.
    pub default_chain: Option<Arc<FilterChain>>,
}

/// Destination ports at which a listener does not look at first bytes, because it is known what is
/// spoken there, or because the caller waits for the first word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InspectOff {
    /// Not for HTTP.
    pub http: Vec<Range<u32>>,
    /// Not for TLS.
    pub tls: Vec<Range<u32>>,
}

impl Listener {
    /// What is looked at of a connection to this port.
    pub fn inspect_at(&self, port: u16) -> Inspect {
        let is_off = |ranges: &[Range<u32>]| ranges.iter().any(|it| it.contains(&port.into()));
        Inspect {
            http: self.inspect.http && !is_off(&self.inspect_off.http),
            tls: self.inspect.tls && !is_off(&self.inspect_off.tls),
            ..self.inspect
        }
    }
}

/// What a listener reads of a connection's first bytes before it chooses a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inspect {
    /// Whether the bytes look like HTTP/1 or HTTP/2.
    pub http: bool,
    /// The TLS `ClientHello`: server name and ALPN.
    pub tls: bool,
    /// How long to wait for the bytes; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// Go on without them when the time is over, instead of closing.
    pub continue_on_timeout: bool,
}

/// One filter chain: whom it serves, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterChain {
    /// The chain's name, empty when it has none.
    pub name: Arc<str>,
    /// Which connections it takes.
    pub matches: ChainMatch,
    /// TLS to terminate first.
    pub transport: DownstreamTransport,
    /// What happens to its connections.
    pub network: Network,
}

/// How the bytes of a chain arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownstreamTransport {
    /// As they are.
    Plaintext,
    /// In TLS, which is terminated.
    Tls(Arc<ServerTls>),
}

/// Conditions on a connection; an empty list or `None` asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainMatch {
    /// The original destination's port.
    pub destination_port: Option<u16>,
    /// Ranges that hold the original destination.
    pub destination_ranges: Vec<IpNet>,
    /// Server names, lower case, with `*.` for a suffix.
    pub server_names: Vec<Arc<str>>,
    /// `tls` or `raw_buffer`.
    pub transport_protocol: Option<Arc<str>>,
    /// ALPN names, or what the HTTP inspector found (`http/1.1`, `h2c`).
    pub application_protocols: Vec<Arc<str>>,
    /// Ranges that hold the caller.
    pub source_ranges: Vec<IpNet>,
}

/// What is known of a connection when its chain is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Where the caller wanted to go.
    pub destination: SocketAddr,
    /// Who calls.
    pub source: IpAddr,
    /// The server name of a `ClientHello`.
    pub server_name: Option<Arc<str>>,
    /// Whether the bytes are TLS.
    pub tls: bool,
    /// ALPN names offered, or what the HTTP inspector found.
    pub application_protocols: Vec<Arc<str>>,
}

/// What a chain does with a connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Network {
    /// Speaks HTTP.
    Http(Arc<HttpManager>),
    /// Passes bytes on.
    Tcp(Arc<TcpProxy>),
}

/// An HTTP connection manager.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpManager {
    /// The prefix of its statistics.
    pub stat_prefix: Arc<str>,
    /// Its routes.
    pub routes: RouteSource,
    /// Its HTTP filters, in the order in which requests meet them; the router is last and implied.
    pub filters: Vec<HttpFilter>,
    /// What happens to paths before they are matched.
    pub paths: PathPolicy,
    /// The downstream address is the truth about the caller (an edge): own request ids, own
    /// `x-forwarded-proto`, `x-forwarded-for` appended, `x-envoy-external-address` set.
    pub use_remote_address: bool,
    /// The value of the `server` response header.
    pub server_name: Arc<str>,
    /// What happens to a `server` header of the upstream.
    pub server_header: ServerHeader,
    /// Upgrades that may pass, lower case.
    pub upgrades: Vec<Arc<str>>,
    /// A stream without activity ends after this; `None` never.
    pub stream_idle_timeout: Option<Duration>,
    /// A connection without streams ends after this; `None` never.
    pub idle_timeout: Option<Duration>,
    /// The whole request must have arrived in this time; `None` is no limit.
    pub request_timeout: Option<Duration>,
    /// Streams at a time on one HTTP/2 connection.
    pub max_concurrent_streams: Option<u32>,
    /// Proxies of ours in front of us, whose `x-forwarded-for` entries are trusted.
    pub xff_trusted_hops: u32,
    /// Accept HTTP/1.0.
    pub accept_http_10: bool,
    /// Pass trailers of HTTP/1 messages on; otherwise they are dropped, as Envoy does.
    pub http1_trailers: bool,
    /// Who tells a caller that waits for `100 Continue` to send its body.
    pub continues: Continue,
    /// What its connections and requests may take.
    pub limits: HttpLimits,
}

/// Who tells a caller to go on that waits for `100 Continue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continue {
    /// The proxy, at once.
    Proxy,
    /// The upstream.
    Upstream,
}

/// Where an HTTP chain's routes are.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteSource {
    /// In a route configuration of this name.
    Named(Arc<str>),
    /// With the listener.
    Inline(Arc<RouteTable>),
}

/// An HTTP filter that is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFilter {
    /// `envoy.filters.http.fault`; what it does is said per route.
    Fault,
    /// `envoy.filters.http.cors`; what it does is said per route.
    Cors,
    /// `envoy.filters.http.grpc_stats`: counts only.
    GrpcStats,
}

/// What happens to the `server` response header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerHeader {
    /// Ours replaces it.
    Overwrite,
    /// Ours is set where there is none.
    AppendIfAbsent,
    /// It passes.
    PassThrough,
}

/// A TCP proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct TcpProxy {
    /// The prefix of its statistics.
    pub stat_prefix: Arc<str>,
    /// The clusters, one per connection.
    pub split: Arc<Split>,
    /// A connection without bytes ends after this; `None` never. Envoy's default is an hour.
    pub idle_timeout: Option<Duration>,
    /// A connection ends after this in any case.
    pub max_duration: Option<Duration>,
    /// Hash the caller's address to choose the endpoint.
    pub hash_source_ip: bool,
}
