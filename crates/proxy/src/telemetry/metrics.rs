//! Istio's standard metrics, as one proxy counts them.
//!
//! A request looks one series up by parts of configuration that were hashed before, and adds to
//! its atomics; nothing is formatted before somebody scrapes. [`Totals`] adds proxies up, and
//! [`exposition`] writes them.

pub mod exposition;
pub mod histogram;
pub mod labels;
pub mod series;
mod totals;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::labels::{ConnectionLabels, Hop, RequestLabels};
use self::series::{Connections, Messages, Requests, Table};
pub use self::totals::Totals;

/// The metrics of one proxy. They outlive it, so that what was counted stays counted.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Table<RequestLabels, Requests>,
    messages: Table<Hop, Messages>,
    connections: Table<ConnectionLabels, Connections>,
    /// What was not counted, because there were too many series.
    uncounted: AtomicU64,
}

/// What a request took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) time: Duration,
    /// Bytes of its body.
    pub(crate) received: u64,
    /// Bytes of its response's body.
    pub(crate) sent: u64,
}

/// A TCP connection that is counted.
#[derive(Debug, Clone)]
pub(crate) struct CountedConnection(Arc<Connections>);

impl Metrics {
    /// A request has ended.
    pub(crate) fn request(&self, labels: &RequestLabels, took: Took) {
        let millis = u64::try_from(took.time.as_millis()).unwrap_or(u64::MAX);
        match self.requests.series(labels) {
            Some(series) => series.add(millis, (took.received, took.sent)),
            None => self.too_many(),
        }
    }

    /// gRPC messages have passed: of requests, and of responses.
    pub(crate) fn messages(&self, hop: &Hop, sent: [u64; 2]) {
        match self.messages.series(hop) {
            Some(series) => series.add(sent),
            None => self.too_many(),
        }
    }

    /// A TCP connection is open; `None` when it cannot be counted.
    pub(crate) fn connection(&self, labels: &ConnectionLabels) -> Option<CountedConnection> {
        let series = self.connections.series(labels);
        match &series {
            Some(series) => series.add([1, 0, 0, 0]),
            None => self.too_many(),
        }
        series.map(CountedConnection)
    }

    fn too_many(&self) {
        self.uncounted.fetch_add(1, Ordering::Relaxed);
    }
}

impl CountedConnection {
    /// Bytes have passed to the caller, and from it.
    pub(crate) fn passed(&self, (sent, received): (u64, u64)) {
        self.0.add([0, 0, sent, received]);
    }

    /// It is closed.
    pub(crate) fn closed(&self) {
        self.0.add([0, 1, 0, 0]);
    }
}

#[cfg(test)]
mod tests;
