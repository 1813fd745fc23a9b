//! References from resources to resources.

use std::collections::BTreeSet;

use sealane_compile::Compiled;
use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::resource::Body;
use sealane_world::world::World;
use sealane_xds::names::ClusterName;
use sealane_xds::references::referenced;
use sealane_xds::{ResourceKind, Resources};
use serde_json::Value;

use crate::judge::Check;

/// Whether everything that is referred to exists, but for clusters that the manifests do not
/// declare.
pub(super) fn check(compiled: &Compiled, world: &World) -> Check {
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
            && !cannot_exist(&name, &compiled.diagnostics, world)
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

/// Whether a cluster cannot exist: the compiler says that its host, port or subset is not declared, or no
/// declared object has the port. (A rule without a port applies to all of its listeners' ports.)
fn cannot_exist(cluster: &str, findings: &[Diagnostic], world: &World) -> bool {
    let Some(name) = ClusterName::parse(cluster) else {
        return false;
    };
    let host = format!("`{}`", name.host);
    let said = findings.iter().any(|finding| {
        matches!(
            finding.code,
            Code::UnknownHost | Code::UnknownPort | Code::UnknownSubset
        ) && finding.message.contains(&host)
    });
    said || !has_port(&name.host, u32::from(name.port), world)
}

fn has_port(host: &str, port: u32, world: &World) -> bool {
    world.objects.iter().any(|object| match &object.body {
        Body::Service(service) => {
            let name = format!(
                "{}.{}.svc.cluster.local",
                object.meta.name, object.meta.namespace
            );
            name == host && service.spec.ports.iter().any(|own| own.port == port)
        }
        Body::ServiceEntry(entry) => {
            let ports = &entry.ports;
            entry.hosts.iter().any(|own| own == host) && ports.iter().any(|own| own.number == port)
        }
        _ => false,
    })
}
