//! `sealane get workloads`: what runs, and where programs call from.

use anyhow::{Result, bail};
use sealane_model::suggest::nearest;
use serde_json::{Value, json};

use crate::args::{Get, GetOutput, Output};
use crate::client::Admin;
use crate::columns::text;
use crate::output::table;
use crate::print;
use crate::print::print_value;

/// Shows the workloads that `args` mean.
pub(super) async fn show(args: &Get, admin: &Admin) -> Result<()> {
    let all = admin.get("/sealane/v1/workloads").await?;
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    let form = match &args.output {
        GetOutput::Form(form) => *form,
        GetOutput::JsonPath(template) => {
            let items = json!({ "items": all });
            return print::text(&template.render(&items));
        }
    };
    let everywhere = args.all_namespaces || matches!(form, Output::Json | Output::Yaml);
    let in_place = |it: &&Value| everywhere || text(it, "/namespace") == args.namespace;
    let mut found: Vec<&Value> = all.iter().filter(in_place).collect();
    if let Some(missing) = args
        .names
        .iter()
        .find(|name| !found.iter().any(|it| is(it, name)))
    {
        let names: Vec<String> = found.iter().map(|it| text(it, "/name")).collect();
        let near = nearest(missing, names.iter().map(String::as_str));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        bail!(
            "there is no workload {missing:?}{hint}\n  workloads: {}",
            names.join(" ")
        );
    }
    if !args.names.is_empty() {
        found.retain(|it| args.names.iter().any(|name| is(it, name)));
    }
    if matches!(form, Output::Json | Output::Yaml) {
        return print_value(form, &json!(found));
    }
    if form == Output::Name {
        let names = found.iter().map(|it| text(it, "/name"));
        return names
            .into_iter()
            .try_for_each(|name| print::line(format_args!("workload/{name}")));
    }
    let rows: Vec<_> = found.into_iter().map(row).collect();
    print::text(&table(
        &["NAMESPACE", "WORKLOAD", "PODS", "RUNS", "CAPTURE"],
        &rows,
    ))
}

fn is(workload: &Value, name: &str) -> bool {
    text(workload, "/name") == name
}

fn row(workload: &Value) -> Vec<String> {
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
