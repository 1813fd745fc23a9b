//! Requests and responses of the conversation, decoded.

use std::collections::BTreeSet;

use sealane_xds::{Resource, ResourceKind};

/// What a client asks or answers: a subscription, an ACK or a NACK.
///
/// Source: <https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it is about; on the wire, the type URL.
    pub kind: ResourceKind,
    /// The version that the client last accepted of this kind; empty before the first.
    pub version: String,
    /// The nonce of the latest response that the client has seen of this kind; empty before the
    /// first of a connection.
    pub nonce: String,
    /// The names it wants; empty for all there are (clusters and listeners) or none (the others).
    pub names: BTreeSet<String>,
    /// Why the response with this nonce is refused: then the request is a NACK.
    pub error: Option<String>,
}

/// What a server sends: resources of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// What it is about; on the wire, the type URL.
    pub kind: ResourceKind,
    /// The version of the kind's resources; no two responses of a connection share one.
    pub version: String,
    /// What the answer must quote.
    pub nonce: String,
    /// All resources of the kind (clusters and listeners: what is missing is gone), or those that
    /// changed or were newly asked for (the others).
    pub resources: Vec<Resource>,
}
