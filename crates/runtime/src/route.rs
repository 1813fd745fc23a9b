//! A route: what it matches and what it does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::cors::CorsPolicy;
use crate::fault::Fault;
use crate::header::HeaderOps;
use crate::matcher::pattern::Pattern;
use crate::matcher::route::RouteMatch;
use crate::origin::Origin;
use crate::split::{Fraction, Split};

/// One route.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The name in the access log; empty when it has none.
    pub name: Arc<str>,
    /// The declared rule that it came from, when the control plane says it.
    pub origin: Option<Origin>,
    /// Which requests it takes.
    pub matches: RouteMatch,
    /// What it does.
    pub action: Action,
    /// Header operations of the route.
    pub headers: HeaderOps,
    /// Faults to inject first.
    pub fault: Option<Arc<Fault>>,
    /// How cross-origin requests are answered.
    pub cors: Option<Arc<CorsPolicy>>,
    /// The operation name that Envoy sends upstream as `x-envoy-decorator-operation`.
    pub decorator: Option<Arc<str>>,
}

/// What a route does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends the request to an upstream.
    Forward(Box<Forward>),
    /// Answers with a redirect.
    Redirect(Box<Redirect>),
    /// Answers by itself.
    Direct(DirectResponse),
}

/// Sending a request to an upstream.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// Which clusters, with which shares.
    pub split: Arc<Split>,
    /// What becomes of the path.
    pub rewrite: PathRewrite,
    /// The authority that the upstream sees; a destination's own goes before it.
    pub host_rewrite: Option<HostRewrite>,
    /// Tell the upstream the caller's authority as `x-forwarded-host` when it is rewritten.
    pub append_forwarded_host: bool,
    /// The status when the cluster does not exist; Envoy's default is 503.
    pub cluster_not_found: StatusCode,
    /// The time for everything, all tries included; `None` is no limit.
    pub timeout: Option<Duration>,
    /// The most that a caller's `grpc-timeout` may ask for: `None` ignores it, zero is no limit.
    pub max_grpc_timeout: Option<Duration>,
    /// When and how to try again.
    pub retry: Option<Arc<RetryPolicy>>,
    /// Copies of the request.
    pub mirrors: Vec<Mirror>,
    /// What is hashed to choose an endpoint, for ring hash and maglev clusters.
    pub hash: Vec<HashPolicy>,
}

/// Where the authority that an upstream sees comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRewrite {
    /// It is this.
    Literal(Arc<str>),
    /// The value of a request header, when there is one.
    Header(http::HeaderName),
    /// The name of the chosen endpoint, where that has one.
    Endpoint,
}

/// What becomes of the path. The query is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathRewrite {
    /// Nothing.
    None,
    /// The matched prefix, the whole path of an exact or regex match, becomes this.
    Prefix(Arc<str>),
    /// Every match of the pattern in the path is replaced.
    Regex(Substitution),
}

/// A replacement of all matches of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// The pattern.
    pub pattern: Pattern,
    /// What each match becomes, in order.
    pub pieces: Vec<SubstitutionPiece>,
}

/// A piece of what a match becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubstitutionPiece {
    /// Text as it is.
    Text(Arc<str>),
    /// What a group matched; group 0 is the whole match.
    Group(usize),
}

/// A copy of the request for another cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// The cluster that gets the copy.
    pub cluster: Arc<str>,
    /// How many requests are copied.
    pub share: Fraction,
    /// A name for the sequence of these decisions.
    pub key: Arc<str>,
    /// The copy's authority gets `-shadow` at its end.
    pub host_suffix: bool,
}

/// When and how to try again.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// Retries after the first try.
    pub retries: u32,
    /// The time for one try.
    pub per_try_timeout: Option<Duration>,
    /// The conditions, Envoy's `retry_on` tokens.
    pub conditions: Vec<RetryOn>,
    /// Statuses for `retriable-status-codes`.
    pub statuses: Vec<StatusCode>,
    /// Prefer endpoints that were not tried yet.
    pub avoid_previous_hosts: bool,
    /// How often an endpoint is picked again for that.
    pub host_attempts: u32,
    /// Prefer other priorities after this many tries.
    pub previous_priorities: Option<u32>,
    /// The first pause; Envoy's default is 25 ms.
    pub base_interval: Duration,
    /// The longest pause; Envoy's default is ten times the first.
    pub max_interval: Duration,
}

/// Envoy's retry conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are Envoy's tokens")]
pub enum RetryOn {
    FiveXx,
    GatewayError,
    Reset,
    ResetBeforeRequest,
    ConnectFailure,
    Retriable4xx,
    RefusedStream,
    RetriableStatusCodes,
    RetriableHeaders,
    EnvoyRateLimited,
    Http3PostConnectFailure,
    GrpcCancelled,
    GrpcDeadlineExceeded,
    GrpcInternal,
    GrpcResourceExhausted,
    GrpcUnavailable,
}

/// Something that is hashed to choose an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashPolicy {
    /// A request header.
    Header(http::HeaderName),
    /// A cookie; with a lifetime it is made where it is missing (zero: a session cookie).
    Cookie {
        /// Its name.
        name: Arc<str>,
        /// Its lifetime.
        ttl: Option<Duration>,
        /// Its path.
        path: Option<Arc<str>>,
        /// Further attributes, name and value.
        attributes: Vec<(Arc<str>, Arc<str>)>,
    },
    /// The caller's address.
    SourceIp,
    /// A query parameter.
    QueryParameter(Arc<str>),
}

/// An answer that sends the caller elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: StatusCode,
    /// The scheme, when it changes.
    pub scheme: Option<Arc<str>>,
    /// The host, when it changes.
    pub host: Option<Arc<str>>,
    /// The port, when it changes.
    pub port: Option<u16>,
    /// What becomes of the path.
    pub path: RedirectPath,
    /// Drop the query.
    pub strip_query: bool,
}

/// What becomes of the path in a redirect.
#[derive(Debug, Clone, PartialEq)]
pub enum RedirectPath {
    /// Nothing.
    Keep,
    /// It is replaced whole; a query here replaces the caller's.
    Replace(Arc<str>),
    /// As for a forwarded request.
    Rewrite(PathRewrite),
}

/// An answer that the proxy gives itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectResponse {
    /// The status.
    pub status: StatusCode,
    /// The body; empty for none.
    pub body: Bytes,
}
