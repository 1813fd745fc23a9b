//! What was seen of one call: by the caller, by the workload, in the caller's access log.

use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that was seen of one call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// The status code; nothing when the connection was refused, reset or closed without an answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// Response headers by lower-case name, repeated values joined with `,`.
    pub headers: BTreeMap<String, String>,
    /// The body, or the line that a TCP port answered.
    pub body: String,
    /// From the connect to the end of the body.
    pub took: Duration,
    /// The workload that answered; nothing when the proxy answered itself, or nobody did.
    pub workload: Option<String>,
    /// The pod that answered.
    pub pod: Option<String>,
    /// The last request that the answering workload saw of this call (any workload, when none answered).
    pub seen: Option<Seen>,
    /// The line of the caller's access log.
    pub log: Option<Logged>,
    /// Requests that reached workloads, copies not counted.
    pub attempts: u32,
    /// The workloads that copies reached, one entry for each copy.
    pub mirrored: Vec<String>,
    /// To how many workloads the endpoints of the logged cluster belong, where the mesh can say.
    pub candidates: Option<usize>,
}

/// A request as a workload saw it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// The Host header or `:authority`.
    pub host: String,
    /// Headers by lower-case name, repeated values joined with `,`.
    pub headers: BTreeMap<String, String>,
}

/// What the access log says of a call; `-` for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logged {
    /// Response flags, joined with `,`.
    pub flags: String,
    /// The upstream cluster.
    pub cluster: String,
    /// The name of the route.
    pub route: String,
}
