//! `sealane get`: objects as kubectl shows them, and what runs.

mod servers;

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use crate::args::{Get, Output};
use crate::client::Admin;
use crate::columns::{columns, text};
use crate::output::{age, table};
use crate::print;
use crate::yaml::to_yaml;
use crate::{discover, rest};

/// The kinds that `get all` means.
const ALL: &[Kind] = &[
    Kind::Pod,
    Kind::Service,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
];

/// What a word after `get` means.
enum Wanted {
    Objects(Kind),
    Workloads,
}

/// Shows what `args` ask for.
pub(crate) async fn run(args: &Get) -> Result<()> {
    let (wanted, names) = wanted(args)?;
    let admin = discover::admin(&args.server)?;
    let mut found = Vec::new();
    for wanted in wanted {
        match wanted {
            Wanted::Workloads => return workloads(args, &admin).await,
            Wanted::Objects(kind) => {
                let mut items = objects(args, &admin, kind, &names).await?;
                if kind == Kind::Gateway {
                    servers::add(&admin, &mut items).await?;
                }
                found.push((kind, items));
            }
        }
    }
    show(args, &found, !names.is_empty())
}

/// The kinds and names of `vs,dr`, `vs NAME…`, `vs/NAME`, `all`.
fn wanted(args: &Get) -> Result<(Vec<Wanted>, Vec<String>)> {
    let mut names = args.names.clone();
    let mut kinds = args.kinds.as_str();
    if let Some((kind, name)) = kinds.split_once('/') {
        names.insert(0, name.to_owned());
        kinds = kind;
    }
    let mut wanted = Vec::new();
    for word in kinds.split(',') {
        match (word, Kind::named(word)) {
            ("all", _) => wanted.extend(ALL.iter().map(|kind| Wanted::Objects(*kind))),
            ("workload" | "workloads" | "wl", _) => wanted.push(Wanted::Workloads),
            (_, Some(kind)) => wanted.push(Wanted::Objects(kind)),
            (_, None) => bail!(unknown_kind(word)),
        }
    }
    Ok((wanted, names))
}

/// The error for a word that names no kind, with the nearest one.
pub(crate) fn unknown_kind(word: &str) -> String {
    let names = Kind::all().flat_map(|kind| {
        let info = kind.info();
        [info.plural, info.singular]
    });
    let near = sealane_model::suggest::nearest(word, names);
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!(
        "there is no kind {word:?}{hint}\n  kinds: vs dr gw se we sidecars svc pods deploy sts ds rs endpointslices ns nodes workloads"
    )
}

async fn objects(args: &Get, admin: &Admin, kind: Kind, names: &[String]) -> Result<Vec<Value>> {
    if names.is_empty() {
        let namespace = (!args.all_namespaces).then_some(args.namespace.as_str());
        let list = admin.get(&rest::list_path(kind, namespace)).await?;
        let items = list.get("items").and_then(Value::as_array);
        return Ok(items.cloned().unwrap_or_default());
    }
    let mut found = Vec::new();
    for name in names {
        let path = rest::object_path(kind, &args.namespace, name);
        found.push(admin.get(&path).await?);
    }
    Ok(found)
}

fn show(args: &Get, found: &[(Kind, Vec<Value>)], named: bool) -> Result<()> {
    let items = || found.iter().flat_map(|(_, items)| items.clone());
    match args.output {
        Output::Json | Output::Yaml => {
            let mut all = items();
            let value = match (named, all.next(), all.next()) {
                (true, Some(only), None) => only,
                _ => json!({
                    "apiVersion": "v1",
                    "kind": "List",
                    "metadata": { "resourceVersion": "" },
                    "items": items().collect::<Vec<_>>(),
                }),
            };
            print_value(args.output, &value)
        }
        Output::Name => found.iter().try_for_each(|(kind, items)| {
            items.iter().try_for_each(|item| {
                let name = rest::qualified_name(*kind, &text(item, "/metadata/name"));
                print::line(format_args!("{name}"))
            })
        }),
        Output::Table | Output::Wide => tables(args, found),
    }
}

/// Prints a value as JSON or YAML.
pub(crate) fn print_value(output: Output, value: &Value) -> Result<()> {
    if output == Output::Yaml {
        print::text(&to_yaml(value))
    } else {
        print::line(format_args!("{value:#}"))
    }
}

fn tables(args: &Get, found: &[(Kind, Vec<Value>)]) -> Result<()> {
    let filled: Vec<_> = found
        .iter()
        .filter(|(_, items)| !items.is_empty())
        .collect();
    if filled.is_empty() {
        let place = if args.all_namespaces {
            String::new()
        } else {
            format!(" in {} namespace", args.namespace)
        };
        print::note(format_args!("No resources found{place}."));
        return Ok(());
    }
    let several = found.len() > 1;
    for (position, (kind, items)) in filled.into_iter().enumerate() {
        if position > 0 {
            print::line(format_args!(""))?;
        }
        print::text(&kind_table(args, *kind, items, several))?;
    }
    Ok(())
}

fn kind_table(args: &Get, kind: Kind, items: &[Value], several: bool) -> String {
    let mut shown = columns(kind);
    shown.retain(|column| !column.wide || args.output == Output::Wide);
    let namespaces = args.all_namespaces && kind.info().namespaced;
    let mut headers = Vec::new();
    headers.extend(namespaces.then_some("NAMESPACE"));
    headers.push("NAME");
    headers.extend(shown.iter().map(|column| column.header));
    headers.push("AGE");
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| {
            let name = text(item, "/metadata/name");
            let mut row = Vec::new();
            row.extend(namespaces.then(|| text(item, "/metadata/namespace")));
            row.push(if several {
                rest::qualified_name(kind, &name)
            } else {
                name
            });
            row.extend(shown.iter().map(|column| (column.cell)(item)));
            row.push(age_of(item));
            row
        })
        .collect();
    table(&headers, &rows)
}

/// How old an object is by its creation time.
fn age_of(item: &Value) -> String {
    let created = text(item, "/metadata/creationTimestamp");
    let Some(created) = crate::time::parse_rfc3339(&created) else {
        return "<unknown>".to_owned();
    };
    age(crate::time::now_seconds().saturating_sub(created))
}

async fn workloads(args: &Get, admin: &Admin) -> Result<()> {
    let all = admin.get("/sealane/v1/workloads").await?;
    let mine = |workload: &&Value| {
        args.all_namespaces
            || args.output == Output::Json
            || args.output == Output::Yaml
            || text(workload, "/namespace") == args.namespace
    };
    let found: Vec<_> = all.as_array().into_iter().flatten().filter(mine).collect();
    if matches!(args.output, Output::Json | Output::Yaml) {
        return print_value(args.output, &json!(found));
    }
    let rows: Vec<_> = found.into_iter().map(workload_row).collect();
    print::text(&table(
        &["NAMESPACE", "WORKLOAD", "PODS", "RUNS", "CAPTURE"],
        &rows,
    ))
}

fn workload_row(workload: &Value) -> Vec<String> {
    let pods = workload.get("pods").and_then(Value::as_array);
    let pods = pods.map_or(&[][..], Vec::as_slice);
    let ready = |pod: &&Value| pod.get("ready").and_then(Value::as_bool).unwrap_or(false);
    vec![
        text(workload, "/namespace"),
        text(workload, "/name"),
        format!("{}/{}", pods.iter().filter(ready).count(), pods.len()),
        text(workload, "/kind"),
        text(workload, "/capture"),
    ]
}
