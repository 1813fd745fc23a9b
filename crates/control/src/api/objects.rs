//! Reading objects, and sending everything else on to where it is done.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Query, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use super::backend::{Backend, newest};
use super::selection::{Parameters, Selection, as_asked, key};
use super::status::Refusal;
use super::target::Target;
use super::{watch, write};
use crate::shown::Shown;

/// The head of a request.
#[derive(Debug, Clone)]
pub(super) struct Head {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Head {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        })
    }
}

/// Answers a request for objects.
pub(super) async fn handle(
    State(backend): State<Arc<dyn Backend>>,
    Query(parameters): Query<Parameters>,
    head: Head,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Head {
        method,
        uri,
        headers,
    } = head;
    let target = Target::parse(uri.path()).ok_or_else(Refusal::no_path)?;
    if target.subresource.is_some() {
        return Err(Refusal::no_path());
    }
    if method == Method::GET {
        return read(&*backend, &target, &parameters);
    }
    let request = write::Request {
        target,
        parameters,
        headers,
        body,
    };
    match method {
        Method::POST => write::create(&*backend, request).await,
        Method::PUT => write::replace(&*backend, request).await,
        Method::PATCH => write::patch(&*backend, request).await,
        Method::DELETE => write::delete(&*backend, request).await,
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn read(
    backend: &dyn Backend,
    target: &Target,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let selection = Selection::new(target, parameters)?;
    if parameters.is_watch() {
        return watch::watch(backend, target, selection, parameters);
    }
    let shown = newest(backend);
    match &target.name {
        Some(name) => {
            let item = shown.find(&key(target, name));
            let item = item.ok_or_else(|| Refusal::no_object(target.kind, name))?;
            Ok(Json(as_asked(&item.json, target)).into_response())
        }
        None => Ok(Json(list(&shown, target, &selection)).into_response()),
    }
}

fn list(shown: &Shown, target: &Target, selection: &Selection) -> Value {
    let items = shown
        .iter()
        .filter(|(key, item)| selection.takes(key, &item.json));
    let items: Vec<Value> = items
        .map(|(_, item)| as_asked(&item.json, target))
        .collect();
    json!({
        "kind": format!("{}List", target.kind.info().name),
        "apiVersion": target.api_version(),
        "metadata": { "resourceVersion": shown.version.to_string() },
        "items": items,
    })
}
