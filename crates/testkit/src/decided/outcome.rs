//! What a runtime would do with one call, symbolically: every way it can go, with its share.

use std::collections::BTreeSet;

use http::HeaderMap;

/// Everything that can come of one call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    /// The route's name; `-` for none.
    pub route: String,
    /// The ways it can go; their shares add up to 1.
    pub outcomes: Vec<Outcome>,
    /// Copies of those calls that go to an upstream.
    pub copies: Vec<Copied>,
}

/// One way a call can go.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The share of the calls that go this way, from 0 to 1.
    pub share: f64,
    /// The cluster as the access log names it; `-` for none.
    pub cluster: String,
    /// Where it ends.
    pub end: End,
    /// Headers of the answer that are decided; nothing where none is.
    pub headers: Option<HeaderMap>,
}

/// Where a call ends.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The proxy answers by itself.
    Own {
        /// The status; `none` when the connection is closed instead.
        status: String,
        /// Response flags, `-` for none.
        flags: String,
        /// The body, where it is decided.
        body: Option<String>,
    },
    /// It is sent to an endpoint. What becomes of it there is not decided.
    Upstream {
        /// The workloads that the endpoints belong to.
        workloads: BTreeSet<String>,
        /// The path that the workload sees; nothing where that is open.
        path: Option<String>,
        /// The host that the workload sees; nothing where that is open.
        host: Option<String>,
    },
    /// It is sent to an address where nobody of the mesh is.
    Refused,
}

/// Copies for one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// The share of the calls that are copied, from 0 to 1.
    pub share: f64,
    /// The workloads that the cluster's endpoints belong to.
    pub workloads: BTreeSet<String>,
}
