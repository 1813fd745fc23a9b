//! `sealane get`: objects as kubectl shows them, and what runs.

mod rows;
mod servers;
mod watch;
mod workloads;

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use self::rows::Shape;
use crate::args::{Get, GetOutput, Output};
use crate::client::Admin;
use crate::columns::text;
use crate::named::{self, WORKLOAD};
use crate::objects::{items, object};
use crate::output::table;
use crate::print::{self, print_value};
use crate::{discover, rest};

/// The kinds that `get all` means: kubectl's, and those that Istio's users ask for with them.
const ALL: &[Kind] = &[
    Kind::Pod,
    Kind::Service,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Gateway,
    Kind::VirtualService,
    Kind::DestinationRule,
    Kind::ServiceEntry,
];

/// What a word after `get` means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Objects(Kind),
    Workloads,
}

/// The objects that were found, by kind, in the order in which they were asked for.
type Found = Vec<(Kind, Vec<Value>)>;

/// Shows what `args` ask for.
pub(crate) async fn run(args: &Get) -> Result<()> {
    let wanted = wanted(args)?;
    let admin = discover::admin(&args.server)?;
    if args.watch {
        return watch::run(args, &admin, &wanted).await;
    }
    let mut found = Found::new();
    for (wanted, names) in &wanted {
        match wanted {
            Wanted::Workloads => return workloads::show(args, &admin).await,
            Wanted::Objects(kind) => {
                let mut items = objects(args, &admin, *kind, names).await?;
                if *kind == Kind::Gateway {
                    servers::add(&admin, &mut items).await?;
                }
                match found.iter_mut().find(|(known, _)| known == kind) {
                    Some((_, known)) => known.extend(items),
                    None => found.push((*kind, items)),
                }
            }
        }
    }
    let named = wanted.iter().any(|(_, names)| !names.is_empty());
    show(args, &found, named)
}

/// The kinds and names of `vs,dr`, `vs NAME…`, `vs/NAME dr/NAME`, `all`.
fn wanted(args: &Get) -> Result<Vec<(Wanted, Vec<String>)>> {
    let mut wanted = Vec::new();
    if args.kinds.contains('/') {
        let words: Vec<String> = [args.kinds.clone()]
            .into_iter()
            .chain(args.names.clone())
            .collect();
        for (kind, name) in named::objects("get", &words)? {
            wanted.push((Wanted::Objects(kind), vec![name]));
        }
    } else {
        for word in args.kinds.split(',').filter(|word| !word.is_empty()) {
            let names = || args.names.clone();
            match (word, Kind::named(word)) {
                ("all", _) => {
                    wanted.extend(ALL.iter().map(|kind| (Wanted::Objects(*kind), names())));
                }
                (word, _) if WORKLOAD.contains(&word) => wanted.push((Wanted::Workloads, names())),
                (_, Some(kind)) => wanted.push((Wanted::Objects(kind), names())),
                (_, None) => bail!(named::unknown_kind(word)),
            }
        }
    }
    let has_names = wanted.iter().any(|(_, names)| !names.is_empty());
    if has_names && (args.selector.is_some() || args.field_selector.is_some()) {
        bail!(
            "names and selectors exclude each other\n  leave the names, or -l and --field-selector, out"
        );
    }
    if has_names && args.all_namespaces {
        bail!(
            "an object of that name may be in several namespaces\n  say which one with -n, or leave the name out"
        );
    }
    Ok(wanted)
}

/// The list of a kind that `args` mean.
fn list_path(args: &Get, kind: Kind) -> String {
    let namespace = (!args.all_namespaces).then_some(args.namespace.as_str());
    rest::with_query(
        &rest::list_path(kind, namespace),
        &[
            ("labelSelector", args.selector.as_deref()),
            ("fieldSelector", args.field_selector.as_deref()),
        ],
    )
}

async fn objects(args: &Get, admin: &Admin, kind: Kind, names: &[String]) -> Result<Vec<Value>> {
    if names.is_empty() {
        return items(admin, &list_path(args, kind)).await;
    }
    let mut found = Vec::new();
    for name in names {
        if args.ignore_not_found {
            found.extend(
                admin
                    .find(&rest::object_path(kind, &args.namespace, name))
                    .await?,
            );
        } else {
            found.push(object(admin, kind, &args.namespace, name).await?);
        }
    }
    Ok(found)
}

fn show(args: &Get, found: &Found, named: bool) -> Result<()> {
    let form = match &args.output {
        GetOutput::JsonPath(template) => {
            return print::text(&template.render(&whole(found, named)));
        }
        GetOutput::Form(form) => *form,
    };
    match form {
        Output::Json | Output::Yaml => print_value(form, &whole(found, named)),
        Output::Name => found.iter().try_for_each(|(kind, items)| {
            items.iter().try_for_each(|item| {
                let name = rest::qualified_name(*kind, &text(item, "/metadata/name"));
                print::line(format_args!("{name}"))
            })
        }),
        Output::Table | Output::Wide => tables(args, found),
    }
}

/// The object that was named, else a list.
fn whole(found: &Found, named: bool) -> Value {
    let mut all: Vec<Value> = found.iter().flat_map(|(_, items)| items.clone()).collect();
    match (named, all.len()) {
        (true, 1) => all.remove(0),
        _ => json!({
            "apiVersion": "v1",
            "kind": "List",
            "metadata": { "resourceVersion": "" },
            "items": all,
        }),
    }
}

fn tables(args: &Get, found: &Found) -> Result<()> {
    let filled: Vec<_> = found
        .iter()
        .filter(|(_, items)| !items.is_empty())
        .collect();
    if filled.is_empty() {
        if !args.ignore_not_found {
            print::note(format_args!("{}", nothing(args)));
        }
        return Ok(());
    }
    let several = found.len() > 1;
    for (position, (kind, items)) in filled.into_iter().enumerate() {
        if position > 0 {
            print::line(format_args!(""))?;
        }
        let shape = Shape::new(args, *kind, several);
        let rows: Vec<Vec<String>> = items.iter().map(|item| shape.row(item)).collect();
        let headers: Vec<&str> = shape.headers.iter().map(String::as_str).collect();
        let shown = table(&headers, &rows);
        let shown = match (args.no_headers, shown.split_once('\n')) {
            (true, Some((_, rows))) => rows,
            _ => &shown,
        };
        print::text(shown)?;
    }
    Ok(())
}

fn nothing(args: &Get) -> String {
    if args.all_namespaces {
        "No resources found.".to_owned()
    } else {
        format!("No resources found in {} namespace.", args.namespace)
    }
}
