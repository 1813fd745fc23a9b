//! The control plane: transactions over declared objects become generations that proxies serve.

mod current;
mod files;
mod left_out;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use sealane_ads::local::{Status, Subscriber};
use sealane_compile::{Compiled, MeshSettings, Snapshot};
use sealane_model::diagnostic::Diagnostic;
use sealane_model::parse::Rejected;
use sealane_seam::Clock;
use tokio::sync::{Mutex, broadcast, watch};
use tracing::warn;

pub use self::current::Current;
use self::current::{merged, placed, texts_of};
pub use self::files::FilesRefused;
use crate::declared::{Change, Declared, Edit, Stored};
use crate::history::{Cause, Event, Findings, History, Record, Refusal};
use crate::origins::Place;
use crate::proxies::{Proxies, Published, Unsettled, proxy_id};
use crate::shown::Shown;
use crate::surroundings::{Derived, Surroundings};
use crate::{time, words};

/// How long proxies may take to serve a generation before it is reported without them.
const SETTLING: Duration = Duration::from_secs(10);

/// Generations whose objects are kept for those who watch from an earlier one.
const WATCHABLE: usize = 64;

/// What a control plane needs from outside.
pub struct Outside {
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// The machine around the mesh.
    pub surroundings: Box<dyn Surroundings>,
}

/// What a transaction came to.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What became of each object, sorted by key.
    pub changes: Vec<Change>,
    /// The generation that has them.
    pub record: Arc<Record>,
}

/// The control plane of a mesh.
pub struct Control {
    mesh: MeshSettings,
    clock: Arc<dyn Clock>,
    /// Guards the order of transactions: one at a time, from its edits to its ACKs.
    turn: Mutex<Turn>,
    /// Guards the pointer to the state; held to read or replace it, never over an await.
    current: RwLock<Arc<Current>>,
    proxies: Proxies,
    history: History,
    /// The newest generation that was published.
    generations: watch::Sender<u64>,
    /// The objects of the last generations, oldest first.
    shown: watch::Sender<Arc<Vec<Arc<Shown>>>>,
}

/// What only the running transaction touches.
struct Turn {
    surroundings: Box<dyn Surroundings>,
    /// When the last transaction was, as creation times show it.
    stamp: SystemTime,
}

/// A transaction on its way.
struct Attempt {
    cause: Cause,
    began: tokio::time::Instant,
    at: SystemTime,
    findings: Findings,
}

impl Control {
    /// A control plane without objects. Nothing is published before the first transaction.
    pub fn new(mesh: MeshSettings, outside: Outside) -> Self {
        let current = Current::empty(mesh.clone());
        Self {
            mesh,
            clock: outside.clock,
            turn: Mutex::new(Turn {
                surroundings: outside.surroundings,
                stamp: SystemTime::UNIX_EPOCH,
            }),
            current: RwLock::new(Arc::new(current)),
            proxies: Proxies::default(),
            history: History::default(),
            generations: watch::Sender::new(0),
            shown: watch::Sender::default(),
        }
    }

    /// The state that is published.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What time it is.
    pub fn wall(&self) -> SystemTime {
        self.clock.wall()
    }

    /// The side of a proxy that begins to run; `None` when no such proxy is known. Dropping it says
    /// that the proxy runs no more.
    pub fn connect(&self, proxy: &str) -> Option<Subscriber> {
        let identity = self.current().identities.get(proxy).cloned()?;
        let subscriber = self.proxies.connect(&identity, &self.current().snapshot);
        // A transaction that did not see this proxy yet has replaced the state before it looked.
        let newest = self.current();
        let identity = newest.identities.get(proxy).unwrap_or(&identity);
        self.proxies.publish(identity, &newest.snapshot);
        Some(subscriber)
    }

    /// The same as [`connect`](Self::connect), as soon as a generation knows the proxy; `None` when
    /// there is no control plane any more.
    pub async fn connect_again(control: &Weak<Self>, proxy: &str) -> Option<Subscriber> {
        let mut generations = control.upgrade()?.generations.subscribe();
        loop {
            if let Some(subscriber) = control.upgrade()?.connect(proxy) {
                return Some(subscriber);
            }
            generations.changed().await.ok()?;
        }
    }

    /// How far each proxy is.
    pub fn statuses(&self) -> BTreeMap<String, Status> {
        self.proxies.statuses()
    }

    /// What was compiled last for a proxy that runs.
    pub fn compiled_for(&self, proxy: &str) -> Option<Arc<Compiled>> {
        self.proxies.compiled_for(proxy)
    }

    /// Where the origin of a proxy's route was declared.
    pub fn place_of(&self, proxy: &str, origin: &str) -> Option<Place> {
        let compiled = self.proxies.compiled_for(proxy)?;
        let origin = compiled.origins.get(origin)?;
        let current = self.current();
        Some(Place::of(current.object(&origin.object)?, &origin.path))
    }

    /// The time, as it tells it.
    pub fn now(&self) -> SystemTime {
        self.clock.wall()
    }

    /// What happened so far.
    pub fn history(&self) -> Vec<Arc<Record>> {
        self.history.records()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.history.events()
    }

    /// The objects of the last generations, oldest first, and of those that follow.
    pub fn shown(&self) -> watch::Receiver<Arc<Vec<Arc<Shown>>>> {
        self.shown.subscribe()
    }

    /// The newest generation that is live on every proxy that runs; 0 before the first.
    pub fn live_generation(&self) -> u64 {
        let newest = self.current().generation;
        let statuses = self.proxies.statuses().into_values();
        let running = statuses.filter(|status| status.connected);
        running.fold(newest, |least, status| {
            least.min(status.live.unwrap_or_default())
        })
    }

    /// Waits until a generation, or a newer one, is published and live on every proxy that runs.
    ///
    /// # Errors
    /// When proxies refuse it.
    pub async fn wait_live(&self, generation: u64) -> Result<(), Unsettled> {
        let mut published = self.generations.subscribe();
        // The sender lives as long as `self`.
        drop(published.wait_for(|newest| *newest >= generation).await);
        self.proxies.live_at_last(generation).await
    }

    /// Carries out edits as one transaction. `findings` is what is already known about them.
    ///
    /// # Errors
    /// When the machine around, or a proxy, refuses it: then nothing changed.
    pub async fn transact(
        &self,
        edits: Vec<Edit>,
        cause: Cause,
        findings: Findings,
    ) -> Result<Applied, Arc<Refusal>> {
        let began = self.clock.now();
        let mut turn = self.turn.lock().await;
        turn.stamp = time::after(turn.stamp, self.clock.wall());
        let attempt = Attempt {
            cause,
            began,
            at: turn.stamp,
            findings,
        };
        let before = self.current();
        let mut declared = before.declared.clone();
        let changes = declared.apply(edits, attempt.at);
        let words: Vec<String> = changes.iter().filter_map(words::describe).collect();
        let is_asked = attempt.cause == Cause::Workloads;
        if words.is_empty() && before.generation > 0 && !is_asked {
            let same = Current {
                texts: texts_of(&declared, &before.texts, &attempt.findings.texts),
                left_out: attempt.left_out(&before),
                declared,
                ..(*before).clone()
            };
            self.replace(same);
            let record = attempt.record(&before, words, &self.clock);
            return Ok(Applied {
                changes,
                record: Arc::new(record),
            });
        }
        let applied = self.push(&mut turn, &attempt, (&before, declared)).await;
        match applied {
            Ok((published, live, further)) => {
                let current = self.current();
                let words = words.into_iter().chain(further).collect();
                let mut record = attempt.record(&current, words, &self.clock);
                record.proxies = published.proxies;
                record.live = live;
                record.lost = turn.surroundings.lost();
                self.complete(&mut record, &published.diagnostics);
                let record = Arc::new(record);
                self.history.live(Arc::clone(&record));
                Ok(Applied { changes, record })
            }
            Err(reason) => Err(self.refuse(attempt.cause, reason, attempt.findings)),
        }
    }

    /// Publishes what the declared objects mean now: the machine around them has changed.
    ///
    /// # Errors
    /// When a proxy refuses it: then nothing changed.
    pub async fn refresh(&self) -> Result<Applied, Arc<Refusal>> {
        self.transact(Vec::new(), Cause::Workloads, Findings::default())
            .await
    }

    /// Publishes what was declared, and tells what changed by itself beside; the error says why it
    /// was refused. The first part of the pair is the state before.
    async fn push(
        &self,
        turn: &mut Turn,
        attempt: &Attempt,
        (before, declared): (&Arc<Current>, Declared),
    ) -> Result<(Published, bool, Vec<String>), String> {
        let objects: Vec<&Stored> = declared.iter().collect();
        let mut derived = turn.surroundings.derive(&objects);
        match turn.surroundings.before_push().await {
            Ok(otherwise) => derived = otherwise.unwrap_or(derived),
            Err(reason) => {
                turn.surroundings.undo().await;
                return Err(reason);
            }
        }
        let further = std::mem::take(&mut derived.changes);
        let next = self.next(before, declared, derived, attempt);
        let (generation, snapshot) = (next.current.generation, Arc::clone(&next.current.snapshot));
        let identities = next.current.identities.clone();
        self.replace(next.current);
        let mut published = self
            .proxies
            .publish_all(&identities, &before.identities, &snapshot);
        published.diagnostics.splice(0..0, next.diagnostics);
        match self.proxies.live(generation, SETTLING).await {
            Err(Unsettled::Refused(refused)) => {
                let reasons = refused
                    .iter()
                    .map(|(proxy, reason)| format!("{proxy}: {reason}"));
                let reasons: Vec<String> = reasons.collect();
                self.go_back(before, generation).await;
                turn.surroundings.undo().await;
                Err(format!("refused by proxies: {}", reasons.join("; ")))
            }
            settled => {
                turn.surroundings.after_push().await;
                self.proxies.retain(&identities);
                Ok((published, settled.is_ok(), further))
            }
        }
    }

    /// The state after a transaction.
    fn next(
        &self,
        before: &Current,
        declared: Declared,
        derived: Derived,
        attempt: &Attempt,
    ) -> Made {
        let generation = before.generation + 1;
        let snapshot = Snapshot::new(derived.objects.iter(), self.mesh.clone(), generation);
        let shown = Shown::of((generation, attempt.at), &derived, &declared, &before.shown);
        let mut diagnostics = derived.diagnostics;
        diagnostics.extend(snapshot.diagnostics().iter().cloned());
        let identities = derived.proxies.into_iter();
        Made {
            current: Current {
                generation,
                texts: texts_of(&declared, &before.texts, &attempt.findings.texts),
                left_out: attempt.left_out(before),
                declared,
                shown: Arc::new(shown),
                snapshot: Arc::new(snapshot),
                identities: identities.map(|it| (proxy_id(&it), it)).collect(),
            },
            diagnostics,
        }
    }

    /// Gives all proxies the state before a refused generation again, under a number after it.
    async fn go_back(&self, before: &Arc<Current>, refused: u64) {
        let mut snapshot = (*before.snapshot).clone();
        snapshot.generation = refused + 1;
        let (was, refused_state) = ((**before).clone(), self.current());
        let mut shown = (*was.shown).clone();
        shown.version = refused + 1;
        let back = Current {
            generation: refused + 1,
            snapshot: Arc::new(snapshot),
            shown: Arc::new(shown),
            ..was
        };
        let (identities, snapshot) = (back.identities.clone(), Arc::clone(&back.snapshot));
        self.replace(back);
        let former = &refused_state.identities;
        self.proxies.publish_all(&identities, former, &snapshot);
        if let Err(error) = self.proxies.live(snapshot.generation, SETTLING).await {
            warn!(generation = snapshot.generation, %error, "not every proxy has the last good state again");
        }
    }

    fn replace(&self, next: Current) {
        let generation = next.generation;
        self.show(&next.shown);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.generations.send_replace(generation);
    }

    /// Keeps the objects for those who watch.
    fn show(&self, newest: &Arc<Shown>) {
        self.shown.send_if_modified(|kept| {
            if kept
                .last()
                .is_some_and(|last| last.version == newest.version)
            {
                return false;
            }
            let from = (kept.len() + 1).saturating_sub(WATCHABLE);
            let older = kept.iter().skip(from).cloned();
            *kept = Arc::new(older.chain([Arc::clone(newest)]).collect());
            true
        });
    }

    fn refuse(&self, cause: Cause, reason: String, findings: Findings) -> Arc<Refusal> {
        let refusal = Arc::new(Refusal {
            cause,
            generation: self.current().generation,
            reason,
            findings,
        });
        self.history.refused(Arc::clone(&refusal));
        refusal
    }

    /// Adds findings to a record, each once, with their places.
    fn complete(&self, record: &mut Record, found: &[Diagnostic]) {
        let current = self.current();
        for diagnostic in found {
            let found = left_out::explained(diagnostic.clone(), &current);
            record.findings.add(placed(found, &current));
        }
        record.findings.texts = merged(&current.texts, &record.findings.texts);
    }
}

/// A state on its way, and what is surprising in it.
struct Made {
    current: Current,
    diagnostics: Vec<Diagnostic>,
}

impl Attempt {
    /// What is left out after it.
    fn left_out(&self, before: &Current) -> Arc<[Rejected]> {
        let known = self.findings.left_out.as_ref();
        Arc::clone(known.unwrap_or(&before.left_out))
    }

    fn record(&self, current: &Current, changes: Vec<String>, clock: &Arc<dyn Clock>) -> Record {
        Record {
            generation: current.generation,
            cause: self.cause.clone(),
            at: self.at,
            took: clock.now().saturating_duration_since(self.began),
            changes,
            proxies: 0,
            lost: 0,
            live: true,
            findings: self.findings.clone(),
        }
    }
}
