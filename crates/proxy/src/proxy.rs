//! One proxy: what its threads share.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::{ArcSwap, ArcSwapOption};
use sealane_runtime::{Builds, Runtime};
use sealane_seam::{Clock, Descriptors, Random, Resolver, Transport};
use sealane_xds::Resources;

use crate::budget::Budget;
use crate::live::Live;
use crate::serving::Serving;
use crate::settings::Settings;
use crate::sockets::Sockets;
use crate::telemetry::access_log::{AccessLog, NoAccessLog};
use crate::telemetry::event::{Events, NoEvents};
use crate::telemetry::hop::Who;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::workload::Workloads;

/// What a proxy stands in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A workload: connections are handed over by their original destination.
    Sidecar,
    /// Nothing: it is called at the addresses of its listeners.
    Gateway,
}

/// What a proxy needs of the outside.
#[derive(Clone)]
pub struct Outside {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for identifiers, jitter and balancing.
    pub random: Arc<dyn Random>,
    /// The network: listeners are bound on it, endpoints are reached by it.
    pub transport: Arc<dyn Transport>,
    /// How the workload beside the proxy is reached at its own address. Only inbound listeners use
    /// it; on the network, that address leads to those listeners.
    pub workload: Arc<dyn Transport>,
    /// The addresses of endpoints that are given by name.
    pub resolver: Arc<dyn Resolver>,
}

/// One proxy. Its threads each have a [`Worker`](crate::worker::Worker).
pub struct Proxy {
    id: Arc<str>,
    kind: Kind,
    serving: ArcSwap<Serving>,
    live: Arc<Live>,
    outside: Outside,
    settings: Settings,
    access_log: Arc<dyn AccessLog>,
    events: Arc<dyn Events>,
    sockets: Sockets,
    metrics: Arc<Metrics>,
    who: Who,
    received: ArcSwapOption<Received>,
    replays: Arc<Budget>,
    descriptors: Arc<Descriptors>,
    builds: Arc<Builds>,
}

/// The resources that a proxy serves by.
#[derive(Debug, Clone)]
pub struct Received {
    /// All of them.
    pub resources: Arc<Resources>,
    /// Their generation.
    pub generation: u64,
    /// Since when.
    pub at: SystemTime,
}

impl Proxy {
    /// A proxy that serves nothing yet, writes no access log and tells no events.
    pub fn new(id: impl Into<Arc<str>>, kind: Kind, outside: Outside) -> Self {
        let live = Arc::new(Live::new(outside.random.next_u64()));
        let empty = Serving::bind(Runtime::default(), &live, outside.clock.now(), None);
        let settings = Settings::default();
        Self {
            id: id.into(),
            descriptors: Descriptors::unlimited(),
            replays: Budget::new(settings.replay_bytes_of_all),
            kind,
            serving: ArcSwap::from_pointee(empty),
            live,
            outside,
            settings,
            access_log: Arc::new(NoAccessLog),
            events: Arc::new(NoEvents),
            sockets: Sockets::new(),
            metrics: Arc::default(),
            who: Who::default(),
            received: ArcSwapOption::empty(),
            builds: Arc::default(),
        }
    }

    /// With these limits.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.replays = Budget::new(settings.replay_bytes_of_all);
        self.settings = settings;
        self
    }

    /// In a process whose connections these are; when they are too many, callers from outside are
    /// turned away.
    #[must_use]
    pub fn with_descriptors(mut self, descriptors: Arc<Descriptors>) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// With memory for bodies that are kept, which other proxies of the process share.
    #[must_use]
    pub fn with_replays(mut self, replays: Arc<Budget>) -> Self {
        self.replays = replays;
        self
    }

    /// With what other proxies of the process have built.
    #[must_use]
    pub fn with_builds(mut self, builds: Arc<Builds>) -> Self {
        self.builds = builds;
        self
    }

    /// With this access log.
    #[must_use]
    pub fn with_access_log(mut self, access_log: Arc<dyn AccessLog>) -> Self {
        self.access_log = access_log;
        self
    }

    /// With somebody who is told of the proxy's own replies.
    #[must_use]
    pub fn with_events(mut self, events: Arc<dyn Events>) -> Self {
        self.events = events;
        self
    }

    /// The proxy of the workload at `address`, for metrics, which `workloads` knows as it knows
    /// those at the other ends.
    #[must_use]
    pub fn with_workloads(mut self, address: IpAddr, workloads: Arc<dyn Workloads>) -> Self {
        self.who = Who::at(address, workloads);
        self
    }

    /// The resources that it serves by, as it received them; `None` before the first.
    pub fn received(&self) -> Option<Arc<Received>> {
        self.received.load_full()
    }

    /// Keeps the resources of a generation that is served now, to show them.
    pub(crate) fn keep(&self, resources: Arc<Resources>, generation: u64) {
        let at = self.outside.clock.wall();
        self.received.store(Some(Arc::new(Received {
            resources,
            generation,
            at,
        })));
    }

    /// What it counts.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The proxy's name in logs.
    pub const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// What it stands in front of.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Serves from `runtime` from now on: requests that have begun end as they began.
    ///
    /// This swaps the pointer and nothing else. [`Follower`](crate::swap::Follower) binds
    /// listeners first and answers the control plane.
    pub fn install(&self, runtime: Runtime) {
        let before = self.serving.load();
        let now = self.outside.clock.now();
        let keys = runtime.sequence_keys();
        self.live.sequences.retain(|key| keys.contains(key));
        let serving = Serving::bind(runtime, &self.live, now, Some(&before));
        self.serving.store(Arc::new(serving));
        drop(before);
        self.live.forget_unused();
    }

    /// How often [`install`](Self::install) was called.
    pub fn generation(&self) -> u64 {
        self.serving.load().generation
    }

    /// Where the listeners with sockets of their own are: by the address that each names, where its
    /// transport has put it.
    pub fn bound(&self) -> BTreeMap<SocketAddr, SocketAddr> {
        let sockets = self.sockets.now();
        let places = sockets.iter();
        places
            .map(|(named, socket)| (*named, socket.address()))
            .collect()
    }

    /// Takes no connections any more: lets go of all sockets, for good. Connections that there are
    /// end gracefully.
    pub fn close(&self) {
        self.sockets.close();
    }

    pub(crate) const fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    pub(crate) const fn who(&self) -> &Who {
        &self.who
    }

    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    pub(crate) const fn outside(&self) -> &Outside {
        &self.outside
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn descriptors(&self) -> &Arc<Descriptors> {
        &self.descriptors
    }

    pub(crate) fn builds(&self) -> &Builds {
        &self.builds
    }

    pub(crate) const fn replays(&self) -> &Arc<Budget> {
        &self.replays
    }

    pub(crate) fn access_log(&self) -> &dyn AccessLog {
        &*self.access_log
    }

    pub(crate) fn events(&self) -> &dyn Events {
        &*self.events
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
