//! Clusters: how to reach the endpoints of a destination.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::endpoint::Endpoints;

/// One cluster with its endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The name: `outbound|9080|v2|reviews.default.svc.cluster.local`.
    pub name: Arc<str>,
    /// Where the endpoints come from.
    pub discovery: Discovery,
    /// How an endpoint is chosen.
    pub balance: Balance,
    /// The time for a connection to be made.
    pub connect_timeout: Duration,
    /// What is spoken to the endpoints.
    pub protocol: UpstreamProtocol,
    /// Limits for the whole proxy.
    pub limits: Limits,
    /// When endpoints are ejected.
    pub outlier: Option<Arc<Outlier>>,
    /// A connection ends after this many requests; `None` never.
    pub max_requests_per_connection: Option<u32>,
    /// A connection without requests ends after this; `None` never. Envoy's default is an hour.
    pub idle_timeout: Option<Duration>,
    /// A connection ends after this.
    pub max_connection_duration: Option<Duration>,
    /// Below this percentage of healthy endpoints, all are used. 0 never.
    pub panic_threshold: u8,
    /// Choose a locality by its weight before an endpoint in it; otherwise all endpoints of a
    /// priority stand side by side.
    pub locality_weighted: bool,
    /// TCP keepalive of its connections.
    pub keepalive: Option<Keepalive>,
    /// TLS to the endpoints. Not served yet: such a cluster connects in plaintext under
    /// `ISTIO_MUTUAL`, and not at all otherwise.
    pub transport: UpstreamTransport,
    /// The endpoints.
    pub endpoints: Arc<Endpoints>,
    /// The DestinationRule it came from, in Istio's form, for display.
    pub config: Option<Arc<str>>,
    /// The service whose endpoints these are, for telemetry; of several, Istio names the first.
    pub service: Option<Arc<ServiceName>>,
}

/// What Istio's metadata says of a cluster's service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    /// The host: `reviews.default.svc.cluster.local`.
    pub host: Arc<str>,
    /// The name: `reviews`.
    pub name: Arc<str>,
}

/// Where a cluster's endpoints come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// They are given, with the cluster or beside it.
    Given,
    /// By name: every address of every name.
    StrictDns,
    /// By name: the first address.
    LogicalDns,
    /// The connection's original destination; `port` replaces its port.
    OriginalDestination {
        /// The port to use instead.
        port: Option<u16>,
    },
}

/// How an endpoint is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balance {
    /// In turn, by weight.
    RoundRobin,
    /// The less busy of `choices` random ones; Envoy's default is 2.
    LeastRequest {
        /// How many are compared.
        choices: u32,
    },
    /// At random, by weight.
    Random,
    /// On a ring of hashes.
    RingHash {
        /// The smallest number of entries.
        minimum_size: u64,
        /// The largest number of entries.
        maximum_size: u64,
    },
    /// In a table of hashes.
    Maglev {
        /// The number of entries, a prime.
        table_size: u64,
    },
    /// By the cluster's discovery: the original destination.
    Provided,
}

/// What is spoken to the endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, by prior knowledge.
    Http2,
    /// As the caller speaks.
    AsDownstream,
}

/// Limits of a cluster, over all threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections.
    pub connections: u32,
    /// Requests that wait for a connection.
    pub pending: u32,
    /// Requests in flight.
    pub requests: u32,
    /// Retries in flight.
    pub retries: u32,
}

/// When endpoints are ejected, and for how long. Envoy's outlier detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlier {
    /// Answers of 500 and above in a row; `None` is off.
    pub consecutive_5xx: Option<u32>,
    /// 502, 503 or 504 in a row; `None` is off.
    pub consecutive_gateway: Option<u32>,
    /// Failures of our own side (connect, reset) in a row; `None` is off.
    pub consecutive_local: Option<u32>,
    /// Count failures of our own side apart from answers.
    pub split_local: bool,
    /// How often ejections are looked at.
    pub interval: Duration,
    /// The time of the first ejection; the n-th takes n times as long.
    pub base_time: Duration,
    /// The longest ejection.
    pub max_time: Duration,
    /// The most endpoints that may be ejected, in percent of all.
    pub max_percent: u8,
    /// Statuses that count as 5xx; empty for all of 500 and above.
    pub error_statuses: Vec<StatusCode>,
}

/// TCP keepalive; `None` leaves a value to the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// Probes before the connection is dead.
    pub probes: Option<u32>,
    /// Quiet time before the first.
    pub time: Option<Duration>,
    /// Time between two.
    pub interval: Option<Duration>,
}

/// How bytes travel to the endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamTransport {
    /// As they are.
    Plaintext,
    /// In mutual TLS of the mesh, which this build does not speak yet.
    MeshTls,
    /// In TLS as a DestinationRule says, which this build does not speak yet.
    Tls,
}
