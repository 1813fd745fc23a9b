//! Taking objects away: one, or all that are selected.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use super::body;
use super::request::Request;
use super::selection::Selection;
use super::status::{self, Refusal};
use super::store::Store;
use crate::declared::Edit;
use crate::resource::{Name, Resource};
use crate::shown::{Item, uid};

/// Namespaces that cannot go: what is always there is in them.
const LASTING: [&str; 2] = ["default", "istio-system"];

/// Takes the object, or all objects of the list, that a request names away.
pub(super) async fn delete(store: &Store, request: Request) -> Result<Response, Refusal> {
    let options = options(&request)?;
    let _turn = store.turn.lock().await;
    let target = &request.target;
    let Some(name) = &target.name else {
        return collection(store, &request, &options).await;
    };
    let name = target.named(name);
    let item = store.find(&name);
    let item = item.ok_or_else(|| Refusal::no_object(name.resource, &name.name))?;
    check(&options, &name, &item)?;
    let gone = gone_with(store, &name, &item)?;
    take(store, &gone, is_dry_run(&request, &options)?).await?;
    let answer = status::deleted(name.resource, &name.name, &uid(&name));
    Ok(Json(answer).into_response())
}

async fn collection(
    store: &Store,
    request: &Request,
    options: &Value,
) -> Result<Response, Refusal> {
    let resource = request.target.resource;
    if resource.kind() == Some(Kind::Namespace) {
        return Err(Refusal::method_not_allowed());
    }
    let selection = Selection::new(&request.target, &request.parameters)?;
    let shown = store.newest(resource);
    let meant = shown
        .iter()
        .filter(|(name, item)| item.is_declared() && selection.takes(name, &item.json))
        .map(|(name, _)| name.clone());
    let meant: Vec<Name> = meant.collect();
    take(store, &meant, is_dry_run(request, options)?).await?;
    let answer = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": { "group": resource.info().group, "kind": resource.info().plural },
    });
    Ok(Json(answer).into_response())
}

/// The object and what goes with it: a namespace takes along what is in it.
fn gone_with(store: &Store, name: &Name, item: &Arc<Item>) -> Result<Vec<Name>, Refusal> {
    if name.resource.kind() != Some(Kind::Namespace) {
        if !item.is_declared() {
            return Err(Refusal::forbidden(format!(
                "{} \"{}\" is forbidden: it follows from other objects; delete or change those",
                name.resource.qualified(),
                name.name
            )));
        }
        return Ok(vec![name.clone()]);
    }
    if LASTING.contains(&name.name.as_str()) {
        return Err(Refusal::forbidden(format!(
            "namespaces \"{}\" is forbidden: this namespace may not be deleted",
            name.name
        )));
    }
    let mut gone = Vec::new();
    for shown in [
        store.newest(name.resource),
        store.newest(Resource::any_kept()),
    ] {
        let inside = shown.iter().filter(|(inside, item)| {
            item.is_declared() && (inside.namespace == name.name || *inside == name)
        });
        gone.extend(inside.map(|(inside, _)| inside.clone()));
    }
    Ok(gone)
}

async fn take(store: &Store, names: &[Name], is_dry_run: bool) -> Result<(), Refusal> {
    if is_dry_run {
        return Ok(());
    }
    let acting = names.iter().filter_map(Name::key);
    let edits: Vec<Edit> = acting.map(Edit::Delete).collect();
    if !edits.is_empty() {
        let written = store.backend.write(edits).await;
        written.map_err(|refused| Refusal::invalid(refused.errors.join("\n")))?;
    }
    let kept = names.iter().filter(|name| name.key().is_none());
    let kept: Vec<Name> = kept.cloned().collect();
    if !kept.is_empty() {
        store.others.delete(&kept);
    }
    Ok(())
}

/// The `DeleteOptions` of a request; null when it has none.
fn options(request: &Request) -> Result<Value, Refusal> {
    let options = if request.body.is_empty() {
        Value::Null
    } else {
        body::document(request)?
    };
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let orphans = text("propagationPolicy") == Some("Orphan")
        || options.get("orphanDependents") == Some(&json!(true));
    if orphans {
        return Err(Refusal::bad_request(
            "propagationPolicy Orphan is not supported: pods go with what makes them",
        ));
    }
    Ok(options)
}

fn is_dry_run(request: &Request, options: &Value) -> Result<bool, Refusal> {
    let said = options.get("dryRun").and_then(Value::as_array);
    let said = said.is_some_and(|said| said.contains(&json!("All")));
    Ok(said || request.parameters.is_dry_run()?)
}

/// Whether the object is still the one that the caller means.
fn check(options: &Value, name: &Name, item: &Item) -> Result<(), Refusal> {
    let wanted = |field: &str| {
        let value = options.pointer("/preconditions")?.get(field)?.as_str();
        value.filter(|value| !value.is_empty())
    };
    let same = wanted("uid").is_none_or(|wanted| wanted == uid(name));
    let version = item.version.to_string();
    let same = same && wanted("resourceVersion").is_none_or(|wanted| wanted == version);
    if same {
        return Ok(());
    }
    Err(Refusal::conflict(
        name.resource,
        &name.name,
        "it is not the one that the preconditions name",
    ))
}
