//! The proxy's end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_xds::references::referenced;
use sealane_xds::{Resource, ResourceKind, Resources};

use crate::message::{Request, Response};

/// What the proxy says of the resources it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// They are live.
    Accept,
    /// They are refused; the text says why, with a field path.
    Reject(&'a str),
}

/// What the client knows of one kind.
#[derive(Debug, Default)]
struct Kind {
    /// Names asked for; empty for all there are.
    names: BTreeSet<String>,
    /// Nonce of the latest response of this connection.
    nonce: String,
    /// Version accepted last.
    accepted: String,
    /// Version of the latest response, until it is answered.
    unanswered: Option<String>,
}

impl Kind {
    fn request(&self, kind: ResourceKind) -> Request {
        Request {
            kind,
            version: self.accepted.clone(),
            nonce: self.nonce.clone(),
            names: self.names.clone(),
            error: None,
        }
    }
}

/// The client's end of a conversation; it outlives connections.
///
/// It asks for all clusters and listeners, follows them to endpoints, routes and secrets, and holds what
/// came. Nothing is answered before the proxy has a [`Verdict`] on the whole.
#[derive(Debug, Default)]
pub struct ClientSession {
    kinds: BTreeMap<ResourceKind, Kind>,
    received: Arc<Resources>,
}

impl ClientSession {
    /// A session that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first messages of a connection: it asks for all that it asked for before.
    pub fn connect(&mut self) -> Vec<Request> {
        for kind in ResourceKind::ALL
            .into_iter()
            .filter(|kind| kind.is_wildcard())
        {
            self.kinds.entry(kind).or_default();
        }
        self.forget_unreferenced();
        let requests = self.kinds.iter_mut().map(|(kind, state)| {
            state.nonce.clear();
            state.unanswered = None;
            state.request(*kind)
        });
        requests
            .filter(|request| request.kind.is_wildcard() || !request.names.is_empty())
            .collect()
    }

    /// Takes responses that came together, and says what to ask for in turn.
    pub fn receive(&mut self, responses: impl IntoIterator<Item = Response>) -> Vec<Request> {
        let mut heard = BTreeSet::new();
        for response in responses {
            heard.insert(response.kind);
            self.take(response);
        }
        ResourceKind::FOLLOWED
            .into_iter()
            .filter_map(|kind| self.follow(kind, heard.contains(&kind)))
            .collect()
    }

    /// True when something came that the proxy has not answered, and nothing is awaited: the time
    /// to build from [`Self::received`].
    pub fn is_complete(&self) -> bool {
        let unanswered = self.kinds.values().any(|state| state.unanswered.is_some());
        let greeted = ResourceKind::ALL
            .into_iter()
            .filter(|kind| kind.is_wildcard())
            .all(|kind| {
                self.kinds
                    .get(&kind)
                    .is_some_and(|state| !state.nonce.is_empty())
            });
        unanswered
            && greeted
            && ResourceKind::FOLLOWED
                .into_iter()
                .all(|kind| !self.is_awaited(kind))
    }

    /// All that came and is still referred to.
    pub fn received(&self) -> Arc<Resources> {
        let unreferenced = self.unreferenced();
        if unreferenced.is_empty() {
            return Arc::clone(&self.received);
        }
        let mut received = Resources::clone(&self.received);
        for (kind, name) in unreferenced {
            received.remove(kind, &name);
        }
        Arc::new(received)
    }

    /// Answers everything that is unanswered.
    pub fn answer(&mut self, verdict: Verdict<'_>) -> Vec<Request> {
        let answers = self.kinds.iter_mut().filter_map(|(kind, state)| {
            let version = state.unanswered.take()?;
            let error = match verdict {
                Verdict::Accept => {
                    state.accepted = version;
                    None
                }
                Verdict::Reject(reason) => Some(reason.to_owned()),
            };
            Some(Request {
                error,
                ..state.request(*kind)
            })
        });
        answers.collect()
    }

    /// Lets go of what is not referred to any more. Only when no message is on its way: a server
    /// that has not heard yet that a name is not wanted any more will not send it again when it is.
    pub fn forget_unreferenced(&mut self) {
        for (kind, name) in self.unreferenced() {
            Arc::make_mut(&mut self.received).remove(kind, &name);
        }
    }

    fn take(&mut self, response: Response) {
        let Response {
            kind,
            version,
            nonce,
            resources,
        } = response;
        let received = Arc::make_mut(&mut self.received);
        if kind.is_wildcard() {
            let names: BTreeSet<_> = resources.iter().map(Resource::name).collect();
            for gone in received.of_kind(kind) {
                if !names.contains(gone.name()) {
                    received.remove(kind, gone.name());
                }
            }
        }
        received.extend(resources);
        let state = self.kinds.entry(kind).or_default();
        state.nonce = nonce;
        state.unanswered = Some(version);
    }

    /// Asks for the names that are referred to, if they are others than before, or if a response
    /// has just made an earlier request for them stale.
    fn follow(&mut self, kind: ResourceKind, heard: bool) -> Option<Request> {
        let names = referenced(&self.received, kind);
        let state = self.kinds.entry(kind).or_default();
        let changed = state.names != names;
        state.names = names;
        if changed || (heard && self.is_awaited(kind)) {
            return self.kinds.get(&kind).map(|state| state.request(kind));
        }
        None
    }

    fn is_awaited(&self, kind: ResourceKind) -> bool {
        let names = self
            .kinds
            .get(&kind)
            .into_iter()
            .flat_map(|state| &state.names);
        names
            .into_iter()
            .any(|name| self.received.find(kind, name).is_none())
    }

    fn unreferenced(&self) -> Vec<(ResourceKind, String)> {
        let mut unreferenced = Vec::new();
        for kind in ResourceKind::FOLLOWED {
            let wanted = self.kinds.get(&kind).map(|state| &state.names);
            let held = self.received.of_kind(kind).into_iter();
            let others =
                held.filter(|held| !wanted.is_some_and(|names| names.contains(held.name())));
            unreferenced.extend(others.map(|held| (kind, held.name().to_owned())));
        }
        unreferenced
    }
}
