//! Requests for objects: reading them, and sending everything else on to where it is done.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use sealane_model::kind::Kind;

use super::form::Form;
use super::request::{Request, read_body};
use super::selection::{Parameters, Selection};
use super::status::Refusal;
use super::store::{Shared, Store};
use super::target::Target;
use super::{delete, discovery, scale, watch, write};
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
    State(store): State<Shared>,
    head: Head,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Head {
        method,
        uri,
        headers,
    } = head;
    let Some(target) = Target::parse(uri.path()) else {
        let found = discovery::below(uri.path()).filter(|_| method == Method::GET);
        let found = found.ok_or_else(Refusal::no_path)?;
        return Ok(Json(found).into_response());
    };
    let parameters = Query::<Parameters>::try_from_uri(&uri);
    let Query(parameters) = parameters.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let subresource = target.subresource.clone();
    match subresource.as_deref() {
        None => {}
        Some("log") => return log(&store, &target, &uri).await,
        Some("scale") if target.resource.scales() => {}
        // A status is read with its object; nobody but Sealane itself writes it.
        Some("status") if method == Method::GET => {}
        Some(other) => return Err(no_subresource(&target, other)),
    }
    if method == Method::GET {
        return read(&store, &target, &headers, &parameters);
    }
    let request = Request {
        target,
        parameters,
        headers,
        body: read_body(body)?,
    };
    let is_scale = subresource.is_some();
    match method {
        Method::PUT if is_scale => scale::replace(&store, request).await,
        Method::PATCH if is_scale => scale::patch(&store, request).await,
        Method::POST if !is_scale => write::create(&store, request).await,
        Method::PUT => write::replace(&store, request).await,
        Method::PATCH => write::patch(&store, request).await,
        Method::DELETE if !is_scale => delete::delete(&store, request).await,
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn read(
    store: &Shared,
    target: &Target,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let form = Form::new(target, headers, parameters, store.backend.now())?;
    if parameters.is_watch() {
        return watch::watch(store, target, form, parameters);
    }
    let Some(name) = &target.name else {
        return list(store, target, &form, parameters);
    };
    let item = store.find(&target.named(name));
    let item = item.ok_or_else(|| Refusal::no_object(target.resource, name))?;
    if target.subresource.as_deref() == Some("scale") {
        return Ok(Json(scale::of(&item.json)).into_response());
    }
    Ok(Json(form.object(&item.json)).into_response())
}

fn list(
    store: &Shared,
    target: &Target,
    form: &Form,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let selection = Selection::new(target, parameters)?;
    let shown = listed(store, target, parameters)?;
    let items = shown
        .iter()
        .filter(|(name, item)| selection.takes(name, &item.json))
        .map(|(_, item)| &item.json);
    Ok(Json(form.list(items, shown.version)).into_response())
}

/// The version that a list is of: the newest, unless exactly another one is wanted.
fn listed(store: &Shared, target: &Target, parameters: &Parameters) -> Result<Arc<Shown>, Refusal> {
    let kept = store.shown(target.resource).borrow().clone();
    let exactly = parameters.resource_version_match.as_deref() == Some("Exact");
    let version = parameters.resource_version.as_deref();
    match version.filter(|_| exactly) {
        Some(version) => {
            let mut kept = kept.iter();
            let found = kept.find(|shown| shown.version.to_string() == version);
            found
                .map(Arc::clone)
                .ok_or_else(|| Refusal::expired(version))
        }
        None => Ok(kept.last().map(Arc::clone).unwrap_or_default()),
    }
}

async fn log(store: &Store, target: &Target, uri: &Uri) -> Result<Response, Refusal> {
    let name = target.name.as_deref().unwrap_or_default();
    let pod = target.named(name);
    let key = pod.key().filter(|key| key.kind == Kind::Pod);
    let key = key.ok_or_else(Refusal::no_path)?;
    let found = store.find(&pod);
    found.ok_or_else(|| Refusal::no_object(target.resource, name))?;
    Ok(store.backend.log(&key, uri.query().unwrap_or("")).await)
}

/// What is there on a cluster and not here, with what to do instead.
fn no_subresource(target: &Target, name: &str) -> Refusal {
    let object = target.name.as_deref().unwrap_or_default();
    match (target.resource.kind(), name) {
        (Some(Kind::Pod), "exec" | "attach") => Refusal::not_supported(format!(
            "pod {object} has no container to run a command in; to call from it: \
             sealane curl --from WORKLOAD URL"
        )),
        (Some(Kind::Pod), "portforward") => Refusal::not_supported(format!(
            "ports of pod {object} are not forwarded; to call it: \
             sealane curl --from WORKLOAD URL"
        )),
        (Some(Kind::Pod), "eviction") => {
            Refusal::not_supported(format!("pod {object} is not evicted: there is one machine"))
        }
        (_, "token") => Refusal::not_supported(
            "no tokens are given: whoever reaches this API on this machine may use it",
        ),
        (_, "status") => Refusal::not_supported("a status is written by Sealane itself"),
        _ => Refusal::no_path(),
    }
}
