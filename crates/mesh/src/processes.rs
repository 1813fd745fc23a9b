//! Pods that are real processes: started before a generation is pushed, stopped after it is live,
//! started again when they end by themselves.

mod backoff;
mod event;
mod leash;
mod output;
mod supervise;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use sealane_seam::{Clock, Launcher};
use sealane_world::change::PodName;
use sealane_world::process::ProcessSpec;
use tokio::sync::watch;

pub use self::event::{NoProcessEvents, ProcessEvent, ProcessEvents};
use self::leash::Leash;
use self::supervise::{State, Supervised, supervise};
use crate::led::Open;
use crate::logs::Logs;
use crate::network::Network;

/// What running processes needs from outside.
#[derive(Clone)]
pub struct Launching {
    /// What starts them.
    pub launcher: Arc<dyn Launcher>,
    /// Who hears of them.
    pub events: Arc<dyn ProcessEvents>,
    /// How long a generation waits for its new processes to be ready.
    pub patience: Duration,
}

/// What all supervisors share.
pub(crate) struct Shared {
    pub(crate) launching: Launching,
    pub(crate) network: Network,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) leash: Leash,
    /// Says that some process became ready or ended.
    pub(crate) changed: watch::Sender<()>,
}

/// The processes of a mesh.
pub struct Processes {
    shared: Arc<Shared>,
    drain: Duration,
    /// Guards the list; held for look-ups only, never over an await.
    slots: Mutex<BTreeMap<PodName, Slot>>,
    /// The connections to those that serve on although their pods are gone. Held for look-ups only.
    leaving: Mutex<Vec<(PodName, Weak<Open>)>>,
}

/// The processes of one pod: the one that serves, and the one that shall take its place.
#[derive(Default)]
struct Slot {
    serves: Option<Supervised>,
    staged: Option<Supervised>,
}

impl Slot {
    /// The process that a new generation has.
    fn newest(&self) -> Option<&Supervised> {
        self.staged.as_ref().or(self.serves.as_ref())
    }
}

impl Processes {
    /// None yet. They serve pods' addresses on `network`, and have `drain` to end when they are
    /// asked to.
    pub fn new(
        launching: Launching,
        (network, logs): (Network, Arc<Logs>),
        clock: Arc<dyn Clock>,
        drain: Duration,
    ) -> Self {
        let shared = Shared {
            launching,
            network,
            clock,
            logs,
            leash: Leash::default(),
            changed: watch::Sender::default(),
        };
        Self {
            shared: Arc::new(shared),
            drain,
            slots: Mutex::default(),
            leaving: Mutex::default(),
        }
    }

    /// Says when some process became ready, or is so no more.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// The pods whose process does not accept connections.
    pub fn waiting(&self) -> BTreeSet<PodName> {
        let slots = self.slots();
        let waiting = slots.iter().filter(|(_, slot)| {
            let newest = slot.newest();
            newest.is_some_and(|it| !it.is_ready())
        });
        waiting.map(|(pod, _)| pod.clone()).collect()
    }

    /// The pods that `wanted` has and whose process is another one, or none.
    pub fn differing<'a>(
        &self,
        wanted: &'a BTreeMap<PodName, ProcessSpec>,
    ) -> Vec<(&'a PodName, &'a ProcessSpec)> {
        let slots = self.slots();
        let differs = |(pod, spec): &(&PodName, &ProcessSpec)| {
            let slot = slots.get(*pod).and_then(|slot| slot.serves.as_ref());
            slot.is_none_or(|running| running.spec != **spec)
        };
        wanted.iter().filter(differs).collect()
    }

    /// Starts the processes of `wanted` that do not run yet, beside those whose place they take.
    /// Waits until each is ready, has ended, or patience is over. `captures` are the places where
    /// the pods' own calls enter the mesh.
    pub async fn stage(
        &self,
        wanted: &BTreeMap<PodName, ProcessSpec>,
        captures: &BTreeMap<PodName, SocketAddr>,
    ) {
        let mut waits = Vec::new();
        for (pod, spec) in self.differing(wanted) {
            let capture = captures.get(pod).copied();
            let supervised = supervise(&self.shared, spec.clone(), capture);
            waits.push(supervised.settled());
            self.slots().entry(pod.clone()).or_default().staged = Some(supervised);
        }
        let patience = self.shared.launching.patience;
        // Who is late joins when it is ready.
        drop(tokio::time::timeout(patience, join_all(waits)).await);
        self.tell_late();
    }

    fn tell_late(&self) {
        let late: Vec<PodName> = {
            let slots = self.slots();
            let staged = slots.iter().filter(|(_, slot)| {
                let staged = slot.staged.as_ref();
                staged.is_some_and(|it| it.state() == State::Starting)
            });
            staged.map(|(pod, _)| pod.clone()).collect()
        };
        for pod in late {
            let patience = self.shared.launching.patience;
            self.shared
                .launching
                .events
                .process(ProcessEvent::Late { pod, patience });
        }
    }

    /// Takes what was staged for good, and stops the processes of pods that are not `wanted`, and
    /// those whose place was taken, in a world of these `pods`. Pods that are gone serve on for the
    /// drain time, as simulated ones do. The pods that are served by another process, or by none
    /// any more, come back: connections to them lead to the old one.
    pub fn settle(
        &self,
        wanted: &BTreeMap<PodName, ProcessSpec>,
        pods: &BTreeSet<PodName>,
    ) -> Vec<PodName> {
        let mut changed = Vec::new();
        let mut ending = Vec::new();
        let mut slots = self.slots();
        for (pod, slot) in slots.iter_mut() {
            if let Some(staged) = slot.staged.take() {
                changed.push(pod.clone());
                let old = slot.serves.replace(staged);
                ending.extend(old.map(|old| (old, Duration::ZERO)));
            }
            if !wanted.contains_key(pod)
                && let Some(old) = slot.serves.take()
            {
                let is_gone = !pods.contains(pod);
                ending.push((old, if is_gone { self.drain } else { Duration::ZERO }));
                if !is_gone {
                    changed.push(pod.clone());
                }
            }
        }
        slots.retain(|_, slot| slot.serves.is_some());
        drop(slots);
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|(_, open)| open.strong_count() > 0);
        leaving.extend(ending.iter().map(|(old, _)| old.connections()));
        for (_, open) in leaving.iter().filter(|(pod, _)| pods.contains(pod)) {
            // The pod is back, with another process or none.
            if let Some(open) = open.upgrade() {
                open.retire();
            }
        }
        drop(leaving);
        for (old, after) in ending {
            old.leave(after, self.drain);
        }
        changed
    }

    /// Stops what was staged: the generation is not to be.
    pub fn undo(&self) {
        let mut slots = self.slots();
        let staged = slots.values_mut().filter_map(|slot| slot.staged.take());
        let staged: Vec<Supervised> = staged.collect();
        slots.retain(|_, slot| slot.serves.is_some());
        drop(slots);
        for supervised in staged {
            supervised.leave(Duration::ZERO, self.drain);
        }
    }

    /// Asks all processes to end, and ends those that have not after the drain time.
    pub async fn stop(&self) {
        let slots = std::mem::take(&mut *self.slots());
        let all = slots
            .into_values()
            .flat_map(|slot| [slot.serves, slot.staged]);
        let ends = all.flatten().map(|supervised| supervised.stop(self.drain));
        join_all(ends.collect::<Vec<_>>()).await;
        self.shared.leash.emptied().await;
    }

    /// Ends all processes at once, and lets none start any more.
    pub fn kill(&self) {
        self.shared.leash.kill();
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<PodName, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
