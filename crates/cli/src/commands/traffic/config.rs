//! `sealane traffic config`: the rules that proxies serve, in the order in which they try them.

use anyhow::{Result, bail};
use sealane_model::suggest::nearest;
use serde_json::{Value, json};

use crate::args::{Output, TrafficConfig};
use crate::columns::text;
use crate::objects::few;
use crate::print::print_value;
use crate::rules::{array, called, is_at_gateway, lines, short};
use crate::{discover, print, rest};

/// Shows the rules of a host, or of all that have any.
pub(crate) async fn run(args: &TrafficConfig) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    let path = rest::with_query("/sealane/v1/routes", &[("from", Some(&args.from))]);
    let all = admin.get(&path).await?;
    let all = all.as_array().cloned().unwrap_or_default();
    let (mut found, others): (Vec<Value>, Vec<Value>) = match &args.host {
        Some(host) => (
            all.iter().filter(|it| is_host(it, host)).cloned().collect(),
            Vec::new(),
        ),
        None => all.iter().cloned().partition(has_rules),
    };
    if let Some(host) = args.host.as_ref().filter(|_| found.is_empty()) {
        bail!(unknown_host(host, &all));
    }
    if matches!(args.output, Output::Json | Output::Yaml) {
        if args.host.is_none() {
            found = all;
        }
        return print_value(args.output, &json!(found));
    }
    for (position, host) in found.iter().enumerate() {
        if position > 0 {
            print::line(format_args!(""))?;
        }
        print::line(format_args!("{}", title(host, &args.from)))?;
        for line in lines(array(host, "/rules")) {
            print::line(format_args!("  {line}"))?;
        }
    }
    let mut names: Vec<String> = others.iter().map(name).collect();
    names.dedup();
    if !names.is_empty() {
        let line = if found.is_empty() { "" } else { "\n" };
        print::line(format_args!(
            "{line}without a VirtualService: {}",
            few(&names)
        ))?;
    }
    Ok(())
}

/// `reviews:9080   calls of client inside the mesh`.
fn title(host: &Value, from: &str) -> String {
    let place = if is_at_gateway(host) {
        format!("gateway {}", text(host, "/proxy"))
    } else {
        format!("calls of {from} inside the mesh")
    };
    format!("{}   {place}", name(host))
}

fn name(host: &Value) -> String {
    let port = host.get("port").and_then(Value::as_u64).unwrap_or(0);
    format!("{}:{port}", called(host))
}

fn has_rules(host: &Value) -> bool {
    array(host, "/rules")
        .iter()
        .any(|rule| text(rule, "/kind") == "VirtualService")
}

/// Whether a person means this host: by one of the names that it is called by, with or without its
/// port, or as a destination of one of its rules at a gateway.
fn is_host(host: &Value, wanted: &str) -> bool {
    let domains = array(host, "/domains").iter().filter_map(Value::as_str);
    let own = text(host, "/host");
    let mut names = domains.chain([own.as_str()]);
    if names.any(|name| name.eq_ignore_ascii_case(wanted)) || name(host) == wanted {
        return true;
    }
    is_at_gateway(host)
        && array(host, "/rules").iter().any(|rule| {
            array(rule, "/shares").iter().any(|share| {
                let host = text(share, "/host");
                host == wanted || short(&host) == wanted
            })
        })
}

fn unknown_host(wanted: &str, all: &[Value]) -> String {
    let mut names: Vec<String> = all.iter().map(called).collect();
    names.sort();
    names.dedup();
    let near = nearest(wanted, names.iter().map(String::as_str));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!(
        "no proxy serves the host {wanted:?}{hint}\n  hosts: {}",
        few(&names)
    )
}
