//! A description as lines for people.

use serde_json::Value;

use crate::columns::{labels, text};
use crate::output::age;
use crate::rules::{self, array, called, is_at_gateway};

/// The width of names before their values.
const NAMES: usize = 14;

/// The text of a description.
pub(super) fn description(it: &Value) -> String {
    let mut out = Out::default();
    out.fact("Name", &text(it, "/name"));
    out.fact("Namespace", &text(it, "/namespace"));
    out.fact("Kind", &text(it, "/kind"));
    out.fact("Declared", &text(it, "/place"));
    out.fact("Age", &age_of(it));
    for (name, pointer) in [("Labels", "/labels"), ("Annotations", "/annotations")] {
        let pairs = labels(it, pointer);
        out.values(
            name,
            &pairs.split(',').map(str::to_owned).collect::<Vec<_>>(),
        );
    }
    for fact in array(it, "/facts") {
        let values = array(fact, "/values").iter().filter_map(Value::as_str);
        let values: Vec<String> = values.map(str::to_owned).collect();
        out.values(&text(fact, "/name"), &values);
    }
    pods(&mut out, it);
    services(&mut out, it);
    hosts(&mut out, it);
    subsets(&mut out, it);
    policies(&mut out, it);
    warnings(&mut out, it);
    out.0
}

#[derive(Default)]
struct Out(String);

impl Out {
    fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    fn fact(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(&format!("{:<NAMES$} {value}", format!("{name}:")));
        }
    }

    /// The first value beside the name, the others below it.
    fn values(&mut self, name: &str, values: &[String]) {
        let mut name = format!("{name}:");
        for value in values {
            self.line(&format!("{name:<NAMES$} {value}"));
            name.clear();
        }
    }

    fn title(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    /// Rows in columns, indented.
    fn rows(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            let cells = row.iter().zip(&widths);
            let cells: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            self.line(&format!("  {}", cells.join("  ")));
        }
    }
}

fn age_of(it: &Value) -> String {
    let created = crate::time::parse_rfc3339(&text(it, "/created"));
    created.map_or_else(String::new, |created| {
        age(crate::time::now_seconds().saturating_sub(created))
    })
}

fn pods(out: &mut Out, it: &Value) {
    let pods = array(it, "/pods");
    if pods.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = pods
        .iter()
        .map(|pod| {
            let ready = pod.get("ready").and_then(Value::as_bool).unwrap_or(false);
            let ready = if ready { "ready" } else { "not ready" };
            let version = text(pod, "/version");
            let version = if version.is_empty() {
                version
            } else {
                format!("version {version}")
            };
            vec![
                text(pod, "/name"),
                text(pod, "/address"),
                ready.to_owned(),
                version,
            ]
        })
        .collect();
    out.title("Pods:");
    out.rows(&rows);
}

fn services(out: &mut Out, it: &Value) {
    let names = array(it, "/services").iter().filter_map(Value::as_str);
    let rows: Vec<Vec<String>> = names.map(|name| vec![format!("Service {name}")]).collect();
    if !rows.is_empty() {
        out.title("Selected by:");
        out.rows(&rows);
    } else if matches!(
        text(it, "/kind").as_str(),
        "Pod" | "Deployment" | "StatefulSet"
    ) {
        out.title("Selected by no Service: only calls to its address reach it.");
    }
}

fn hosts(out: &mut Out, it: &Value) {
    for host in array(it, "/hosts") {
        let port = host.get("port").and_then(Value::as_u64).unwrap_or(0);
        let (name, proxy) = (called(host), text(host, "/proxy"));
        let place = if is_at_gateway(host) {
            format!("at gateway {proxy}, host {name}, port {port}")
        } else {
            format!("for calls to {name}:{port}")
        };
        out.title(&format!("Rules {place}, the first that matches serves:"));
        for line in rules::lines(array(host, "/rules")) {
            out.line(&format!("  {line}"));
        }
    }
    if array(it, "/hosts").is_empty() && text(it, "/kind") == "VirtualService" {
        out.title("No proxy serves its rules.");
    }
}

fn subsets(out: &mut Out, it: &Value) {
    let rows: Vec<Vec<String>> = array(it, "/subsets")
        .iter()
        .map(|subset| {
            let pods = array(subset, "/pods").iter().filter_map(Value::as_str);
            let pods: Vec<&str> = pods.collect();
            let pods = if pods.is_empty() {
                "no pod".to_owned()
            } else {
                pods.join(" ")
            };
            vec![
                format!("{} of {}", text(subset, "/name"), text(subset, "/host")),
                labels(subset, "/labels"),
                pods,
                format!(
                    "DestinationRule {}  {}",
                    text(subset, "/rule"),
                    text(subset, "/place")
                ),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.title("Subsets:");
        out.rows(&rows);
    }
}

fn policies(out: &mut Out, it: &Value) {
    let policies = array(it, "/policies");
    if policies.is_empty() {
        return;
    }
    out.title("Policies:");
    for policy in policies {
        let (rule, place) = (text(policy, "/rule"), text(policy, "/place"));
        let what = text(policy, "/appliesTo");
        out.line(&format!("  {what}  DestinationRule {rule}  {place}"));
        for setting in array(policy, "/settings").iter().filter_map(Value::as_str) {
            out.line(&format!("    {setting}"));
        }
    }
}

fn warnings(out: &mut Out, it: &Value) {
    let warnings = array(it, "/warnings");
    if warnings.is_empty() {
        return;
    }
    out.title("Warnings:");
    for warning in warnings.iter().filter_map(Value::as_str) {
        for line in warning.lines() {
            out.line(&format!("  {line}"));
        }
    }
}
