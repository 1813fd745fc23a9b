//! Faults that a route injects.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::split::Fraction;

/// Delays and aborts, each drawn on its own, the delay first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A name for the sequences of these decisions; delay and abort have one each.
    pub key: Arc<str>,
    /// Wait first.
    pub delay: Option<(Duration, Fraction)>,
    /// Answer instead.
    pub abort: Option<(Abort, Fraction)>,
}

/// How a request is aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// With an HTTP status.
    Http(StatusCode),
    /// With a gRPC status.
    Grpc(u32),
}
