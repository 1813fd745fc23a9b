//! What the connections of one pod share: who it is, how it answers, how often it was asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use http::StatusCode;
use sealane_seam::Clock;

use crate::echo::arrival::{Arrival, Arrived, Recorder};
use crate::echo::behaviour::Behaviour;
use crate::echo::identity::Identity;

/// A pod as its connections see it: never changed, only replaced.
#[derive(Debug)]
pub(super) struct Played {
    /// Who answers.
    pub(super) identity: Identity,
    /// How it answers.
    pub(super) behaviour: Behaviour,
    /// Requests that came since the behaviour is as it is.
    requests: AtomicU64,
}

impl Played {
    fn new(identity: Identity, behaviour: Behaviour) -> Self {
        Self {
            identity,
            behaviour,
            requests: AtomicU64::new(0),
        }
    }

    /// The status of the next request; `None` when it gets no answer.
    pub(super) fn next_status(&self) -> Option<StatusCode> {
        if self.behaviour.reset {
            return None;
        }
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        Some(self.behaviour.status_of(before + 1))
    }
}

/// The pod now, and who hears of what reaches it.
pub(super) struct Live {
    /// Guards the pointer to what is played; held to read or replace it, never over an await.
    played: RwLock<Arc<Played>>,
    recorder: Arc<dyn Recorder>,
    clock: Arc<dyn Clock>,
}

impl Live {
    /// A pod that was not asked yet.
    pub(super) fn new(
        identity: Identity,
        behaviour: Behaviour,
        recorder: Arc<dyn Recorder>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            played: RwLock::new(Arc::new(Played::new(identity, behaviour))),
            recorder,
            clock,
        }
    }

    /// The pod as it is now.
    pub(super) fn played(&self) -> Arc<Played> {
        Arc::clone(&self.played.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces it. The count of requests goes on while the behaviour stays the same.
    pub(super) fn play(&self, identity: Identity, behaviour: Behaviour) {
        let mut played = self.played.write().unwrap_or_else(PoisonError::into_inner);
        if played.identity == identity && played.behaviour == behaviour {
            return;
        }
        let next = Played::new(identity, behaviour);
        if next.behaviour == played.behaviour {
            let requests = played.requests.load(Ordering::Relaxed);
            next.requests.store(requests, Ordering::Relaxed);
        }
        *played = Arc::new(next);
    }

    /// Tells the recorder that `what` reached `port` of `reached`.
    pub(super) fn record(&self, reached: &Identity, port: u16, what: Arrived) {
        self.recorder.record(Arrival {
            time: self.clock.now(),
            reached: reached.clone(),
            port,
            what,
        });
    }
}
