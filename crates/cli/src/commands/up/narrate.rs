//! What the terminal of `sealane up` tells: generations, refusals, replies that proxies made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealane_control::source::files::Summary;
use sealane_control::{Cause, Event, Findings, Record, Refusal};
use sealane_mesh::Mesh;
use sealane_model::diagnostic::{Diagnostic, Style};
use sealane_proxy::telemetry::event::{Events, LocalReplyEvent};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::events;
use super::map::{self, Edge};
use super::reply::Reply;

use crate::args::Told;
use crate::print;
use crate::warnings::{Warning, Warnings, warnings};

/// Replies a second that are told; the others are counted.
const REPLIES: u64 = 5;
/// Replies that wait to be told.
const WAITING: usize = 64;
/// Seconds after which warnings that were told often may be told again.
const WARNED: u64 = 10;

/// How things are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Standard output belongs to somebody else: all is said on standard error.
    pub(crate) aside: bool,
    /// Only what is wrong is said.
    pub(crate) quiet: bool,
    /// For people, or for programs.
    pub(crate) form: Told,
}

/// Says things on the terminal.
#[derive(Clone)]
pub(crate) struct Narrator {
    manner: Manner,
    replies: mpsc::Sender<LocalReplyEvent>,
    waiting: Arc<tokio::sync::Mutex<mpsc::Receiver<LocalReplyEvent>>>,
    untold: Arc<AtomicU64>,
    warnings: Warnings,
    /// Held to take what waits.
    warned: Arc<Mutex<mpsc::Receiver<Warning>>>,
    /// Callers that were turned away, and the limit, when that is to be told. Held to look at it.
    crowd: Arc<Mutex<Option<(u64, usize)>>>,
    /// What was found at the last generation: it is told once. Held to compare, never over an
    /// await.
    known: Arc<Mutex<Findings>>,
}

impl Narrator {
    /// Somebody who speaks in a manner.
    pub(crate) fn new(manner: Manner) -> Self {
        let (replies, waiting) = mpsc::channel(WAITING);
        let (warnings, warned) = warnings();
        Self {
            warnings,
            warned: Arc::new(Mutex::new(warned)),
            manner,
            replies,
            waiting: Arc::new(tokio::sync::Mutex::new(waiting)),
            untold: Arc::default(),
            crowd: Arc::default(),
            known: Arc::default(),
        }
    }

    fn tell_of_the_crowd(&self) {
        let crowd = self.crowd.lock().map(|mut crowd| crowd.take());
        if let Ok(Some((refused, limit))) = crowd {
            self.event(&events::crowded(refused, limit));
            self.warn(&format!(
                "⚠ more than {limit} connections: new ones are closed, {refused} so far; allow \
                 more open files (ulimit -n)"
            ));
        }
    }

    /// Takes what the crates warn of.
    pub(crate) fn warnings(&self) -> Warnings {
        self.warnings.clone()
    }

    /// Says what the crates have warned of.
    pub(crate) fn tell_of_warnings(&self) {
        while let Some(warning) = self.next_warning() {
            self.event(&warning.event());
            self.warn(&warning.to_string());
        }
    }

    fn next_warning(&self) -> Option<Warning> {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.try_recv().ok()
    }

    fn tell_of_other_warnings(&self) {
        let others = self.warnings.others();
        if others > 0 {
            let others = counted(
                usize::try_from(others).unwrap_or(usize::MAX),
                "more warning",
            );
            self.warn(&format!("        and {others} like these"));
        }
    }

    /// Says a text, to people who want to hear all.
    pub(crate) fn say(&self, text: &str) {
        if !self.manner.quiet {
            self.warn(text);
        }
    }

    /// Says what is wrong, to people.
    pub(crate) fn warn(&self, text: &str) {
        if self.manner.form == Told::Text {
            self.write(text);
        }
    }

    /// Says what happened, to programs.
    pub(crate) fn event(&self, event: &Value) {
        if self.manner.form == Told::Json {
            self.write(&event.to_string());
        }
    }

    fn write(&self, text: &str) {
        if self.manner.aside || print::line(format_args!("{text}")).is_err() {
            print::note(format_args!("{text}"));
        }
    }

    /// Says what the first generation is.
    pub(crate) fn started(&self, record: &Record, summary: &Summary) {
        let findings = self.news(record);
        let lost = record.findings.errors();
        let left = match lost {
            0 => String::new(),
            1 => " · 1 error: its object is left out".to_owned(),
            lost => format!(" · {lost} errors: their objects are left out"),
        };
        self.say(&format!(
            "✓ {} in {} · generation {} · live in {} ms{left}",
            counted(summary.objects, "object"),
            counted(summary.files, "file"),
            record.generation,
            record.took.as_millis()
        ));
        let skipped: usize = summary.skipped.values().sum();
        if skipped > 0 {
            let kinds: Vec<String> = summary
                .skipped
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            self.say(&format!("  read past: {}", kinds.join(", ")));
        }
        if !findings.is_empty() {
            self.warn(findings.trim_end());
        }
    }

    fn live(&self, record: &Record) {
        let changes = if record.changes.is_empty() {
            String::new()
        } else {
            format!(" · {}", record.changes.join(" · "))
        };
        let mark = if record.live { "✓" } else { "!" };
        let late = if record.live {
            ""
        } else {
            " · not every proxy has answered"
        };
        self.say(&format!(
            "{mark} generation {} · live in {} ms{changes}{late} · {} lost",
            record.generation,
            record.took.as_millis(),
            requests(record.lost)
        ));
        let findings = self.news(record);
        self.event(&events::generation(record));
        if !findings.is_empty() {
            self.warn(findings.trim_end());
        }
    }

    /// Says which servers of Gateways are not among those that were told, and gives all of them.
    fn new_edges(&self, mesh: &Mesh, told: &[Edge]) -> Vec<Edge> {
        let edges = map::edges(mesh);
        for edge in &edges {
            if !told.iter().any(|told| told.head == edge.head) {
                self.say(edge.to_string().trim_end());
            }
        }
        edges
    }

    /// The findings of a generation that the one before did not have.
    fn news(&self, record: &Record) -> String {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let news = record.findings.without(&known);
        *known = record.findings.clone();
        news.render(Style::Coloured)
    }

    fn refused(&self, refusal: &Refusal) {
        self.event(&events::refused(refusal));
        let what = match &refusal.cause {
            Cause::Start => "the start".to_owned(),
            Cause::Api => "a change through the API".to_owned(),
            Cause::Workloads => "a change of workloads".to_owned(),
            Cause::Files(files) if files.is_empty() => "a change".to_owned(),
            Cause::Files(files) => files.join(", "),
        };
        // Warnings are about a state that there will not be.
        let mut findings = refusal.findings.clone();
        findings.diagnostics.retain(Diagnostic::is_error);
        let findings = findings.render(Style::Coloured);
        self.warn(&format!(
            "✗ {what} not applied; generation {} goes on",
            refusal.generation
        ));
        if findings.is_empty() {
            self.warn(&format!("  {}", refusal.reason));
        } else {
            let errors = refusal.findings.errors();
            self.warn(findings.trim_end());
            self.warn(&format!("  {}. Nothing changed.", counted(errors, "error")));
        }
    }

    fn reply(&self, event: &LocalReplyEvent, mesh: &Mesh) {
        self.event(&events::reply(event));
        let edge = mesh.socket_of(event.local);
        let edge = edge.filter(|socket| mesh.gateway_at(*socket).is_some());
        let reply = Reply { event, edge };
        self.warn(&format!(
            "{} {}  {}  {} {}{}  {}",
            event.status,
            event.flags,
            event.proxy,
            event.method,
            event.authority,
            event.path,
            reply.reason()
        ));
        if let Some(command) = reply.command() {
            self.warn(&format!("        try {command}"));
        }
    }
}

impl Events for Narrator {
    fn local_reply(&self, event: LocalReplyEvent) {
        if self.replies.try_send(event).is_err() {
            self.untold.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn crowded(&self, refused: u64, limit: usize) {
        let mut crowd = self.crowd.lock().unwrap_or_else(PoisonError::into_inner);
        *crowd = Some((refused, limit));
    }
}

/// Tells what happens, until it is stopped. The edges are those that the map has shown.
pub(crate) async fn narrate(mesh: Arc<Mesh>, narrator: Narrator, mut edges: Vec<Edge>) {
    let mut events = mesh.control().events();
    let mut replies = narrator.waiting.lock().await;
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let (mut told, mut last) = (0, None);
    let mut passed: u64 = 0;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(Event::Live(record)) => {
                    narrator.live(&record);
                    edges = narrator.new_edges(&mesh, &edges);
                }
                Ok(Event::Refused(refusal)) => narrator.refused(&refusal),
                Ok(Event::Restored(generation)) => narrator.say(&format!(
                    "✓ the files say again what generation {generation} has"
                )),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            Some(event) = replies.recv() => {
                told += 1;
                // The same once more is not news; programs are told of each.
                let is_new = last.as_ref() != Some(&event) || narrator.manner.form == Told::Json;
                if told <= REPLIES && is_new {
                    narrator.reply(&event, &mesh);
                    last = Some(event);
                } else {
                    narrator.untold.fetch_add(1, Ordering::Relaxed);
                }
            }
            _ = seconds.tick() => {
                (told, last) = (0, None);
                passed += 1;
                narrator.tell_of_warnings();
                if passed.is_multiple_of(WARNED) {
                    narrator.tell_of_other_warnings();
                }
                narrator.tell_of_the_crowd();
                let lost = mesh.lost_late();
                if lost > 0 {
                    let generation = mesh.control().current().generation;
                    let requests = requests(lost);
                    narrator.warn(&format!(
                        "! {requests} lost to generation {generation} after it was live"
                    ));
                }
                let untold = narrator.untold.swap(0, Ordering::Relaxed);
                if untold > 0 {
                    narrator.warn(&format!("        and {untold} more replies like these"));
                }
            }
        }
    }
}

fn requests(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} request{plural}")
}

/// `1 file`, `9 files`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
