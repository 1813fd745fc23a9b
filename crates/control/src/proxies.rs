//! The proxies that are configured: who they are, and what was compiled for those that run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealane_ads::local::{Fleet, NotLive, Status, Subscriber};
use sealane_compile::{Compiled, ProxyIdentity, ProxyKind, Shared, Snapshot, compile_with};
use sealane_model::diagnostic::Diagnostic;
use tokio::time::timeout;

/// The id of a proxy: `NAMESPACE/POD`.
pub fn proxy_id(identity: &ProxyIdentity) -> String {
    format!("{}/{}", identity.namespace, identity.name)
}

/// Why a generation is not live everywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsettled {
    /// Proxies refused it.
    #[error("refused by {}", .0.keys().cloned().collect::<Vec<_>>().join(", "))]
    Refused(BTreeMap<String, NotLive>),
    /// Proxies did not answer in time.
    #[error("some proxies did not answer")]
    Silent,
}

/// What runs, and what it was given.
#[derive(Debug, Default)]
pub struct Proxies {
    fleet: Fleet,
    /// What was compiled last for each proxy that runs. Held for look-ups only.
    compiled: Mutex<BTreeMap<String, Arc<Compiled>>>,
    /// What the proxies of the newest snapshot have in common. Held for look-ups only.
    shared: Mutex<Arc<Shared>>,
}

impl Proxies {
    /// The side of a proxy that begins to run, which finds this snapshot's resources there.
    pub fn connect(&self, identity: &ProxyIdentity, snapshot: &Snapshot) -> Subscriber {
        let id = proxy_id(identity);
        let subscriber = self.fleet.subscribe(&id);
        self.publish(identity, snapshot);
        subscriber
    }

    /// Gives a proxy what this snapshot means for it.
    pub fn publish(&self, identity: &ProxyIdentity, snapshot: &Snapshot) -> Arc<Compiled> {
        let id = proxy_id(identity);
        let compiled = Arc::new(compile_with(&self.shared(snapshot), snapshot, identity));
        let resources = Arc::clone(&compiled.resources);
        self.fleet.publish(&id, snapshot.generation, resources);
        self.compiled().insert(id, Arc::clone(&compiled));
        compiled
    }

    /// Gives the snapshot to every proxy of `identities` that runs, and to those of `former` that
    /// still do. What compiling found wrong comes back, each finding once; a namespace in which
    /// nothing runs is compiled for one proxy all the same, so that nothing stays unsaid.
    pub fn publish_all(
        &self,
        identities: &BTreeMap<String, ProxyIdentity>,
        former: &BTreeMap<String, ProxyIdentity>,
        snapshot: &Snapshot,
    ) -> Published {
        let statuses = self.fleet.statuses();
        let runs = |id: &String| statuses.get(id).is_some_and(|status| status.connected);
        let mut published = Published::default();
        let mut spoken: BTreeSet<(ProxyKind, &str)> = BTreeSet::new();
        for (id, identity) in identities {
            if runs(id) {
                let compiled = self.publish(identity, snapshot);
                published.add(&compiled.diagnostics);
                published.proxies += 1;
                spoken.insert((identity.kind, &identity.namespace));
            }
        }
        for (id, identity) in former {
            if !identities.contains_key(id) && runs(id) {
                self.publish(identity, snapshot);
                published.proxies += 1;
            }
        }
        for identity in identities.values() {
            if spoken.insert((identity.kind, &identity.namespace)) {
                let shared = self.shared(snapshot);
                published.add(&compile_with(&shared, snapshot, identity).diagnostics);
            }
        }
        published
    }

    /// Waits until every proxy that runs serves the generation, for `limit` at most.
    pub async fn live(&self, generation: u64, limit: Duration) -> Result<(), Unsettled> {
        let settled = timeout(limit, self.live_at_last(generation)).await;
        settled.unwrap_or(Err(Unsettled::Silent))
    }

    /// Waits until every proxy that runs serves the generation, however long it takes.
    pub async fn live_at_last(&self, generation: u64) -> Result<(), Unsettled> {
        self.fleet
            .live(generation)
            .await
            .map_err(Unsettled::Refused)
    }

    /// Forgets the proxies that are not among `identities`.
    pub fn retain(&self, identities: &BTreeMap<String, ProxyIdentity>) {
        for id in self.fleet.statuses().into_keys() {
            if !identities.contains_key(&id) {
                self.fleet.remove(&id);
                self.compiled().remove(&id);
            }
        }
    }

    /// How far each proxy is that was ever connected.
    pub fn statuses(&self) -> BTreeMap<String, Status> {
        self.fleet.statuses()
    }

    /// What was compiled last for a proxy that runs.
    pub fn compiled_for(&self, id: &str) -> Option<Arc<Compiled>> {
        self.compiled().get(id).cloned()
    }

    /// What the proxies of this snapshot have in common.
    fn shared(&self, snapshot: &Snapshot) -> Arc<Shared> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if !shared.is_for(snapshot) {
            *shared = Arc::new(Shared::after(&shared, snapshot));
        }
        Arc::clone(&shared)
    }

    fn compiled(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Compiled>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What publishing came to.
#[derive(Debug, Default)]
pub struct Published {
    /// How many proxies were given the generation.
    pub proxies: usize,
    /// What compiling found, each finding once.
    pub diagnostics: Vec<Diagnostic>,
}

impl Published {
    fn add(&mut self, found: &[Diagnostic]) {
        for diagnostic in found {
            if !self.diagnostics.contains(diagnostic) {
                self.diagnostics.push(diagnostic.clone());
            }
        }
    }
}
