//! The proxy's side.

use std::collections::VecDeque;
use std::sync::Arc;

use sealane_xds::{ResourceKind, Resources};
use tokio::sync::watch;
use tracing::debug;

use super::push::Push;
use super::status::Status;
use crate::message::{Request, Response};
use crate::session::{ClientSession, ServerSession, Verdict};

/// One generation, complete: all that the proxy should serve from now on.
#[derive(Debug, Clone)]
pub struct Update {
    /// Its generation.
    pub generation: u64,
    /// Everything that the proxy is given, not only what changed.
    pub resources: Arc<Resources>,
    /// Which update of its subscriber it is.
    number: u64,
}

/// The proxy's side: yields generations, takes the answers. Dropping it disconnects.
#[derive(Debug)]
pub struct Subscriber {
    number: u64,
    pushes: watch::Receiver<Option<Push>>,
    status: watch::Sender<Status>,
    server: ServerSession,
    client: ClientSession,
    generation: u64,
    /// How many updates were yielded; only the last can be answered.
    updates: u64,
}

impl Subscriber {
    pub(super) fn new(
        number: u64,
        mut pushes: watch::Receiver<Option<Push>>,
        status: watch::Sender<Status>,
    ) -> Self {
        pushes.mark_changed();
        let mut subscriber = Self {
            number,
            pushes,
            status,
            server: ServerSession::new(),
            client: ClientSession::new(),
            generation: 0,
            updates: 0,
        };
        let requests = subscriber.client.connect();
        subscriber.converse(requests);
        subscriber
    }

    /// Waits for the newest generation that the proxy does not hold yet; `None` when there will be
    /// no other. A generation that changes nothing for this proxy is live without an update.
    ///
    /// An earlier update that was not answered is superseded. Safe to cancel.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            self.pushes.changed().await.ok()?;
            if !self.is_latest() {
                return None;
            }
            let Some(push) = self.pushes.borrow_and_update().clone() else {
                continue;
            };
            self.generation = push.generation;
            let responses = self.server.publish(push.generation, push.resources);
            let requests = self.client.receive(responses);
            self.converse(requests);
            self.report();
            if self.client.is_complete() {
                self.updates += 1;
                debug!(generation = self.generation, "resources received");
                return Some(Update {
                    generation: self.generation,
                    resources: self.client.received(),
                    number: self.updates,
                });
            }
        }
    }

    /// Says that the update is live. Nothing happens when a newer one was yielded meanwhile.
    pub fn ack(&mut self, update: &Update) {
        self.answer(update, Verdict::Accept);
    }

    /// Says that the update is refused and why, with a field path, and that what was live goes on.
    /// Nothing happens when a newer update was yielded meanwhile.
    pub fn nack(&mut self, update: &Update, reason: &str) {
        self.answer(update, Verdict::Reject(reason));
    }

    fn answer(&mut self, update: &Update, verdict: Verdict<'_>) {
        if update.number == self.updates {
            let requests = self.client.answer(verdict);
            self.converse(requests);
            self.report();
        }
    }

    /// Carries messages to and fro until both ends are silent.
    fn converse(&mut self, requests: Vec<Request>) {
        let mut requests = VecDeque::from(requests);
        while let Some(request) = requests.pop_front() {
            let response: Option<Response> = self.server.receive(&request);
            requests.extend(self.client.receive(response));
        }
        self.client.forget_unreferenced();
    }

    fn is_latest(&self) -> bool {
        self.status.borrow().subscriber == self.number
    }

    /// Tells the publisher how far this proxy is.
    fn report(&self) {
        self.status.send_if_modified(|status| {
            if status.subscriber != self.number {
                return false;
            }
            let kinds = ResourceKind::ALL
                .into_iter()
                .map(|kind| (kind, self.server.status(kind)));
            let live = self.server.live();
            let now = Status {
                kinds: kinds.collect(),
                live: live.or(status.live),
                rejected: self.server.rejection().cloned().filter(|_| live.is_none()),
                ..status.clone()
            };
            let is_news = now != *status;
            *status = now;
            is_news
        });
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.status.send_if_modified(|status| {
            let is_news = status.subscriber == self.number && status.connected;
            status.connected &= !is_news;
            is_news
        });
    }
}
