//! What requests are answered from: the control plane, and the objects that are only kept.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::backend::Backend;
use crate::others::Others;
use crate::resource::{Name, Resource};
use crate::shown::{Item, Shown};

/// What stands behind all requests.
pub(super) struct Store {
    /// The objects that act.
    pub(super) backend: Arc<dyn Backend>,
    /// The objects that are only kept.
    pub(super) others: Others,
    /// Guards what a request reads until what it writes: two patches of one object must not lose
    /// each other's change. Transactions come one at a time anyway.
    pub(super) turn: Mutex<()>,
}

/// The state of each request.
pub(super) type Shared = Arc<Store>;

impl Store {
    /// A store over `backend`.
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            others: Others::default(),
            turn: Mutex::default(),
        }
    }

    /// The last versions of the objects of a kind, and those that follow.
    pub(super) fn shown(&self, resource: Resource) -> watch::Receiver<Arc<Vec<Arc<Shown>>>> {
        if resource.kind().is_some() {
            self.backend.shown()
        } else {
            self.others.shown()
        }
    }

    /// The newest version of the objects of a kind.
    pub(super) fn newest(&self, resource: Resource) -> Arc<Shown> {
        let kept = self.shown(resource).borrow().clone();
        kept.last().map(Arc::clone).unwrap_or_default()
    }

    /// An object as it is.
    pub(super) fn find(&self, name: &Name) -> Option<Arc<Item>> {
        self.newest(name.resource).find(name).map(Arc::clone)
    }
}
