//! References from resources to resources.

use std::collections::BTreeSet;

use sealane_compile::Compiled;
use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_xds::names::ClusterName;
use sealane_xds::references::referenced;
use sealane_xds::{ResourceKind, Resources};
use serde_json::Value;

use crate::judge::Check;

/// Whether everything that is referred to exists, but for clusters that the manifests do not
/// declare, as the compiler says too.
pub(super) fn check(compiled: &Compiled) -> Check {
    let resources = &compiled.resources;
    let mut wrong = Vec::new();
    for name in referenced(resources, ResourceKind::Endpoint) {
        if !resources.endpoints.contains_key(&name) {
            wrong.push(format!("no endpoints {name}"));
        }
    }
    for name in referenced(resources, ResourceKind::Route) {
        if !resources.routes.contains_key(&name) {
            wrong.push(format!("no route configuration {name}"));
        }
    }
    for name in clusters(resources) {
        if !resources.clusters.contains_key(&name)
            && !is_known_to_dangle(&name, &compiled.diagnostics)
        {
            wrong.push(format!("no cluster {name}"));
        }
    }
    super::check("references", "all exist", &wrong, "all exist")
}

/// The clusters that routes and TCP proxies name.
fn clusters(resources: &Resources) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for kind in [ResourceKind::Route, ResourceKind::Listener] {
        for resource in resources.of_kind(kind) {
            collect(&resource.to_json(), &mut names);
        }
    }
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields.get("cluster").and_then(Value::as_str) {
                names.insert(name.to_owned());
            }
            let weighted = fields
                .get("weighted_clusters")
                .and_then(|value| value.get("clusters"));
            for part in weighted.and_then(Value::as_array).into_iter().flatten() {
                names.extend(part.get("name").and_then(Value::as_str).map(str::to_owned));
            }
            for value in fields.values() {
                collect(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether the compiler says that a cluster's host, port or subset is not declared.
fn is_known_to_dangle(cluster: &str, findings: &[Diagnostic]) -> bool {
    let host = ClusterName::parse(cluster).map(|name| format!("`{}`", name.host));
    host.is_some_and(|host| {
        findings.iter().any(|finding| {
            matches!(
                finding.code,
                Code::UnknownHost | Code::UnknownPort | Code::UnknownSubset
            ) && finding.message.contains(&host)
        })
    })
}
