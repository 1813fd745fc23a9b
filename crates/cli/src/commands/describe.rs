//! `sealane describe`: what an object is, what applies to it, and its rules in the order in which
//! proxies try them.

mod show;

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use crate::args::{Describe, Output};
use crate::client::Admin;
use crate::columns::text;
use crate::named::{self, WORKLOAD};
use crate::objects::{items, not_found};
use crate::print::print_value;
use crate::{discover, print, rest};

/// Describes the objects that are named, or all of a kind.
pub(crate) async fn run(args: &Describe) -> Result<()> {
    let mut wanted = named::split("describe", &args.objects)?;
    for word in words(args, &wanted) {
        if !WORKLOAD.contains(&word.as_str()) {
            named::kind(&word)?;
        }
    }
    let admin = discover::admin(&args.server)?;
    if wanted.is_empty() {
        wanted = all(args, &admin).await?;
    }
    let mut described = Vec::new();
    for (kind, name) in &wanted {
        described.push(describe(args, &admin, kind, name).await?);
    }
    match args.output {
        Output::Json | Output::Yaml => match described.as_slice() {
            [one] => print_value(args.output, one),
            all => print_value(args.output, &json!(all)),
        },
        Output::Name => described.iter().try_for_each(|it| {
            let (kind, name) = (text(it, "/kind"), text(it, "/name"));
            let kind = Kind::named(&kind);
            let name = kind.map_or_else(|| name.clone(), |kind| rest::qualified_name(kind, &name));
            print::line(format_args!("{name}"))
        }),
        Output::Table | Output::Wide => {
            for (position, it) in described.iter().enumerate() {
                if position > 0 {
                    print::line(format_args!("\n"))?;
                }
                print::text(&show::description(it))?;
            }
            Ok(())
        }
    }
}

/// The words that stand for kinds.
fn words(args: &Describe, wanted: &[(String, String)]) -> Vec<String> {
    if wanted.is_empty() {
        args.objects.first().cloned().into_iter().collect()
    } else {
        wanted.iter().map(|(kind, _)| kind.clone()).collect()
    }
}

/// All objects of the kind, as `kubectl describe pods` means them.
async fn all(args: &Describe, admin: &Admin) -> Result<Vec<(String, String)>> {
    let word = args.objects.first().cloned().unwrap_or_default();
    let names: Vec<String> = if WORKLOAD.contains(&word.as_str()) {
        let all = admin.get("/sealane/v1/workloads").await?;
        let all = all.as_array().cloned().unwrap_or_default();
        let here = all
            .iter()
            .filter(|it| text(it, "/namespace") == args.namespace);
        here.map(|it| text(it, "/name")).collect()
    } else {
        let path = rest::list_path(named::kind(&word)?, Some(&args.namespace));
        let items = items(admin, &path).await?;
        items.iter().map(|it| text(it, "/metadata/name")).collect()
    };
    if names.is_empty() {
        print::note(format_args!(
            "No resources found in {} namespace.",
            args.namespace
        ));
    }
    Ok(names.into_iter().map(|name| (word.clone(), name)).collect())
}

async fn describe(args: &Describe, admin: &Admin, kind: &str, name: &str) -> Result<Value> {
    let path = format!("/sealane/v1/describe/{kind}/{}/{name}", args.namespace);
    let path = rest::with_query(&path, &[("from", Some(&args.from))]);
    if let Some(found) = admin.find(&path).await? {
        return Ok(found);
    }
    if let Some(kind) = Kind::named(kind) {
        bail!(not_found(admin, kind, &args.namespace, name).await);
    }
    bail!(crate::commands::curl::unknown_workload(admin, name).await)
}
