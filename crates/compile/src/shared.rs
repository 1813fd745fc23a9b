//! What the proxies of one snapshot share, so that two hundred sidecars of five hundred services do
//! not make the same resources two hundred times.
//!
//! Proxies that the steps cannot tell apart are of one [`Class`]. Its clusters, endpoints and routes
//! are made once; listeners, the inbound side and the routes of a gateway are made for each proxy. What is equal to a
//! resource of the snapshot before, or to a listener of another proxy, is that very value: it is there
//! once, and whoever compares them need not look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealane_xds::hash::ContentHash;
use sealane_xds::listener::Listener;
use sealane_xds::{Resource, ResourceKind, Resources};

use crate::identity::{Locality, ProxyIdentity, ProxyKind};
use crate::notes::Notes;
use crate::snapshot::Snapshot;
use crate::visibility::Scope;

/// Work that the proxies of one snapshot share. Compiling with it gives what compiling alone gives.
#[derive(Debug, Default)]
pub struct Shared {
    /// The snapshot; all others are compiled as if nothing were shared.
    hash: Option<ContentHash>,
    /// Resources of the snapshot before, by kind and name.
    before: BTreeMap<(ResourceKind, String), Resource>,
    /// Guards what was made so far, for each class; held while it is made, so that it is made once.
    classes: Mutex<BTreeMap<Class, Arc<Common>>>,
    /// Different outbound listeners, by name. Guards the table; held while one is compared.
    listeners: Mutex<BTreeMap<String, Vec<Arc<Listener>>>>,
}

/// What the steps read of a proxy, but for its listeners, the inbound side of a sidecar and the
/// routes of a gateway.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    kind: ProxyKind,
    namespace: String,
    locality: Locality,
    node: String,
    /// `None` where no rule reads them.
    labels: Option<BTreeMap<String, String>>,
}

/// What a class has in common.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) scope: Scope,
    /// Clusters and their endpoints.
    pub(crate) clusters: Made,
    /// Route configurations, by the set of their names. Guarded as the classes are.
    routes: Mutex<BTreeMap<BTreeSet<String>, Arc<Made>>>,
}

/// Resources, and what was noted while they were made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) resources: Vec<Resource>,
    pub(crate) notes: Notes,
}

impl Made {
    /// Adds it to what a proxy gets.
    pub(crate) fn add_to(&self, resources: &mut Resources, notes: &mut Notes) {
        resources.extend(self.resources.iter().cloned());
        notes.absorb(&self.notes);
    }
}

impl Shared {
    /// For this snapshot, after another one.
    pub fn after(before: &Self, snapshot: &Snapshot) -> Self {
        let classes = lock(&before.classes);
        let made = classes.values().flat_map(|common| common.resources());
        let keyed = made.map(|resource| {
            let key = (resource.kind(), resource.name().to_owned());
            (key, resource)
        });
        let mut listeners = lock(&before.listeners).clone();
        for alike in listeners.values_mut() {
            // One is here, one there, and all others are of proxies.
            alike.retain(|listener| Arc::strong_count(listener) > 2);
        }
        listeners.retain(|_, alike| !alike.is_empty());
        Self {
            hash: Some(snapshot.hash),
            before: keyed.collect(),
            classes: Mutex::default(),
            listeners: Mutex::new(listeners),
        }
    }

    /// Whether it is for this snapshot.
    pub fn is_for(&self, snapshot: &Snapshot) -> bool {
        self.hash == Some(snapshot.hash)
    }

    /// What the class of `proxy` has in common.
    pub(crate) fn common(
        &self,
        snapshot: &Snapshot,
        proxy: &ProxyIdentity,
        clusters: impl FnOnce(&Scope) -> Made,
    ) -> Arc<Common> {
        let make = || {
            let scope = Scope::new(snapshot, proxy);
            let mut clusters = clusters(&scope);
            self.intern(&mut clusters);
            Arc::new(Common {
                scope,
                clusters,
                routes: Mutex::default(),
            })
        };
        if !self.is_for(snapshot) {
            return make();
        }
        let class = Class {
            kind: proxy.kind,
            namespace: proxy.namespace.clone(),
            locality: proxy.locality.clone(),
            node: proxy.node.clone(),
            labels: snapshot.reads_labels.then(|| proxy.labels.clone()),
        };
        Arc::clone(lock(&self.classes).entry(class).or_insert_with(make))
    }

    /// The route configurations with these names.
    pub(crate) fn routes(
        &self,
        common: &Common,
        names: BTreeSet<String>,
        make: impl FnOnce(&BTreeSet<String>) -> Made,
    ) -> Arc<Made> {
        let mut routes = lock(&common.routes);
        if let Some(made) = routes.get(&names) {
            return Arc::clone(made);
        }
        let mut made = make(&names);
        self.intern(&mut made);
        let made = Arc::new(made);
        routes.insert(names, Arc::clone(&made));
        made
    }

    /// The listener, or the one that another proxy has and that is equal to it.
    pub(crate) fn listener(&self, listener: Listener) -> Arc<Listener> {
        let mut listeners = lock(&self.listeners);
        let alike = listeners.entry(listener.name.clone()).or_default();
        if let Some(known) = alike.iter().find(|known| ***known == listener) {
            return Arc::clone(known);
        }
        let listener = Arc::new(listener);
        alike.push(Arc::clone(&listener));
        listener
    }

    /// Puts what was there before in the place of what is equal to it.
    fn intern(&self, made: &mut Made) {
        for resource in &mut made.resources {
            let key = (resource.kind(), resource.name().to_owned());
            if let Some(before) = self.before.get(&key).filter(|before| *before == resource) {
                *resource = before.clone();
            }
        }
    }
}

impl Common {
    fn resources(&self) -> Vec<Resource> {
        let routes = lock(&self.routes);
        let routes = routes.values().flat_map(|made| made.resources.iter());
        let all = self.clusters.resources.iter().chain(routes);
        all.cloned().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
