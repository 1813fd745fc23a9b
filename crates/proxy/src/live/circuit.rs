//! Circuit breakers: how much of a cluster's limits is in use, over all threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::ClusterLive;

/// The four counters of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    connections: AtomicU32,
    pending: AtomicU32,
    requests: AtomicU32,
    retries: AtomicU32,
}

/// Which limit is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Connections,
    Pending,
    Requests,
    Retries,
}

impl Circuit {
    /// What is in use of `resource`.
    pub(crate) fn used(&self, resource: Resource) -> u32 {
        self.counter(resource).load(Ordering::Relaxed)
    }

    const fn counter(&self, resource: Resource) -> &AtomicU32 {
        match resource {
            Resource::Connections => &self.connections,
            Resource::Pending => &self.pending,
            Resource::Requests => &self.requests,
            Resource::Retries => &self.retries,
        }
    }
}

/// A part of a limit that is in use until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    cluster: Arc<ClusterLive>,
    resource: Resource,
}

impl Permit {
    /// Takes one of `limit`; `None` when all are taken.
    pub(crate) fn take(cluster: &Arc<ClusterLive>, resource: Resource, limit: u32) -> Option<Self> {
        let permit = Self::take_anyway(cluster, resource);
        // The count holds ours already.
        (cluster.circuit.used(resource) <= limit).then_some(permit)
    }

    /// Takes one even above the limit.
    pub(crate) fn take_anyway(cluster: &Arc<ClusterLive>, resource: Resource) -> Self {
        let counter = cluster.circuit.counter(resource);
        counter.fetch_add(1, Ordering::Relaxed);
        Self {
            cluster: Arc::clone(cluster),
            resource,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let counter = self.cluster.circuit.counter(self.resource);
        counter.fetch_sub(1, Ordering::Relaxed);
    }
}
