//! Changing single objects: POST, PUT, PATCH.

mod checked;
mod warnings;

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sealane_model::resource::{Body, Object};
use serde_json::{Value, json};

use self::checked::Checked;
pub(super) use self::warnings::Warnings;
use super::body;
use super::patch::apply::{self, Manager};
use super::patch::{Patch, Schema};
use super::request::Request;
use super::selection::as_asked;
use super::status::Refusal;
use super::store::Store;
use crate::declared::{Edit, Writer};
use crate::resource::Name;
use crate::shown::{Item, in_order};

/// A change of one object on its way.
pub(super) struct Change {
    /// The object as it shall be.
    pub(super) object: Value,
    /// As it was.
    pub(super) before: Option<Arc<Item>>,
}

/// A change that was made.
pub(super) struct Done {
    /// The object as it is.
    pub(super) json: Value,
    /// What is surprising in it.
    pub(super) warnings: Warnings,
}

/// Makes a new object.
pub(super) async fn create(store: &Store, request: Request) -> Result<Response, Refusal> {
    if request.target.name.is_some() {
        return Err(Refusal::method_not_allowed());
    }
    let mut object = body::document(&request)?;
    let _turn = store.turn.lock().await;
    name_it(store, &request, &mut object);
    let name = checked::name(&request.target, &object)?;
    let there = store.find(&name);
    if there.as_ref().is_some_and(|there| is_taken(&name, there)) {
        return Err(Refusal::exists(name.resource, &name.name));
    }
    let change = Change {
        object,
        before: None,
    };
    let done = put(store, &request, change).await?;
    Ok(done.answer(StatusCode::CREATED))
}

/// Replaces an object.
pub(super) async fn replace(store: &Store, request: Request) -> Result<Response, Refusal> {
    let object = body::document(&request)?;
    let _turn = store.turn.lock().await;
    let before = existing(store, &request)?;
    let change = Change {
        object,
        before: Some(before),
    };
    Ok(put(store, &request, change).await?.answer(StatusCode::OK))
}

/// Changes fields of an object. What is applied is made when it is not there.
pub(super) async fn patch(store: &Store, request: Request) -> Result<Response, Refusal> {
    let patch = Patch::read(&request)?;
    let _turn = store.turn.lock().await;
    if let Patch::Apply(wanted) = &patch {
        return applied(store, &request, wanted).await;
    }
    let before = existing(store, &request)?;
    let is_dry_run = request.parameters.is_dry_run()?;
    let base = if is_dry_run || patch.is_of_what_is_shown() {
        before.json.clone()
    } else {
        with_version(&before)
    };
    let change = Change {
        object: patch.apply_to(base)?,
        before: Some(before),
    };
    Ok(put(store, &request, change).await?.answer(StatusCode::OK))
}

/// Makes of an object what a manager wants of it.
async fn applied(store: &Store, request: &Request, wanted: &Value) -> Result<Response, Refusal> {
    let manager = request.parameters.field_manager.as_deref();
    let manager = manager.filter(|name| !name.is_empty() && name.len() <= 128);
    let manager = manager.ok_or_else(|| {
        Refusal::bad_request("fieldManager is required for apply patch, at most 128 bytes")
    })?;
    let manager = Manager {
        name: manager,
        force: request.parameters.is_forced(),
    };
    let name = checked::name(&request.target, wanted)?;
    let before = store.find(&name);
    let schema = Schema::of(name.resource);
    let base = match &before {
        Some(before) if request.parameters.is_dry_run()? => before.json.clone(),
        Some(before) => with_version(before),
        None => identity(wanted),
    };
    let object = apply::apply(&base, wanted, manager, schema)?;
    let status = if before.is_some() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let done = write(store, request, Change { object, before }).await?;
    Ok(done.answer(status))
}

/// Makes a change live, and notes whose it is. The caller holds the turn.
pub(super) async fn put(
    store: &Store,
    request: &Request,
    mut change: Change,
) -> Result<Done, Refusal> {
    if let Some(before) = &change.before {
        let manager = request.parameters.field_manager.as_deref();
        let schema = Schema::of(request.target.resource);
        let live = before.said();
        apply::note(
            live,
            &mut change.object,
            manager.unwrap_or("unknown"),
            schema,
        )?;
    }
    write(store, request, change).await
}

async fn write(store: &Store, request: &Request, change: Change) -> Result<Done, Refusal> {
    refuse_old_version(&change)?;
    let name = checked::name(&request.target, &change.object)?;
    let is_dry_run = request.parameters.is_dry_run()?;
    let mut said = change.object;
    checked::strip(&name, &mut said);
    match Checked::new(request, &name, said)? {
        Checked::Acting(object, warnings) if is_dry_run => Ok(Done {
            json: foreseen(&name, object.raw, change.before.as_deref()),
            warnings,
        }),
        Checked::Kept(json, warnings) if is_dry_run => Ok(Done {
            json: foreseen(&name, json, change.before.as_deref()),
            warnings,
        }),
        Checked::Acting(object, warnings) => acting(store, &name, (*object, warnings)).await,
        Checked::Kept(json, warnings) => {
            let kept = store.others.put(&name, json, store.backend.now());
            kept.map_err(|full| Refusal::forbidden(full.to_string()))?;
            Ok(Done {
                json: shown(store, &name),
                warnings,
            })
        }
    }
    .map(|done| Done {
        json: as_asked(&done.json, &request.target),
        ..done
    })
}

/// Makes an object of a kind that acts live.
async fn acting(
    store: &Store,
    name: &Name,
    (object, mut warnings): (Object, Warnings),
) -> Result<Done, Refusal> {
    let key = object.key();
    let object = with_values(store.find(name).as_deref(), object);
    let edit = Edit::Put {
        object,
        writer: Writer::Api,
    };
    let written = store.backend.write(vec![edit]).await;
    let written = written.map_err(|refused| checked::refused(name, &refused))?;
    let of_it = written.findings.iter();
    warnings.extend(of_it.filter(|found| found.object.as_ref() == Some(&key)));
    Ok(Done {
        json: shown(store, name),
        warnings,
    })
}

/// A Secret with the values that somebody was shown redacted and writes again.
fn with_values(before: Option<&Item>, mut object: Object) -> Object {
    let before = before.and_then(Item::object).map(|before| &before.body);
    if let (Body::Secret(secret), Some(Body::Secret(before))) = (&mut object.body, before) {
        secret.restore(before);
    }
    object
}

impl Done {
    fn answer(self, status: StatusCode) -> Response {
        (status, self.warnings, Json(self.json)).into_response()
    }
}

fn shown(store: &Store, name: &Name) -> Value {
    let item = store.find(name);
    item.map_or(Value::Null, |item| item.json.clone())
}

/// The object that a change would lead to.
fn foreseen(name: &Name, said: Value, before: Option<&Item>) -> Value {
    let version = before.map_or(0, |before| before.version);
    let mut json = said;
    let metadata = crate::shown::metadata(&mut json, name, version);
    let old = before.and_then(|before| before.json.get("metadata"));
    if let (Some(metadata), Some(old)) = (metadata, old) {
        for field in ["creationTimestamp", "generation"] {
            metadata.extend(old.get(field).map(|it| (field.to_owned(), it.clone())));
        }
    }
    let Some(before) = before else {
        return in_order(json);
    };
    if json.get("spec") != before.json.get("spec")
        && let Some(generation) = json.pointer_mut("/metadata/generation")
    {
        *generation = json!(generation.as_i64().unwrap_or_default() + 1);
    }
    if let (Some(fields), Some(status)) = (json.as_object_mut(), before.json.get("status")) {
        fields.entry("status").or_insert_with(|| status.clone());
    }
    in_order(json)
}

/// The object that a request names.
fn existing(store: &Store, request: &Request) -> Result<Arc<Item>, Refusal> {
    let name = request.target.name.as_deref();
    let name = name.ok_or_else(Refusal::method_not_allowed)?;
    let item = store.find(&request.target.named(name));
    item.ok_or_else(|| Refusal::no_object(request.target.resource, name))
}

/// What was declared of an object, with the version that a patch may insist on.
fn with_version(before: &Item) -> Value {
    let mut said = before.said().clone();
    if let Some(metadata) = said.get_mut("metadata").and_then(Value::as_object_mut) {
        let version = json!(before.version.to_string());
        metadata.insert("resourceVersion".to_owned(), version);
    }
    said
}

/// The part of an object by which it is called.
fn identity(object: &Value) -> Value {
    let metadata = |name: &str| object.pointer("/metadata")?.get(name).cloned();
    json!({
        "apiVersion": object.get("apiVersion"),
        "kind": object.get("kind"),
        "metadata": { "name": metadata("name"), "namespace": metadata("namespace") },
    })
}

/// Whether nothing can be made under this name. A namespace that only follows from the objects in
/// it may still be declared.
fn is_taken(name: &Name, there: &Item) -> bool {
    let is_namespace = name.resource.info().name == "Namespace";
    there.is_declared() || !is_namespace || name.name == "default"
}

/// A change that says which version it is of must not undo somebody else's.
fn refuse_old_version(change: &Change) -> Result<(), Refusal> {
    let Some(before) = &change.before else {
        return Ok(());
    };
    let said = change.object.pointer("/metadata/resourceVersion");
    let said = said.and_then(Value::as_str).unwrap_or_default();
    if said.is_empty() || said == before.version.to_string() {
        return Ok(());
    }
    let name = change.object.pointer("/metadata/name");
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let kind = change.object.get("kind").and_then(Value::as_str);
    let api_version = change.object.get("apiVersion").and_then(Value::as_str);
    let resource =
        crate::resource::Resource::of(api_version.unwrap_or_default(), kind.unwrap_or_default());
    Err(resource.map_or_else(
        || Refusal::bad_request("the object has no kind"),
        |resource| Refusal::modified(resource, name),
    ))
}

/// Gives an object that has only the beginning of a name the rest of it.
fn name_it(store: &Store, request: &Request, object: &mut Value) {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    let named = metadata.get("name").and_then(Value::as_str);
    let prefix = metadata.get("generateName").and_then(Value::as_str);
    let (None | Some(""), Some(prefix)) = (named, prefix) else {
        return;
    };
    let prefix = prefix.to_owned();
    let namespace = request.target.namespace.as_deref().unwrap_or("default");
    let version = store.newest(request.target.resource).version;
    // Five letters of a hash; the next attempt follows when there is such a name already.
    let name = (0_u32..1_000).find_map(|attempt| {
        let seed = Name::new(
            request.target.resource,
            namespace,
            &format!("{prefix}{version}.{attempt}"),
        );
        let mut hash = u64::from_str_radix(crate::shown::uid(&seed).get(..8)?, 16).ok()?;
        let mut name = prefix.clone();
        for _ in 0..5 {
            let place = usize::try_from(hash % 27).unwrap_or_default();
            name.push(LETTERS.get(place).copied().map_or('x', char::from));
            hash /= 27;
        }
        let taken = store.find(&Name::new(request.target.resource, namespace, &name));
        taken.is_none().then_some(name)
    });
    metadata.extend(name.map(|name| ("name".to_owned(), json!(name))));
}
