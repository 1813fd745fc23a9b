//! Watches: a list that goes on, one JSON event a line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::form::Form;
use super::selection::{Parameters, Selection};
use super::status::Refusal;
use super::store::Shared;
use super::target::Target;
use crate::shown::{Event, Shown};

/// How long a watch lasts when the caller does not say.
const DEFAULT_SECONDS: u64 = 1800;
/// How long a watch lasts at most.
const MAX_SECONDS: u64 = 24 * 3600;
/// How often a caller who wants bookmarks is told how far the watch is.
const BOOKMARK: Duration = Duration::from_mins(1);

struct Watching {
    store: Shared,
    generations: tokio::sync::watch::Receiver<Arc<Vec<Arc<Shown>>>>,
    /// What the caller has seen.
    seen: Arc<Shown>,
    selection: Selection,
    form: Form,
    bookmarks: bool,
    /// Lines that wait to be sent.
    lines: Vec<u8>,
    until: tokio::time::Instant,
}

/// Sends what happens after the version that the caller knows; everything there is first, when it
/// knows none. A version that is no longer kept is `410 Gone`: the caller lists again.
pub(super) fn watch(
    store: &Shared,
    target: &Target,
    form: Form,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    if parameters.wants_initial_events() {
        // The callers list and watch instead. An answer without the events that they wait for
        // would let them hang.
        return Err(Refusal::invalid(
            "sendInitialEvents is forbidden for watch: list, then watch from that version",
        ));
    }
    let generations = store.shown(target.resource);
    let kept = generations.borrow().clone();
    let seen = match parameters.resource_version.as_deref() {
        None | Some("" | "0") => Arc::default(),
        Some(version) => known(&kept, version).ok_or_else(|| Refusal::expired(version))?,
    };
    let seconds = parameters.timeout_seconds.unwrap_or(DEFAULT_SECONDS);
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds.min(MAX_SECONDS));
    let mut watching = Watching {
        store: Arc::clone(store),
        generations,
        seen,
        selection: Selection::new(target, parameters)?,
        form,
        bookmarks: parameters.wants_bookmarks(),
        lines: Vec::new(),
        until,
    };
    watching.catch_up();
    let lines = stream::unfold(watching, |mut watching| async move {
        let line = watching.next().await?;
        Some((Ok::<_, Infallible>(line), watching))
    });
    let body = Body::from_stream(lines);
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// What somebody who knows `version` has seen: the kept version that it is, or the last one before
/// it. Nothing, when it is older than all that are kept, or comes from another run.
fn known(kept: &[Arc<Shown>], version: &str) -> Option<Arc<Shown>> {
    let version: u64 = version.parse().ok()?;
    if kept.last().map_or(0, |newest| newest.version) < version {
        return None;
    }
    let mut older = kept.iter().rev().filter(|shown| shown.version <= version);
    older.next().map(Arc::clone)
}

impl Watching {
    /// Takes up what happened since the caller looked.
    fn catch_up(&mut self) {
        let kept = self.generations.borrow_and_update().clone();
        let newer: Vec<_> = kept
            .iter()
            .filter(|shown| shown.version > self.seen.version)
            .map(Arc::clone)
            .collect();
        self.form = self.form.at(self.store.backend.now());
        for shown in newer {
            for event in shown.since(&self.seen) {
                if let Some(kind) = self.seen_as(&event) {
                    let object = at_version(&event.item.json, &shown, kind);
                    self.line(kind, &self.form.object(&object));
                }
            }
            self.seen = shown;
        }
    }

    /// What an event is to somebody who sees only some of the objects: one that begins to be meant
    /// comes, one that ends to be meant goes.
    fn seen_as(&self, event: &Event) -> Option<&'static str> {
        let takes = |json: &Value| self.selection.takes(&event.name, json);
        let is = takes(&event.item.json);
        let was = event.before.as_ref().map(|before| takes(&before.json));
        match (event.kind, was, is) {
            ("MODIFIED", Some(false), true) => Some("ADDED"),
            ("MODIFIED", Some(true), false) => Some("DELETED"),
            (kind, _, true) => Some(kind),
            (_, _, false) => None,
        }
    }

    fn line(&mut self, kind: &str, object: &Value) {
        let line = json!({ "type": kind, "object": object });
        self.lines.extend(line.to_string().into_bytes());
        self.lines.push(b'\n');
    }

    async fn next(&mut self) -> Option<Bytes> {
        while self.lines.is_empty() {
            let end = self.pause();
            match tokio::time::timeout_at(end, self.generations.changed()).await {
                Ok(changed) => {
                    // Nobody makes generations any more when this fails.
                    changed.ok()?;
                    self.catch_up();
                }
                Err(_elapsed) if end < self.until => {
                    self.line("BOOKMARK", &self.form.bookmark(self.seen.version));
                }
                Err(_elapsed) => return None,
            }
        }
        Some(Bytes::from(std::mem::take(&mut self.lines)))
    }

    /// Until when it may be silent.
    fn pause(&self) -> tokio::time::Instant {
        if self.bookmarks {
            self.until.min(tokio::time::Instant::now() + BOOKMARK)
        } else {
            self.until
        }
    }
}

/// A deleted object carries the version of its deletion, as an API server's does.
fn at_version(json: &Value, shown: &Shown, kind: &str) -> Value {
    let mut object = json.clone();
    if kind == "DELETED"
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        let version = json!(shown.version.to_string());
        metadata.insert("resourceVersion".to_owned(), version);
    }
    object
}
