//! `sealane diff`: manifests against what is live, line by line.

use std::process::ExitCode;

use anyhow::Result;
use sealane_model::parse::{Options, parse_text};
use sealane_model::resource::Object;
use serde_json::{Map, Value};

use crate::args::Diff;
use crate::client::Admin;
use crate::failure::Failure;
use crate::manifests::{self, show};
use crate::textdiff::unified;
use crate::yaml::to_yaml;
use crate::{discover, print, rest};

/// The exit code when something differs, as kubectl's.
const DIFFERS: u8 = 1;
/// The exit code when it cannot be said, as kubectl's.
const FAILED: u8 = 2;

/// Metadata that a store keeps.
const KEPT: [&str; 6] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
];

/// Prints what applying the files would change.
pub(crate) async fn run(args: &Diff) -> Result<ExitCode> {
    let objects = objects(args)?;
    let admin = discover::admin(&args.server)?;
    let mut differs = false;
    for object in objects {
        let difference = difference(&admin, &object).await?;
        differs |= !difference.is_empty();
        print::text(&difference)?;
    }
    Ok(if differs {
        ExitCode::from(DIFFERS)
    } else {
        ExitCode::SUCCESS
    })
}

fn objects(args: &Diff) -> Result<Vec<Object>> {
    let options = Options {
        default_namespace: args.namespace.clone(),
    };
    let mut objects = Vec::new();
    for text in manifests::texts(&args.filename, &args.namespace)? {
        let parsed = parse_text(&text, &options);
        if parsed.has_errors() {
            return Err(Failure::bad_input(show(&parsed.diagnostics, &text)).into());
        }
        objects.extend(parsed.objects);
    }
    Ok(objects)
}

async fn difference(admin: &Admin, object: &Object) -> Result<String> {
    let key = object.key();
    let path = rest::object_path(key.kind, &key.namespace, &key.name);
    let live = admin.find(&path).await?;
    let mut wanted = object.raw.clone();
    let metadata = wanted
        .pointer_mut("/metadata")
        .and_then(Value::as_object_mut);
    if let Some(metadata) = metadata.filter(|_| key.kind.info().namespaced) {
        let namespace = Value::from(key.namespace.clone());
        metadata.insert("namespace".to_owned(), namespace);
    }
    // All served versions say the same.
    if let Some(version) = live.as_ref().and_then(|live| live.get("apiVersion"))
        && let Some(fields) = wanted.as_object_mut()
    {
        fields.insert("apiVersion".to_owned(), version.clone());
    }
    let keeps_status = wanted.get("status").is_some();
    let mut live = live.map_or(Value::Null, |live| comparable(live, keeps_status));
    filled_in(&mut live, &wanted);
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        value => to_yaml(value),
    };
    let name = format!("{}/{}", key.kind.info().name, key.name);
    let (old, new) = (format!("live/{name}"), format!("file/{name}"));
    let new_text = to_yaml(&comparable(wanted, keeps_status));
    Ok(unified(&text(&live), &new_text, (&old, &new)))
}

/// What the store itself has added and the file does not speak about: a Service's address.
fn filled_in(live: &mut Value, wanted: &Value) {
    for field in ["clusterIP", "clusterIPs"] {
        let is_said = wanted.pointer(&format!("/spec/{field}")).is_some();
        if let Some(spec) = live.pointer_mut("/spec").and_then(Value::as_object_mut)
            && !is_said
        {
            spec.remove(field);
        }
    }
}

/// Without what a store keeps, and with its keys in one order.
fn comparable(mut value: Value, keeps_status: bool) -> Value {
    if let Some(metadata) = value
        .pointer_mut("/metadata")
        .and_then(Value::as_object_mut)
    {
        let is_empty = |value: &Value| match value {
            Value::Object(fields) => fields.is_empty(),
            value => value.is_null(),
        };
        metadata.retain(|key, value| !KEPT.contains(&key.as_str()) && !is_empty(value));
    }
    if let Some(fields) = value.as_object_mut()
        && !keeps_status
    {
        fields.remove("status");
    }
    sorted(value)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            let fields = fields.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        value => value,
    }
}

/// An error of `diff` has an exit code of its own, so that it is no difference.
pub(crate) fn failed(error: anyhow::Error) -> anyhow::Error {
    if error.downcast_ref::<Failure>().is_some() {
        return error;
    }
    let text = format!("error: {error:#}");
    Failure { code: FAILED, text }.into()
}
