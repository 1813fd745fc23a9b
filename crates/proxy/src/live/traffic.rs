//! What has gone to clusters and their endpoints, and come to listeners, as Envoy counts it.

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use crate::flood::Flood;

/// A number that only grows, unless it is one of what is there now.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn remove(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Answers by the hundreds of their status: the first is 100 to 199.
#[derive(Debug, Default)]
pub(crate) struct Classes([Count; 5]);

impl Classes {
    pub(crate) fn add(&self, status: u16) {
        let class = usize::from(status / 100).checked_sub(1);
        if let Some(count) = class.and_then(|class| self.0.get(class)) {
            count.add(1);
        }
    }

    pub(crate) fn now(&self) -> [u64; 5] {
        self.0.each_ref().map(Count::now)
    }
}

/// Connections that were ended for what they sent.
#[derive(Debug, Default)]
pub(crate) struct Floods([Count; Flood::ALL.len()]);

impl Floods {
    pub(crate) fn add(&self, flood: Flood) {
        if let Some(count) = self.of(flood) {
            count.add(1);
        }
    }

    pub(crate) fn now(&self, flood: Flood) -> u64 {
        self.of(flood).map_or(0, Count::now)
    }

    fn of(&self, flood: Flood) -> Option<&Count> {
        let place = Flood::ALL.iter().position(|other| *other == flood);
        self.0.get(place?)
    }
}

/// What has gone to a cluster.
#[derive(Debug, Default)]
pub(crate) struct ClusterTraffic {
    /// Connections that were made.
    pub(crate) connections: Count,
    /// Connections that could not be made.
    pub(crate) connect_failures: Count,
    /// Requests that the limit on connections or pending requests turned away.
    pub(crate) pending_overflow: Count,
    /// Requests that were sent.
    pub(crate) requests: Count,
    /// Requests that were sent again.
    pub(crate) retries: Count,
    /// Retries that the limit forbade.
    pub(crate) retry_overflow: Count,
    /// Requests whose time was over.
    pub(crate) timeouts: Count,
    /// The answers.
    pub(crate) answers: Classes,
}

/// What has gone to an endpoint.
#[derive(Debug, Default)]
pub(crate) struct EndpointTraffic {
    /// Connections that are open.
    pub(crate) open: Count,
    /// Connections that were made.
    pub(crate) connections: Count,
    /// Connections that could not be made.
    pub(crate) connect_failures: Count,
    /// Requests.
    pub(crate) requests: Count,
    /// Requests with an answer below 500.
    pub(crate) successes: Count,
    /// Requests with an answer of 500 and above, or without one.
    pub(crate) errors: Count,
    /// Requests whose time was over.
    pub(crate) timeouts: Count,
}

impl ClusterTraffic {
    /// A request was answered.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.answers.add(status.as_u16());
    }

    /// Whether anything was ever sent, or tried.
    pub(crate) fn is_used(&self) -> bool {
        let counts = [
            &self.connections,
            &self.connect_failures,
            &self.pending_overflow,
            &self.requests,
            &self.retry_overflow,
            &self.timeouts,
        ];
        counts.iter().any(|count| count.now() > 0)
    }
}

/// What has come to a listener.
#[derive(Debug, Default)]
pub(crate) struct ListenerTraffic {
    /// Connections that are open.
    pub(crate) open: Count,
    /// Connections that were taken.
    pub(crate) connections: Count,
    /// Requests that have ended.
    pub(crate) requests: Count,
    /// What they were answered.
    pub(crate) answers: Classes,
    /// Connections whose bytes are not HTTP.
    pub(crate) protocol_errors: Count,
    /// Connections that were ended for a flood.
    pub(crate) floods: Floods,
}
