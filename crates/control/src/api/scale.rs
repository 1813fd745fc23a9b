//! The subresource `scale`: how many pods an object makes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::body;
use super::patch;
use super::request::Request;
use super::status::Refusal;
use super::store::Store;
use super::write::{Change, put};

/// The Scale of an object.
pub(super) fn of(object: &Value) -> Value {
    let metadata = |name: &str| object.pointer("/metadata")?.get(name).cloned();
    let labels = object.pointer("/spec/selector/matchLabels");
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let selector: Vec<String> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let number = |pointer| object.pointer(pointer).and_then(Value::as_i64);
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata("name"),
            "namespace": metadata("namespace"),
            "uid": metadata("uid"),
            "resourceVersion": metadata("resourceVersion"),
            "creationTimestamp": metadata("creationTimestamp"),
        },
        "spec": { "replicas": number("/spec/replicas").unwrap_or(1) },
        "status": {
            "replicas": number("/status/replicas").unwrap_or_default(),
            "selector": selector.join(","),
        },
    })
}

/// Sets the number of pods by a whole Scale.
pub(super) async fn replace(store: &Store, request: Request) -> Result<Response, Refusal> {
    let scale = body::document(&request)?;
    set(store, request, |_| Ok(scale)).await
}

/// Sets the number of pods by a patch of the Scale.
pub(super) async fn patch(store: &Store, request: Request) -> Result<Response, Refusal> {
    let change = patch::Patch::read(&request)?;
    set(store, request, |scale| change.apply_to(scale)).await
}

async fn set(
    store: &Store,
    request: Request,
    change: impl FnOnce(Value) -> Result<Value, Refusal>,
) -> Result<Response, Refusal> {
    let _turn = store.turn.lock().await;
    let resource = request.target.resource;
    let name = request.target.name.as_deref().unwrap_or_default();
    let item = store.find(&request.target.named(name));
    let item = item.ok_or_else(|| Refusal::no_object(resource, name))?;
    let scale = change(of(&item.json))?;
    let version = scale.pointer("/metadata/resourceVersion");
    let version = version.and_then(Value::as_str).unwrap_or_default();
    if !version.is_empty() && version != item.version.to_string() {
        return Err(Refusal::modified(resource, name));
    }
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64);
    let replicas = replicas.unwrap_or_default();
    if i32::try_from(replicas).is_err() || replicas < 0 {
        return Err(Refusal::bad_request(format!(
            "spec.replicas: {replicas} is no number of pods"
        )));
    }
    let mut object = item.said().clone();
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("replicas".to_owned(), json!(replicas));
    }
    let change = Change {
        object,
        before: Some(item),
    };
    let done = put(store, &request, change).await?;
    Ok((done.warnings, Json(of(&done.json))).into_response())
}
