//! What a proxy serves from at one moment: a runtime, bound to its live state.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use sealane_runtime::Runtime;
use sealane_runtime::cluster::Cluster;
use tokio::time::Instant;

use crate::live::Live;
use crate::live::traffic::ListenerTraffic;
use crate::tls::Servers;
use crate::upstream::Upstream;

/// A runtime and its clusters' live state, resolved once so that requests need no look-up.
///
/// A cluster is bound when it is first asked for: of the hundreds that a sidecar knows, its workload
/// calls a few.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) runtime: Runtime,
    /// Grows with every swap.
    pub(crate) generation: u64,
    upstreams: HashMap<Arc<str>, OnceLock<Arc<Upstream>>>,
    /// What has come to the listeners that there are.
    listeners: HashMap<Arc<str>, Arc<ListenerTraffic>>,
    /// How its listeners terminate TLS.
    pub(crate) tls: Servers,
    live: Arc<Live>,
    /// When it began to serve.
    since: Instant,
}

impl Serving {
    /// Binds `runtime`. What has not changed since `before` is taken over as it is.
    pub(crate) fn bind(
        runtime: Runtime,
        live: &Arc<Live>,
        now: Instant,
        before: Option<&Self>,
    ) -> Self {
        let bind = |(name, cluster): (&Arc<str>, &Arc<Cluster>)| {
            let known = before.and_then(|before| before.upstreams.get(name)?.get());
            let slot = known.map_or_else(OnceLock::new, |known| {
                // Most clusters are the very same ones: they need no comparing.
                let same = Arc::ptr_eq(&known.cluster, cluster) || known.cluster == *cluster;
                let upstream = if same {
                    Arc::clone(known)
                } else {
                    // At once, so that what is known of the cluster finds its new owner.
                    Arc::new(Upstream::bind(cluster, live, now))
                };
                upstream.into()
            });
            (Arc::clone(name), slot)
        };
        let upstreams = runtime.clusters.iter().map(bind).collect();
        let listeners = runtime.listeners.keys();
        let listeners = listeners
            .map(|name| (Arc::clone(name), live.listener(name)))
            .collect();
        let tls = Servers::of(&runtime, before.map(|before| &before.tls));
        Self {
            tls,
            upstreams,
            listeners,
            runtime,
            generation: before.map_or(0, |before| before.generation + 1),
            live: Arc::clone(live),
            since: now,
        }
    }

    /// The cluster called `name`, to be used.
    pub(crate) fn upstream(&self, name: &str) -> Option<&Arc<Upstream>> {
        let slot = self.upstreams.get(name)?;
        if let Some(upstream) = slot.get() {
            return Some(upstream);
        }
        let cluster = self.runtime.clusters.get(name)?;
        Some(slot.get_or_init(|| self.bind_one(cluster)))
    }

    /// The clusters in the order of their names, to be looked at. Those that were never used are
    /// bound for the moment.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = Arc<Upstream>> {
        self.runtime.clusters.iter().map(|(name, cluster)| {
            let slot = self.upstreams.get(name);
            let bound = slot.and_then(OnceLock::get).map(Arc::clone);
            bound.unwrap_or_else(|| self.bind_one(cluster))
        })
    }

    fn bind_one(&self, cluster: &Arc<Cluster>) -> Arc<Upstream> {
        Arc::new(Upstream::bind(cluster, &self.live, self.since))
    }

    /// What has come to the listener called `name`.
    pub(crate) fn listener(&self, name: &str) -> Option<&ListenerTraffic> {
        self.listeners.get(name).map(Arc::as_ref)
    }
}
