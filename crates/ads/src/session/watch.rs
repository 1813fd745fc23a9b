//! What a server session knows of one kind of resources that the client watches.

use std::collections::{BTreeMap, BTreeSet};

use sealane_xds::{Resource, ResourceKind};

use crate::message::{Request, Response};

/// A response that the client refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The generation it was sent for.
    pub generation: u64,
    /// What the client said of it.
    pub reason: String,
}

/// How far a client is with one kind of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindStatus {
    /// It has not asked, or there was nothing to send yet.
    NotSent,
    /// A response is on its way or being looked at.
    Stale,
    /// It has accepted the latest response.
    Synced,
    /// It has refused the latest response.
    Rejected(Rejection),
}

/// The latest response of a kind.
#[derive(Debug)]
struct Sent {
    generation: u64,
    version: String,
    nonce: String,
}

/// One kind of resources that the client watches.
#[derive(Debug)]
pub(super) struct Watch {
    kind: ResourceKind,
    /// `None` for all there are.
    names: Option<BTreeSet<String>>,
    /// What the client holds or is about to get, unless it refuses.
    held: BTreeMap<String, Resource>,
    latest: Option<Sent>,
    status: KindStatus,
}

impl Watch {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            kind: request.kind,
            names: wanted(request),
            held: BTreeMap::new(),
            latest: None,
            status: KindStatus::NotSent,
        }
    }

    pub(super) fn status(&self) -> &KindStatus {
        &self.status
    }

    /// True when the client has accepted all that there is to have.
    pub(super) fn is_synced(&self) -> bool {
        self.status == KindStatus::Synced
    }

    /// True when the client watches all of these names.
    pub(super) fn covers(&self, names: &BTreeSet<String>) -> bool {
        self.names
            .as_ref()
            .is_none_or(|watched| names.is_subset(watched))
    }

    /// The names watched; `None` for all there are.
    pub(super) fn names(&self) -> Option<&BTreeSet<String>> {
        self.names.as_ref()
    }

    /// True when the request answers the latest response, or comes after it.
    pub(super) fn is_current(&self, request: &Request) -> bool {
        self.latest
            .as_ref()
            .is_some_and(|latest| latest.nonce == request.nonce)
    }

    /// True when the latest response was for a generation before this one.
    pub(super) fn is_older(&self, generation: u64) -> bool {
        self.latest
            .as_ref()
            .is_some_and(|latest| latest.generation < generation)
    }

    /// Takes a NACK of the latest response.
    pub(super) fn reject(&mut self, reason: &str) {
        if let Some(latest) = &self.latest {
            let reason = reason.to_owned();
            self.status = KindStatus::Rejected(Rejection {
                generation: latest.generation,
                reason,
            });
        }
    }

    /// Takes an ACK or a change of the subscription; true when names were added.
    pub(super) fn accept(&mut self, request: &Request) -> bool {
        let acked = self
            .latest
            .as_ref()
            .is_some_and(|latest| latest.version == request.version);
        if acked && !matches!(self.status, KindStatus::Rejected(_)) {
            self.status = KindStatus::Synced;
        }
        let names = wanted(request);
        let added = match (&self.names, &names) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(before), Some(now)) => !now.is_subset(before),
        };
        if let Some(names) = &names {
            self.held.retain(|name, _| names.contains(name));
        }
        self.names = names;
        added
    }

    /// The next response, given all that the client should hold: nothing when it holds that
    /// already. Resources in `again` are sent even if unchanged.
    pub(super) fn respond(
        &mut self,
        generation: u64,
        serial: u64,
        current: BTreeMap<String, Resource>,
        again: &BTreeSet<String>,
    ) -> Option<Response> {
        let settled = matches!(self.status, KindStatus::Stale | KindStatus::Synced);
        let is_changed = |name: &String, resource: &Resource| {
            again.contains(name)
                || self
                    .held
                    .get(name)
                    .is_none_or(|held| !held.same_content(resource))
        };
        let changed: Vec<_> = current
            .iter()
            .filter(|(name, resource)| !settled || is_changed(name, resource))
            .map(|(_, resource)| resource.clone())
            .collect();
        let removed = self.held.keys().any(|name| !current.contains_key(name));
        let whole = self.kind.is_wildcard();
        if settled && changed.is_empty() && !(removed && whole) {
            return None;
        }
        let resources = if whole {
            current.values().cloned().collect()
        } else {
            changed
        };
        self.held = current;
        self.status = KindStatus::Stale;
        let (version, nonce) = (format!("{generation}/{serial}"), serial.to_string());
        self.latest = Some(Sent {
            generation,
            version: version.clone(),
            nonce: nonce.clone(),
        });
        Some(Response {
            kind: self.kind,
            version,
            nonce,
            resources,
        })
    }
}

/// The names that a request wants; `None` for all there are.
fn wanted(request: &Request) -> Option<BTreeSet<String>> {
    let all = request.kind.is_wildcard() && request.names.is_empty() || request.names.contains("*");
    (!all).then(|| request.names.clone())
}
