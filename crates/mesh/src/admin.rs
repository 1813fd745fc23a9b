//! Envoy's admin interface of the mesh's proxies: the same paths, shapes and words, for one proxy
//! or for all of them.
//!
//! `?proxy=NAME.NAMESPACE` chooses; without it statistics are those of all proxies, and everything
//! else is the ingress gateway's. What changes a proxy in Envoy is not served here: the mesh is
//! changed by its objects.

mod clusters;
mod config_dump;
mod help;
mod listeners;
mod mask;
mod pattern;
mod select;
mod server_info;
mod stats;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;

use self::help::{COMMANDS, INSIDE, MUTATIONS};
use crate::mesh::Mesh;

/// Says whose answer it is.
const PROXY: HeaderName = HeaderName::from_static("x-sealane-proxy");

/// The paths of Envoy's admin interface.
pub(crate) fn router(mesh: Arc<Mesh>) -> Router {
    let mut router = Router::new()
        .route("/certs", get(server_info::certs))
        .route("/clusters", get(clusters::clusters))
        .route("/config_dump", get(config_dump::config_dump))
        .route("/help", get(help))
        .route("/listeners", get(listeners::listeners))
        .route("/memory", get(server_info::memory))
        .route("/server_info", get(server_info::server_info))
        .route("/stats", get(stats::stats))
        .route("/stats/prometheus", get(stats::prometheus));
    for (path, why) in MUTATIONS {
        router = router.route(path, any(async move |method| mutation(&method, path, why)));
    }
    for (path, why) in INSIDE {
        router = router.route(path, any(async move || not_served(path, why)));
    }
    router.with_state(mesh)
}

async fn help() -> String {
    let mut text = String::from("admin commands are:\n");
    let served = COMMANDS
        .iter()
        .map(|(path, about)| format!("  {path}: {about}\n"));
    let mutations = MUTATIONS
        .iter()
        .map(|(path, why)| format!("  {path} (POST): not served: {why}\n"));
    let inside = INSIDE
        .iter()
        .map(|(path, why)| format!("  {path}: not served: {why}\n"));
    let mut lines: Vec<String> = served.chain(mutations).chain(inside).collect();
    lines.sort();
    text.extend(lines);
    text
}

/// What changes a proxy. Envoy does it when it is asked by POST.
fn mutation(method: &Method, path: &str, why: &str) -> Response {
    if *method == Method::POST {
        return not_served(path, why).into_response();
    }
    let text = format!("Method {method} not allowed, POST required.");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, text);
    ([(ALLOW, "POST")], problem).into_response()
}

fn not_served(path: &str, why: &str) -> Problem {
    let text = format!("{path} is not served: {why}");
    Problem::new(StatusCode::NOT_IMPLEMENTED, text)
}

/// A question that has no answer, in words.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    text: String,
}

impl Problem {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, format!("{}\n", self.text)).into_response()
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Prometheus,
}

impl Format {
    fn parse(text: Option<&str>) -> Result<Self, Problem> {
        match text {
            None | Some("" | "text" | "html" | "active-html") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some("prometheus") => Ok(Self::Prometheus),
            Some(other) => Err(Problem::bad_request(format!(
                "format={other}: want text, json or prometheus"
            ))),
        }
    }
}

/// JSON as Envoy writes it, of the proxy called `proxy`.
fn json(proxy: &str, value: &Value) -> Response {
    let text = format!("{value:#}\n");
    let json = HeaderValue::from_static("application/json");
    of(proxy, ([(CONTENT_TYPE, json)], text))
}

/// An answer of the proxy called `proxy`.
fn of(proxy: &str, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(name) = HeaderValue::from_str(proxy) {
        response.headers_mut().insert(PROXY, name);
    }
    response
}
