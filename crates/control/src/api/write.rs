//! Changing single objects: POST, PUT, PATCH, DELETE.

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use sealane_model::diagnostic::{Diagnostic, Style, render};
use sealane_model::parse::{self, Options};
use sealane_model::resource::Object;
use serde_json::{Value, json};

use super::backend::{Backend, newest};
use super::patch as merge_patch;
use super::selection::{Parameters, as_asked, key};
use super::status::{self, Refusal};
use super::target::Target;
use crate::declared::{Edit, Writer};

/// A request that changes something.
pub(super) struct Request {
    pub(super) target: Target,
    pub(super) parameters: Parameters,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Makes a new object.
pub(super) async fn create(backend: &dyn Backend, request: Request) -> Result<Response, Refusal> {
    let object = object(&request, body(&request)?)?;
    let name = object.meta.name.clone();
    if newest(backend).find(&object.key()).is_some() {
        return Err(Refusal::exists(request.target.kind, &name));
    }
    put(backend, &request, object, StatusCode::CREATED).await
}

/// Makes or replaces an object.
pub(super) async fn replace(backend: &dyn Backend, request: Request) -> Result<Response, Refusal> {
    let object = object(&request, body(&request)?)?;
    refuse_old_version(backend, &request, &object)?;
    put(backend, &request, object, StatusCode::OK).await
}

/// Changes fields of an object.
pub(super) async fn patch(backend: &dyn Backend, request: Request) -> Result<Response, Refusal> {
    let media_type = request.headers.get(CONTENT_TYPE);
    let media_type = media_type.map_or("", |value| value.to_str().unwrap_or(""));
    if media_type != "application/merge-patch+json" {
        return Err(Refusal::unsupported_media_type(format!(
            "a patch of type {media_type:?} is not supported; use application/merge-patch+json"
        )));
    }
    let name = name(&request)?;
    let shown = newest(backend);
    let item = shown.find(&key(&request.target, name));
    let item = item.ok_or_else(|| Refusal::no_object(request.target.kind, name))?;
    let mut json = item.json.clone();
    merge_patch::merge(&mut json, &body(&request)?);
    let object = object(&request, json)?;
    put(backend, &request, object, StatusCode::OK).await
}

/// Takes an object away.
pub(super) async fn delete(backend: &dyn Backend, request: Request) -> Result<Response, Refusal> {
    let name = name(&request)?;
    let key = key(&request.target, name);
    let shown = newest(backend);
    let item = shown.find(&key);
    let item = item.ok_or_else(|| Refusal::no_object(key.kind, name))?;
    if !item.is_declared() {
        return Err(Refusal::forbidden(format!(
            "{key} follows from other objects: delete or change those"
        )));
    }
    if request.parameters.dry_run.is_none() {
        let written = backend.write(vec![Edit::Delete(key.clone())]).await;
        written.map_err(|refused| Refusal::invalid(refused.errors.join("\n")))?;
    }
    Ok(Json(status::deleted(key.kind, name)).into_response())
}

async fn put(
    backend: &dyn Backend,
    request: &Request,
    object: Object,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let key = object.key();
    if request.parameters.dry_run.is_some() {
        return Ok((status, Json(as_asked(&object.raw, &request.target))).into_response());
    }
    let edit = Edit::Put {
        object,
        writer: Writer::Api,
    };
    let written = backend.write(vec![edit]).await;
    written.map_err(|refused| Refusal::invalid(refused.errors.join("\n")))?;
    let shown = newest(backend);
    let json = shown
        .find(&key)
        .map_or(Value::Null, |item| as_asked(&item.json, &request.target));
    Ok((status, Json(json)).into_response())
}

/// A replacement that says which version it replaces must not undo somebody else's change.
fn refuse_old_version(
    backend: &dyn Backend,
    request: &Request,
    object: &Object,
) -> Result<(), Refusal> {
    let said = object.meta.resource_version.as_deref();
    let Some(said) = said.filter(|version| !version.is_empty()) else {
        return Ok(());
    };
    let shown = newest(backend);
    let is_old = shown
        .find(&object.key())
        .is_some_and(|item| item.version.to_string() != said);
    if is_old {
        return Err(Refusal::conflict(format!(
            "{} \"{}\" has been changed since version {said}; get it again and repeat",
            request.target.kind.info().plural,
            object.meta.name
        )));
    }
    Ok(())
}

fn name(request: &Request) -> Result<&str, Refusal> {
    let name = request.target.name.as_deref();
    name.ok_or_else(Refusal::method_not_allowed)
}

/// The body as JSON; YAML is read too.
fn body(request: &Request) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(&request.body);
    let text = text.map_err(|error| Refusal::bad_request(format!("the body: {error}")))?;
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let value = parse::parse_value(text);
    value
        .map(|node| node.to_json())
        .map_err(|diagnostics| Refusal::bad_request(messages(&diagnostics)))
}

/// The object that a body declares, which must be the one of the path.
fn object(request: &Request, mut json: Value) -> Result<Object, Refusal> {
    let target = &request.target;
    let namespace = target.namespace.as_deref().unwrap_or("default");
    if let Value::Object(fields) = &mut json {
        fields
            .entry("apiVersion")
            .or_insert_with(|| json!(target.api_version()));
        fields
            .entry("kind")
            .or_insert_with(|| json!(target.kind.info().name));
    }
    let options = Options {
        default_namespace: namespace.to_owned(),
    };
    let mut parsed = parse::parse_json(&json, &options);
    if parsed.has_errors() {
        return Err(Refusal::invalid(messages(&parsed.diagnostics)));
    }
    let object = parsed.objects.pop().filter(|_| parsed.objects.is_empty());
    let object = object.ok_or_else(|| Refusal::bad_request("the body is not one object"))?;
    let wanted = target.name.as_deref().unwrap_or(&object.meta.name);
    if object.key() != key(target, wanted) {
        return Err(Refusal::bad_request(format!(
            "the body is {}, the path is of {}",
            object.key(),
            key(target, wanted)
        )));
    }
    Ok(object)
}

/// All errors as one text.
fn messages(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|found| found.is_error());
    let errors: Vec<_> = errors.cloned().collect();
    render(&errors, |_| None, Style::Plain)
}
