//! The server's end, one per connected proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_xds::cluster::Cluster;
use sealane_xds::endpoint::ClusterLoadAssignment;
use sealane_xds::references::{endpoint_name, referenced};
use sealane_xds::route::RouteConfiguration;
use sealane_xds::tls::Secret;
use sealane_xds::{Resource, ResourceKind, Resources};

use super::watch::{KindStatus, Rejection, Watch};
use crate::message::{Request, Response};

/// The newest generation that the proxy should have.
#[derive(Debug)]
struct Target {
    generation: u64,
    resources: Arc<Resources>,
    /// The names of each kind that a proxy with these resources asks for.
    referenced: BTreeMap<ResourceKind, BTreeSet<String>>,
}

/// The server's end of a conversation with one proxy, from its connection to its end.
#[derive(Debug, Default)]
pub struct ServerSession {
    target: Option<Target>,
    watches: BTreeMap<ResourceKind, Watch>,
    /// The serial number of the latest response, of any kind.
    serial: u64,
}

impl ServerSession {
    /// The session of a proxy that has just connected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a new generation, and says what the proxy has to hear of it.
    pub fn publish(&mut self, generation: u64, resources: Arc<Resources>) -> Vec<Response> {
        let referenced = ResourceKind::FOLLOWED
            .into_iter()
            .map(|kind| (kind, referenced(&resources, kind)))
            .collect();
        let before = self.target.replace(Target {
            generation,
            resources,
            referenced,
        });
        let reset = self.reset_clusters(before.as_ref());
        let responses = ResourceKind::ALL.into_iter().filter_map(|kind| {
            let again = if kind == ResourceKind::Endpoint {
                &reset
            } else {
                &BTreeSet::new()
            };
            self.respond(kind, again)
        });
        responses.collect()
    }

    /// Takes a message of the proxy, and says what to answer.
    pub fn receive(&mut self, request: &Request) -> Option<Response> {
        let kind = request.kind;
        let nothing_wanted = request.names.is_empty() && !kind.is_wildcard();
        let Some(watch) = self.watches.get_mut(&kind) else {
            if !nothing_wanted {
                self.watches.insert(kind, Watch::new(request));
            }
            return self.respond(kind, &BTreeSet::new());
        };
        if let Some(reason) = &request.error {
            if watch.is_current(request) {
                watch.reject(reason);
                let target = self.target.as_ref()?;
                // What has been published since may be taken, even what it has in common with this.
                if watch.is_older(target.generation) {
                    return self.respond(kind, &BTreeSet::new());
                }
            }
            return None;
        }
        if request.nonce.is_empty() && !nothing_wanted {
            self.watches.insert(kind, Watch::new(request));
            return self.respond(kind, &BTreeSet::new());
        }
        if !watch.is_current(request) {
            return None;
        }
        if nothing_wanted {
            self.watches.remove(&kind);
            return None;
        }
        if watch.accept(request) {
            self.respond(kind, &BTreeSet::new())
        } else {
            None
        }
    }

    /// The newest generation, once the proxy has accepted all of it.
    pub fn live(&self) -> Option<u64> {
        let target = self.target.as_ref()?;
        let is_live = |kind: ResourceKind| {
            let names = target
                .referenced
                .get(&kind)
                .filter(|names| !names.is_empty());
            match (self.watches.get(&kind), names) {
                (Some(watch), None) => watch.is_synced(),
                (Some(watch), Some(names)) => watch.is_synced() && watch.covers(names),
                (None, names) => names.is_none() && !kind.is_wildcard(),
            }
        };
        ResourceKind::ALL
            .into_iter()
            .all(is_live)
            .then_some(target.generation)
    }

    /// How far the proxy is with a kind.
    pub fn status(&self, kind: ResourceKind) -> KindStatus {
        self.watches
            .get(&kind)
            .map_or(KindStatus::NotSent, |watch| watch.status().clone())
    }

    /// What the proxy refused last and has not replaced: the first kind of these in sending order.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.watches
            .values()
            .find_map(|watch| match watch.status() {
                KindStatus::Rejected(rejection) => Some(rejection),
                KindStatus::NotSent | KindStatus::Stale | KindStatus::Synced => None,
            })
    }

    fn respond(&mut self, kind: ResourceKind, again: &BTreeSet<String>) -> Option<Response> {
        let target = self.target.as_ref()?;
        let watch = self.watches.get_mut(&kind)?;
        let current = match watch.names() {
            None => by_name(target.resources.of_kind(kind)),
            Some(names) => by_name(
                names
                    .iter()
                    .filter_map(|name| find(&target.resources, kind, name)),
            ),
        };
        let response = watch.respond(target.generation, self.serial + 1, current, again)?;
        self.serial += 1;
        Some(response)
    }

    /// The names of the endpoints whose cluster changes: a proxy that gets such a cluster starts it
    /// anew, and waits for its endpoints.
    fn reset_clusters(&self, before: Option<&Target>) -> BTreeSet<String> {
        let (Some(before), Some(now)) = (before, &self.target) else {
            return BTreeSet::new();
        };
        let is_changed = |name: &str, cluster: &Arc<Cluster>| {
            let before = before
                .resources
                .clusters
                .get(name)
                .cloned()
                .map(Resource::from);
            before.is_none_or(|before| !before.same_content(&Resource::from(cluster.clone())))
        };
        let clusters = now.resources.clusters.iter();
        let changed = clusters.filter(|(name, cluster)| is_changed(name, cluster));
        changed
            .filter_map(|(_, cluster)| endpoint_name(cluster))
            .collect()
    }
}

fn by_name(resources: impl IntoIterator<Item = Resource>) -> BTreeMap<String, Resource> {
    resources
        .into_iter()
        .map(|resource| (resource.name().to_owned(), resource))
        .collect()
}

/// The resource, or an empty one where the proxy would wait for ever otherwise (as istiod does).
fn find(resources: &Resources, kind: ResourceKind, name: &str) -> Option<Resource> {
    resources.find(kind, name).or_else(|| match kind {
        ResourceKind::Endpoint => Some(Resource::from(ClusterLoadAssignment {
            cluster_name: name.to_owned(),
            ..ClusterLoadAssignment::default()
        })),
        ResourceKind::Route => Some(Resource::from(RouteConfiguration {
            name: name.to_owned(),
            ..RouteConfiguration::default()
        })),
        ResourceKind::Secret => Some(Resource::from(Secret {
            name: name.to_owned(),
            ..Secret::default()
        })),
        ResourceKind::Cluster | ResourceKind::Listener => None,
    })
}
