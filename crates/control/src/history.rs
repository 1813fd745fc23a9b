//! What happened: generations that became live, and transactions that were refused.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sealane_model::diagnostic::{Diagnostic, Label, Style, render};
use sealane_model::parse::Rejected;
use tokio::sync::broadcast;

/// Records that are kept.
const KEPT: usize = 256;
/// Places that are shown of one finding.
const LABELS: usize = 4;
/// Events that a slow listener may be behind.
const BEHIND: usize = 256;

/// What a transaction came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The mesh starts.
    Start,
    /// These files changed.
    Files(Vec<Arc<str>>),
    /// Somebody asked the API.
    Api,
    /// Workloads became ready, or are so no more.
    Workloads,
}

/// The texts that diagnostics point into, by path.
pub type Texts = Arc<BTreeMap<Arc<str>, Arc<str>>>;

/// Diagnostics and the texts they point into.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The diagnostics.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub texts: Texts,
    /// The objects of all files that errors keep out; `None` when no files were read.
    pub left_out: Option<Arc<[Rejected]>>,
}

impl Findings {
    /// Adds a finding, once. The same words about the same object at another place become a
    /// further label of the first one.
    pub(crate) fn add(&mut self, finding: Diagnostic) {
        let is_same = |known: &&mut Diagnostic| {
            known.code == finding.code
                && known.object == finding.object
                && known.file == finding.file
                && known.message == finding.message
        };
        let Some(known) = self.diagnostics.iter_mut().find(is_same) else {
            self.diagnostics.push(finding);
            return;
        };
        for label in finding.labels {
            let is_new = known.labels.iter().all(|old| old.span != label.span);
            if is_new && known.labels.len() < LABELS {
                known.labels.push(Label {
                    text: "and here".to_owned(),
                    ..label
                });
            }
        }
    }

    /// Those that are not among `others`, wherever in their files they are.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let is_known = |found: &Diagnostic| {
            others.diagnostics.iter().any(|other| {
                (found.code, &found.object, &found.file, &found.message)
                    == (other.code, &other.object, &other.file, &other.message)
            })
        };
        let new = self.diagnostics.iter().filter(|found| !is_known(found));
        Self {
            diagnostics: new.cloned().collect(),
            texts: Arc::clone(&self.texts),
            left_out: self.left_out.clone(),
        }
    }

    /// As rustc shows them; empty when there is none.
    pub fn render(&self, style: Style) -> String {
        let text = |path: &str| self.texts.get(path).map(|text| &**text);
        render(&self.diagnostics, text, style)
    }

    /// Each diagnostic as rustc shows it, errors or the others.
    pub fn texts_of(&self, errors: bool) -> Vec<String> {
        let wanted = self.diagnostics.iter().filter(|it| it.is_error() == errors);
        let text = |path: &str| self.texts.get(path).map(|text| &**text);
        wanted
            .map(|it| render(std::slice::from_ref(it), text, Style::Plain))
            .collect()
    }

    /// How many are errors.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|it| it.is_error()).count()
    }
}

/// A generation that was published.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number.
    pub generation: u64,
    /// What it came from.
    pub cause: Cause,
    /// When its transaction began.
    pub at: SystemTime,
    /// How long it took until it was live.
    pub took: Duration,
    /// What changed, in words.
    pub changes: Vec<String>,
    /// How many proxies were given it.
    pub proxies: usize,
    /// Requests that it cost, as far as was known when it was live.
    pub lost: u64,
    /// Whether all of them said that they serve it before the time was up.
    pub live: bool,
    /// What is surprising in it.
    pub findings: Findings,
}

/// A transaction that changed nothing.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What it came from.
    pub cause: Cause,
    /// The generation that goes on; 0 when none runs.
    pub generation: u64,
    /// Why, in a sentence.
    pub reason: String,
    /// What is wrong.
    pub findings: Findings,
}

/// Something that a person at the terminal wants to see.
#[derive(Debug, Clone)]
pub enum Event {
    /// A generation was published.
    Live(Arc<Record>),
    /// A transaction was refused.
    Refused(Arc<Refusal>),
    /// Files that were refused say again what this generation has.
    Restored(u64),
}

/// The records, and the events as they come.
#[derive(Debug)]
pub(crate) struct History {
    /// Guards the list; held to add or copy, never over an await.
    records: Mutex<VecDeque<Arc<Record>>>,
    events: broadcast::Sender<Event>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            records: Mutex::default(),
            events: broadcast::Sender::new(BEHIND),
        }
    }
}

impl History {
    /// Events from now on. Who is too slow misses the oldest.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The generations, oldest first; only the newest are kept.
    pub(crate) fn records(&self) -> Vec<Arc<Record>> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().cloned().collect()
    }

    /// Notes a generation.
    pub(crate) fn live(&self, record: Arc<Record>) {
        {
            let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            if records.len() == KEPT {
                records.pop_front();
            }
            records.push_back(Arc::clone(&record));
        }
        self.tell(Event::Live(record));
    }

    /// Notes a refusal.
    pub(crate) fn refused(&self, refusal: Arc<Refusal>) {
        self.tell(Event::Refused(refusal));
    }

    /// Notes that what was refused is gone.
    pub(crate) fn restored(&self, generation: u64) {
        self.tell(Event::Restored(generation));
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening; that is no failure.
        drop(self.events.send(event));
    }
}
