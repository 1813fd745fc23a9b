//! How far a proxy is, as its publisher sees it.

use std::collections::BTreeMap;

use sealane_xds::ResourceKind;

use crate::session::{KindStatus, Rejection};

/// How far a proxy is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// True while the proxy listens.
    pub connected: bool,
    /// The newest generation published for it.
    pub published: Option<u64>,
    /// The newest generation that it serves.
    pub live: Option<u64>,
    /// The newest generation that it refused, unless one that came later is live.
    pub rejected: Option<Rejection>,
    /// Each kind of resources on its own; empty before it first listened.
    pub kinds: BTreeMap<ResourceKind, KindStatus>,
    /// Which subscriber reports: the latest.
    pub(super) subscriber: u64,
}

/// Why a generation will not become live on a proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLive {
    /// The proxy refused it, or a later one.
    #[error("generation {} refused: {}", .0.generation, .0.reason)]
    Rejected(Rejection),
    /// The proxy is not known any more.
    #[error("the proxy is gone")]
    Gone,
}

impl Status {
    /// What is known of this generation: live, refused, or `None` while it is open.
    pub(super) fn verdict(&self, generation: u64) -> Option<Result<(), NotLive>> {
        if self.live.is_some_and(|live| live >= generation) {
            return Some(Ok(()));
        }
        let rejected = self
            .rejected
            .as_ref()
            .filter(|it| it.generation >= generation)?;
        // What was refused is of no account once something newer is on its way.
        let last = self
            .published
            .is_none_or(|published| published <= rejected.generation);
        last.then(|| Err(NotLive::Rejected(rejected.clone())))
    }
}
