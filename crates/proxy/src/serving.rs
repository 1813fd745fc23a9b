//! What a proxy serves from at one moment: a runtime, bound to its live state.

use std::collections::HashMap;
use std::sync::Arc;

use sealane_runtime::Runtime;
use tokio::time::Instant;

use crate::live::Live;
use crate::live::traffic::ListenerTraffic;
use crate::upstream::Upstream;

/// A runtime and its clusters' live state, resolved once so that requests need no look-up.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) runtime: Runtime,
    /// Grows with every swap.
    pub(crate) generation: u64,
    upstreams: HashMap<Arc<str>, Arc<Upstream>>,
    /// What has come to the listeners that there are.
    listeners: HashMap<Arc<str>, Arc<ListenerTraffic>>,
}

impl Serving {
    /// Binds `runtime`. What has not changed since `before` is taken over as it is.
    pub(crate) fn bind(runtime: Runtime, live: &Live, now: Instant, before: Option<&Self>) -> Self {
        let bind = |(name, cluster): (&Arc<str>, &Arc<_>)| {
            let known = before.and_then(|before| before.upstreams.get(name));
            let same = known.filter(|known| {
                // Most clusters are the very same ones: they need no comparing.
                Arc::ptr_eq(&known.cluster, cluster) || known.cluster == *cluster
            });
            let upstream =
                same.map_or_else(|| Arc::new(Upstream::bind(cluster, live, now)), Arc::clone);
            (Arc::clone(name), upstream)
        };
        let upstreams = runtime.clusters.iter().map(bind).collect();
        let listeners = runtime.listeners.keys();
        let listeners = listeners
            .map(|name| (Arc::clone(name), live.listener(name)))
            .collect();
        Self {
            upstreams,
            listeners,
            runtime,
            generation: before.map_or(0, |before| before.generation + 1),
        }
    }

    /// The cluster called `name`.
    pub(crate) fn upstream(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.upstreams.get(name)
    }

    /// What has come to the listener called `name`.
    pub(crate) fn listener(&self, name: &str) -> Option<&ListenerTraffic> {
        self.listeners.get(name).map(Arc::as_ref)
    }
}
