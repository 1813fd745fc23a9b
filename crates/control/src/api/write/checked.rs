//! What a request wants to write, checked: its name, what it may not say, what its kind allows.

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::parse::{self, Options, Parsed};
use sealane_model::path::{FieldPath, Step};
use sealane_model::resource::{Kind, Object, document_path};
use serde_json::{Value, json};

use super::Warnings;
use crate::api::backend::Refused;
use crate::api::request::Request;
use crate::api::status::{Refusal, sentence};
use crate::api::target::Target;
use crate::declared::KEPT_BY_STORES;
use crate::resource::{Name, Resource};

/// Unknown fields that are taken out of one object, at most.
const MAX_PRUNED: usize = 1_000;

/// An object that may be written, with what is surprising in it.
pub(super) enum Checked {
    /// Of a kind that acts.
    Acting(Box<Object>, Warnings),
    /// Of a kind that is only kept.
    Kept(Value, Warnings),
}

/// What becomes of unknown fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Refused,
    /// Taken out; the caller is told.
    Warned,
    /// Taken out.
    Ignored,
}

impl Checked {
    /// Checks what `request` says of the object of that name.
    pub(super) fn new(request: &Request, name: &Name, mut json: Value) -> Result<Self, Refusal> {
        complete(&request.target, name, &mut json);
        let unknown = unknown(request)?;
        let Some(kind) = name.resource.kind() else {
            let mut warnings = Warnings::default();
            warnings.push(format!(
                "{} {} is kept, but {} objects do nothing in Sealane",
                name.resource.info().name,
                name.name,
                name.resource.info().name,
            ));
            return Ok(Self::Kept(json, warnings));
        };
        let mut warnings = Warnings::default();
        let parsed = read(kind, name, json, (unknown, &mut warnings));
        if parsed.has_errors() {
            return Err(Refusal::findings(
                name.resource,
                &name.name,
                &parsed.diagnostics,
            ));
        }
        warnings.extend(parsed.diagnostics.iter());
        let mut objects = parsed.objects.into_iter();
        match (objects.next(), objects.next()) {
            (Some(object), None) => Ok(Self::Acting(Box::new(object), warnings)),
            _ => Err(Refusal::bad_request("the body is not one object")),
        }
    }
}

/// The name of the object that a body declares, which must be the one of the path.
pub(super) fn name(target: &Target, json: &Value) -> Result<Name, Refusal> {
    if !json.is_object() {
        return Err(Refusal::bad_request("the body is not one object"));
    }
    same_kind(target, json)?;
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str);
    let name = text("/metadata/name").unwrap_or_default();
    let name = match (name, &target.name) {
        ("", None) => {
            return Err(Refusal::bad_request(
                "metadata.name is missing: name the object, or give it a generateName",
            ));
        }
        ("", Some(named)) => named,
        (name, Some(named)) if name != named => {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({named})"
            )));
        }
        (name, _) => name,
    };
    let wanted = target.namespace.as_deref();
    let said = text("/metadata/namespace").filter(|said| !said.is_empty());
    if let (Some(wanted), Some(said)) = (wanted, said)
        && wanted != said
    {
        return Err(Refusal::bad_request(format!(
            "the namespace of the provided object ({said}) does not match the namespace sent on \
             the request ({wanted})"
        )));
    }
    let namespace = wanted.or(said).unwrap_or("default");
    if target.resource.kind().is_none() && !is_name(name) {
        return Err(Refusal::bad_request(format!(
            "{name:?} is no name of an object"
        )));
    }
    Ok(Name::new(target.resource, namespace, name))
}

/// What may stand in a path as a name.
fn is_name(name: &str) -> bool {
    let legal = |c: char| !c.is_control() && !matches!(c, '/' | '%');
    name.len() <= 253 && name.chars().all(legal) && !matches!(name, "" | "." | "..")
}

/// The kind and group of the body must be those of the path, where it says them.
fn same_kind(target: &Target, json: &Value) -> Result<(), Refusal> {
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let info = target.resource.info();
    let api_version = target.api_version();
    let said = (
        text("apiVersion").unwrap_or(&api_version),
        text("kind").unwrap_or(info.name),
    );
    if Resource::of(said.0, said.1) == Some(target.resource) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "the body is a {} of {}, the path is of {} of {api_version}",
        said.1, said.0, info.name
    )))
}

/// Takes away what stores write themselves: nobody else's word about it counts.
pub(super) fn strip(name: &Name, json: &mut Value) {
    let Some(fields) = json.as_object_mut() else {
        return;
    };
    // Only a Pod's state may be declared, and what is kept is kept as it is.
    let has_state = name.resource.kind().is_none_or(|kind| kind == Kind::Pod);
    if !has_state {
        fields.remove("status");
    }
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !KEPT_BY_STORES.contains(&name.as_str()));
        if metadata.get("managedFields") == Some(&json!([])) {
            metadata.remove("managedFields");
        }
    }
}

/// Says what the path said.
fn complete(target: &Target, name: &Name, json: &mut Value) {
    let Some(fields) = json.as_object_mut() else {
        return;
    };
    fields.insert("apiVersion".to_owned(), json!(target.api_version()));
    fields.insert("kind".to_owned(), json!(target.resource.info().name));
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("name".to_owned(), json!(name.name));
        if name.namespace.is_empty() {
            metadata.remove("namespace");
        } else {
            metadata.insert("namespace".to_owned(), json!(name.namespace));
        }
    }
}

fn unknown(request: &Request) -> Result<Unknown, Refusal> {
    match request.parameters.field_validation.as_deref() {
        None | Some("" | "Strict") => Ok(Unknown::Refused),
        Some("Warn") => Ok(Unknown::Warned),
        Some("Ignore") => Ok(Unknown::Ignored),
        Some(other) => Err(Refusal::bad_request(format!(
            "fieldValidation={other}: want Strict, Warn or Ignore"
        ))),
    }
}

/// Reads an object; unknown fields are taken out as long as the caller wants that.
fn read(
    kind: Kind,
    name: &Name,
    mut json: Value,
    (unknown, warnings): (Unknown, &mut Warnings),
) -> Parsed {
    let options = Options {
        default_namespace: name.namespace.clone(),
    };
    let mut pruned = 0;
    loop {
        let parsed = parse::parse_json(&json, &options);
        if unknown == Unknown::Refused || pruned >= MAX_PRUNED {
            return parsed;
        }
        let is_unknown = |found: &&Diagnostic| found.code == Code::UnknownField;
        let found: Vec<&Diagnostic> = parsed.diagnostics.iter().filter(is_unknown).collect();
        let before = pruned;
        for found in found {
            if prune(&mut json, &document_path(kind, &found.path)) {
                pruned += 1;
                if unknown == Unknown::Warned {
                    warnings.push(format!("left out: {}", sentence(found)));
                }
            }
        }
        if pruned == before {
            return parsed;
        }
    }
}

/// Takes a field out of a document.
fn prune(json: &mut Value, path: &FieldPath) -> bool {
    let Some((Step::Name(last), parents)) = path.steps().split_last() else {
        return false;
    };
    let parent = parents.iter().try_fold(json, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Index(index) => value.get_mut(index),
    });
    let fields = parent.and_then(Value::as_object_mut);
    fields.is_some_and(|fields| fields.remove(last).is_some())
}

/// A transaction that was refused, as far as it is about this object.
pub(super) fn refused(name: &Name, refused: &Refused) -> Refusal {
    if refused.findings.iter().any(Diagnostic::is_error) {
        return Refusal::findings(name.resource, &name.name, &refused.findings);
    }
    Refusal::invalid(refused.errors.join("\n"))
}
