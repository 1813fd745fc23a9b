//! Watches: a list that goes on, one JSON event a line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::backend::Backend;
use super::selection::{Parameters, Selection, as_asked};
use super::status::Refusal;
use super::target::Target;
use crate::shown::Shown;

/// How long a watch lasts when the caller does not say.
const DEFAULT_SECONDS: u64 = 1800;
/// How long a watch lasts at most.
const MAX_SECONDS: u64 = 24 * 3600;

struct Watching {
    generations: tokio::sync::watch::Receiver<Arc<Vec<Arc<Shown>>>>,
    /// What the caller has seen.
    seen: Arc<Shown>,
    target: Target,
    selection: Selection,
    /// Lines that wait to be sent.
    lines: Vec<u8>,
    until: tokio::time::Instant,
}

/// Sends what happens after the version that the caller knows; everything there is first, when it
/// knows none. A version that is no longer kept is `410 Gone`: the caller lists again.
pub(super) fn watch(
    backend: &dyn Backend,
    target: &Target,
    selection: Selection,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let generations = backend.shown();
    let kept = generations.borrow().clone();
    let known = parameters.resource_version.as_deref();
    let seen = match known {
        None | Some("" | "0") => Arc::default(),
        Some(version) => {
            let found = kept
                .iter()
                .find(|shown| shown.version.to_string() == version);
            found.map(Arc::clone).ok_or_else(|| gone(version))?
        }
    };
    let seconds = parameters.timeout_seconds.unwrap_or(DEFAULT_SECONDS);
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds.min(MAX_SECONDS));
    let mut watching = Watching {
        generations,
        seen,
        target: target.clone(),
        selection,
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

impl Watching {
    /// Takes up what happened since the caller looked.
    fn catch_up(&mut self) {
        let kept = self.generations.borrow_and_update().clone();
        let newer: Vec<_> = kept
            .iter()
            .filter(|shown| shown.version > self.seen.version)
            .map(Arc::clone)
            .collect();
        for shown in newer {
            for event in shown.since(&self.seen) {
                if self.selection.takes(&event.key, &event.item.json) {
                    let object = as_asked(&event.item.json, &self.target);
                    let object = at_version(object, &shown, event.kind);
                    let line = json!({ "type": event.kind, "object": object });
                    self.lines.extend(line.to_string().into_bytes());
                    self.lines.push(b'\n');
                }
            }
            self.seen = shown;
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        while self.lines.is_empty() {
            let changed = tokio::time::timeout_at(self.until, self.generations.changed());
            // The time is over, or nobody makes generations any more.
            changed.await.ok()?.ok()?;
            self.catch_up();
        }
        Some(Bytes::from(std::mem::take(&mut self.lines)))
    }
}

/// A deleted object carries the version of its deletion, as an API server's does.
fn at_version(mut object: Value, shown: &Shown, kind: &str) -> Value {
    if kind == "DELETED"
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        let version = json!(shown.version.to_string());
        metadata.insert("resourceVersion".to_owned(), version);
    }
    object
}

fn gone(version: &str) -> Refusal {
    Refusal {
        status: StatusCode::GONE,
        reason: "Expired",
        message: format!("too old resource version: {version}"),
        object: None,
    }
}
