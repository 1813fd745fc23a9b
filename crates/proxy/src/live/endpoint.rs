//! The live state of one endpoint: what runs there, and how it has been doing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::traffic::EndpointTraffic;

/// Counters of one endpoint, shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct EndpointLive {
    /// Requests in flight.
    active: AtomicU32,
    /// Whether the outlier detector keeps it out.
    ejected: AtomicBool,
    /// Failures in a row, as the outlier detector counts them.
    pub(crate) consecutive: Consecutive,
    /// What has gone there.
    pub(crate) traffic: EndpointTraffic,
}

/// Failures in a row, by kind.
#[derive(Debug, Default)]
pub(crate) struct Consecutive {
    pub(crate) errors: AtomicU32,
    pub(crate) gateway: AtomicU32,
    pub(crate) local: AtomicU32,
}

impl EndpointLive {
    /// Requests in flight, for `LEAST_REQUEST`.
    pub(crate) fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether the outlier detector keeps it out.
    pub(crate) fn is_ejected(&self) -> bool {
        self.ejected.load(Ordering::Relaxed)
    }

    pub(crate) fn set_ejected(&self, ejected: bool) {
        self.ejected.store(ejected, Ordering::Relaxed);
    }
}

/// A request in flight at an endpoint, until this is dropped.
#[derive(Debug)]
pub(crate) struct Active(std::sync::Arc<EndpointLive>);

impl Active {
    pub(crate) fn at(endpoint: &std::sync::Arc<EndpointLive>) -> Self {
        endpoint.active.fetch_add(1, Ordering::Relaxed);
        endpoint.traffic.requests.add(1);
        Self(std::sync::Arc::clone(endpoint))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}
