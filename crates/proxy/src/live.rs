//! What changes while a proxy serves, keyed by what it belongs to; it survives every swap and is
//! shared by all threads.

pub(crate) mod circuit;
pub(crate) mod endpoint;
pub(crate) mod open;
pub(crate) mod outlier;
pub(crate) mod split;
pub(crate) mod traffic;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealane_runtime::endpoint::EndpointAddress;
use tokio::time::Instant;

use circuit::Circuit;
use endpoint::EndpointLive;
use outlier::Ejections;
use split::Sequences;
use traffic::{ClusterTraffic, ListenerTraffic};

/// All of a proxy's live state.
#[derive(Debug)]
pub(crate) struct Live {
    /// The sequences of splits, faults and mirrors.
    pub(crate) sequences: Sequences,
    /// By cluster name. Guards the table; taken when a runtime is bound, never per request.
    clusters: Mutex<BTreeMap<Arc<str>, Arc<ClusterLive>>>,
    /// By listener name. Guards the table; taken when a runtime is bound, and per connection.
    listeners: Mutex<BTreeMap<Arc<str>, Arc<ListenerTraffic>>>,
}

/// The live state of one cluster.
#[derive(Debug)]
pub(crate) struct ClusterLive {
    /// What is in use of the cluster's limits.
    pub(crate) circuit: Circuit,
    /// Who is ejected, and for how long.
    pub(crate) ejections: Ejections,
    /// What has gone there.
    pub(crate) traffic: ClusterTraffic,
    /// By address. Guards the table; taken when a runtime is bound, never per request.
    endpoints: Mutex<BTreeMap<EndpointAddress, Arc<EndpointLive>>>,
}

impl Live {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            sequences: Sequences::new(seed),
            clusters: Mutex::default(),
            listeners: Mutex::default(),
        }
    }

    /// What has come to the listener called `name`.
    pub(crate) fn listener(&self, name: &Arc<str>) -> Arc<ListenerTraffic> {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = listeners.entry(Arc::clone(name));
        Arc::clone(entry.or_default())
    }

    /// The state of the cluster called `name`, made where there is none.
    pub(crate) fn cluster(&self, name: &Arc<str>, now: Instant) -> Arc<ClusterLive> {
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = clusters.entry(Arc::clone(name));
        Arc::clone(entry.or_insert_with(|| Arc::new(ClusterLive::new(now))))
    }

    /// Forgets listeners, clusters and endpoints that nothing refers to any more.
    pub(crate) fn forget_unused(&self) {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|_, listener| Arc::strong_count(listener) > 1);
        drop(listeners);
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.retain(|_, cluster| Arc::strong_count(cluster) > 1);
        clusters
            .values()
            .for_each(|cluster| cluster.forget_unused());
    }
}

impl ClusterLive {
    fn new(now: Instant) -> Self {
        Self {
            circuit: Circuit::default(),
            ejections: Ejections::new(now),
            traffic: ClusterTraffic::default(),
            endpoints: Mutex::default(),
        }
    }

    /// The state of the endpoint at `address`, made where there is none.
    pub(crate) fn endpoint(&self, address: &EndpointAddress) -> Arc<EndpointLive> {
        let mut endpoints = self
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = endpoints.entry(address.clone());
        Arc::clone(entry.or_default())
    }

    /// Forgets endpoints that nothing refers to any more.
    fn forget_unused(&self) {
        let mut endpoints = self
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints.retain(|_, endpoint| Arc::strong_count(endpoint) > 1);
    }
}
