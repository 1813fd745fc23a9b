//! The HTTP API in the form of Kubernetes' REST API, over whoever holds the objects.
//!
//! Served: legacy paths of every kind that is read (`/api/v1/…`, `/apis/GROUP/VERSION/…`), lists
//! and single objects, POST, PUT, merge patches, DELETE, `?watch=true` as JSON lines, `Status`
//! errors; and `/sealane/v1/apply`, which takes a whole text as one transaction. Absent so far:
//! discovery, tables, strategic merge patches, server-side apply.

mod apply;
pub mod guard;
mod objects;
pub mod patch;
pub mod status;
pub mod target;
mod watch;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use sealane_model::kind::ObjectKey;
use sealane_seam::BoxFuture;
use serde_json::{Value, json};

use crate::declared::{Edit, Outcome};
use crate::shown::Shown;
use status::Refusal;

/// Bytes of a request's body, at most.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What a transaction did.
#[derive(Debug, Clone)]
pub struct Written {
    /// What became of each object, in order of their keys.
    pub outcomes: Vec<(ObjectKey, Outcome)>,
    /// The generation that has it.
    pub generation: u64,
    /// Proxies that serve it.
    pub proxies: usize,
    /// How long it took until all of them did.
    pub took: std::time::Duration,
    /// Findings, rendered for people.
    pub warnings: Vec<String>,
}

/// Why a transaction was refused. Nothing has changed.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What is wrong, rendered for people, one text for each finding.
    pub errors: Vec<String>,
}

/// A text of manifests that shall become live as one change.
#[derive(Debug, Clone)]
pub struct Text {
    /// The name by which findings call it.
    pub name: String,
    /// The manifests.
    pub text: String,
    /// The namespace of objects that name none.
    pub namespace: String,
}

/// Who holds the objects and makes changes live.
pub trait Backend: Send + Sync + 'static {
    /// The objects of the generation that is live, and of all that follow. The last few
    /// generations, the newest at the end.
    fn shown(&self) -> tokio::sync::watch::Receiver<Arc<Vec<Arc<Shown>>>>;

    /// Carries out a transaction and waits until every proxy serves it.
    fn write(&self, edits: Vec<Edit>) -> BoxFuture<'_, Result<Written, Refused>>;

    /// Reads texts and carries them out as one transaction.
    fn apply(&self, texts: Vec<Text>) -> BoxFuture<'_, Result<Written, Refused>>;
}

/// The newest generation of `backend`.
fn newest(backend: &dyn Backend) -> Arc<Shown> {
    let kept = backend.shown().borrow().clone();
    kept.last().map(Arc::clone).unwrap_or_default()
}

/// The API over `backend`. Whoever serves it puts [`guard::guard`] in front.
pub fn router(backend: Arc<dyn Backend>) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/sealane/v1/apply", post(apply::apply))
        .route("/sealane/v1/generation", get(generation))
        .route("/api/{*path}", any(objects::handle))
        .route("/apis/{*path}", any(objects::handle))
        .fallback(|| async { Refusal::no_path() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(backend)
}

async fn version() -> impl IntoResponse {
    let version = env!("CARGO_PKG_VERSION");
    axum::Json(json!({
        "major": "1",
        "minor": "33",
        "gitVersion": format!("v1.33.0+sealane.{version}"),
        "platform": "linux/amd64",
    }))
}

async fn generation(State(backend): State<Arc<dyn Backend>>) -> axum::Json<Value> {
    let shown = newest(&*backend);
    axum::Json(json!({ "generation": shown.version }))
}
