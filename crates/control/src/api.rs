//! The HTTP API in the form of Kubernetes' REST API, over whoever holds the objects.
//!
//! Served: legacy paths of every kind that is read (`/api/v1/…`, `/apis/GROUP/VERSION/…`), lists
//! and single objects, POST, PUT, merge patches, DELETE, `?watch=true` as JSON lines, `Status`
//! errors; and `/sealane/v1/apply`, which takes a whole text as one transaction. Absent so far:
//! discovery, tables, strategic merge patches, server-side apply.

mod apply;
mod backend;
pub mod guard;
mod objects;
pub mod patch;
mod selection;
pub mod status;
pub mod target;
#[cfg(test)]
mod tests;
mod watch;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use serde_json::{Value, json};

use self::backend::newest;
pub use self::backend::{Backend, Refused, Text, Written};
use self::status::Refusal;

/// Bytes of a request's body, at most.
const MAX_BODY: usize = 16 * 1024 * 1024;

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
