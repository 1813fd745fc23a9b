//! The HTTP API in the form of Kubernetes' REST API, over whoever holds the objects.
//!
//! Served: discovery; lists and single objects of every kind that is read, and of those that are only
//! kept, as JSON and as tables; POST, PUT, DELETE and the four kinds of patches; `?watch=true` as JSON
//! lines; `scale`; `Status` errors; and `/sealane/v1/apply`, which takes a whole text as one
//! transaction. Absent: schemas (`/openapi/v3`), and whatever needs containers (`exec`, `attach`).

mod apply;
mod backend;
mod body;
mod delete;
mod discovery;
mod form;
pub mod guard;
mod objects;
mod openapi;
mod patch;
mod request;
mod review;
mod scale;
mod selection;
mod selector;
pub mod status;
mod store;
mod table;
pub mod target;
#[cfg(test)]
mod tests;
pub mod token;
mod watch;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::routing::{any, get, post};
use serde_json::{Value, json};

pub use self::backend::{Backend, Refused, Text, Written};
use self::status::Refusal;
use self::store::{Shared, Store};

/// The API over `backend`. Whoever serves it puts [`guard::guard`] in front.
pub fn router(backend: Arc<dyn Backend>) -> Router {
    Router::new()
        .route("/version", get(discovery::version))
        .route("/healthz", get(discovery::healthy))
        .route("/livez", get(discovery::healthy))
        .route("/readyz", get(discovery::ready))
        .route("/openapi/v2", get(openapi::schemas))
        .route("/api", get(discovery::core_versions))
        .route("/api/v1", get(discovery::core_resources))
        .route("/apis", get(discovery::groups))
        .route(
            "/apis/authorization.k8s.io/v1/{plural}",
            post(review::authorization),
        )
        .route(
            "/apis/authentication.k8s.io/v1/{plural}",
            post(review::authentication),
        )
        .route("/sealane/v1/apply", post(apply::apply))
        .route("/sealane/v1/generation", get(generation))
        .route("/api/{*path}", any(objects::handle))
        .route("/apis/{*path}", any(objects::handle))
        .fallback(|| async { Refusal::no_path() })
        .layer(DefaultBodyLimit::max(request::MAX_BODY))
        .layer(middleware::from_fn(request::limit))
        .with_state(Arc::new(Store::new(backend)))
}

async fn generation(State(store): State<Shared>) -> axum::Json<Value> {
    let kept = store.backend.shown().borrow().clone();
    let version = kept.last().map_or(0, |newest| newest.version);
    axum::Json(json!({ "generation": version }))
}
