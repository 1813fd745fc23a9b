//! Objects of the running mesh, with what helps when one is not there.

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use sealane_model::suggest::nearest;
use serde_json::Value;

use crate::args::Output;
use crate::client::Admin;
use crate::columns::text;
use crate::print::print_value;
use crate::{print, rest};

/// The object of that name, or an error that names the nearest one.
pub(crate) async fn object(
    admin: &Admin,
    kind: Kind,
    namespace: &str,
    name: &str,
) -> Result<Value> {
    let path = rest::object_path(kind, namespace, name);
    match admin.find(&path).await? {
        Some(object) => Ok(object),
        None => bail!(not_found(admin, kind, namespace, name).await),
    }
}

/// The error for an object that is not there.
pub(crate) async fn not_found(admin: &Admin, kind: Kind, namespace: &str, name: &str) -> String {
    let info = kind.info();
    let group = match info.group {
        "" => String::new(),
        group => format!(".{group}"),
    };
    let what = format!("{}{group} {name:?} not found", info.plural);
    let all = items(admin, &rest::list_path(kind, None)).await;
    let all = all.unwrap_or_default();
    let namespace_of = |item: &&Value| text(item, "/metadata/namespace") == namespace;
    if let Some(other) = all.iter().find(|item| text(item, "/metadata/name") == name) {
        let other = text(other, "/metadata/namespace");
        return format!("{what} in namespace {namespace}\n  it is in {other}: -n {other}");
    }
    let here: Vec<String> = all
        .iter()
        .filter(|item| !info.namespaced || namespace_of(item))
        .map(|item| text(item, "/metadata/name"))
        .collect();
    let near = nearest(name, here.iter().map(String::as_str));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    match here.as_slice() {
        [] => format!("{what}{hint}\n  there is none in namespace {namespace}"),
        names => format!("{what}{hint}\n  {}: {}", info.plural, few(names)),
    }
}

/// Says what was done to an object, or shows it as it is then.
pub(crate) fn done(output: Output, shown: &str, what: &str, object: &Value) -> Result<()> {
    match output {
        Output::Json | Output::Yaml => print_value(output, object),
        Output::Name => print::line(format_args!("{shown}")),
        Output::Table | Output::Wide => print::line(format_args!("{shown} {what}")),
    }
}

/// The first names of a list.
pub(crate) fn few(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let first: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => first.join(" "),
        more => format!("{} and {more} more", first.join(" ")),
    }
}

/// The objects of a list.
pub(crate) async fn items(admin: &Admin, path: &str) -> Result<Vec<Value>> {
    let list = admin.get(path).await?;
    let items = list.get("items").and_then(Value::as_array);
    Ok(items.cloned().unwrap_or_default())
}
