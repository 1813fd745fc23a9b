//! Every process group that runs, so that none is left when the mesh ends, however it ends.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealane_seam::{Group, Launched, Signal};
use tokio::sync::watch;

/// The groups that run.
#[derive(Default)]
pub(crate) struct Leash {
    /// Guards the list, and that nothing starts after the end. Held over a start, never over an
    /// await.
    held: Mutex<Held>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Held {
    ended: bool,
    groups: BTreeMap<u64, Arc<dyn Group>>,
    so_far: u64,
}

impl Leash {
    /// Starts a process, unless all has ended. It is on the leash until [`Self::release`].
    pub(super) fn launch(
        &self,
        start: impl FnOnce() -> io::Result<Launched>,
    ) -> io::Result<(u64, Launched)> {
        let mut held = self.held();
        if held.ended {
            return Err(io::Error::other("the mesh ends"));
        }
        let launched = start()?;
        held.so_far += 1;
        let id = held.so_far;
        held.groups.insert(id, Arc::clone(&launched.group));
        self.count.send_replace(held.groups.len());
        Ok((id, launched))
    }

    /// The group has ended.
    pub(super) fn release(&self, id: u64) {
        let mut held = self.held();
        held.groups.remove(&id);
        self.count.send_replace(held.groups.len());
    }

    /// Waits until no group is left.
    pub(super) async fn emptied(&self) {
        // The sender lives as long as `self`.
        drop(self.count.subscribe().wait_for(|count| *count == 0).await);
    }

    /// Ends all groups at once, and lets no other start.
    pub(super) fn kill(&self) {
        let mut held = self.held();
        held.ended = true;
        for group in held.groups.values() {
            group.signal(Signal::Kill);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
