//! What an object says, fact by fact.

use std::collections::BTreeMap;

use sealane_model::core::secret::Secret;
use sealane_model::core::service::Service;
use sealane_model::kind::ObjectKey;
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::networking::gateway::Gateway;
use sealane_model::networking::service_entry::ServiceEntry;
use sealane_model::networking::virtual_service::VirtualService;
use sealane_model::schema::{Data, IntOrString};
use sealane_world::pods::Role;
use sealane_world::workloads::{Workload, WorldPod};
use serde_json::Value;

use super::words::{leaves, plain, whole};
use super::{Fact, Look};

fn fact(name: &str, values: impl IntoIterator<Item = String>) -> Fact {
    Fact {
        name: name.to_owned(),
        values: values
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect(),
    }
}

fn one(name: &str, value: impl Into<String>) -> Fact {
    fact(name, [value.into()])
}

/// `app=reviews,version=v1`.
fn pairs(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(",")
}

/// What a Secret is for and which keys it has: no values.
pub(super) fn secret(secret: &Secret) -> Vec<Fact> {
    let keys = secret.data.keys().chain(secret.string_data.keys());
    vec![
        one("Type", secret.secret_type.clone().unwrap_or_default()),
        fact("Keys", keys.cloned()),
    ]
}

pub(super) fn virtual_service(spec: &VirtualService) -> Vec<Fact> {
    let gateways = if spec.gateways.is_empty() {
        vec!["mesh (calls inside the mesh)".to_owned()]
    } else {
        spec.gateways.clone()
    };
    vec![
        fact("Hosts", spec.hosts.clone()),
        fact("Gateways", gateways),
        fact("Seen by", spec.export_to.clone()),
    ]
}

pub(super) fn destination_rule(spec: &DestinationRule, namespace: &str) -> Vec<Fact> {
    let host = spec.host.clone().unwrap_or_default();
    let whole = whole(&host, namespace);
    let selector = spec
        .workload_selector
        .as_ref()
        .map(|it| pairs(&it.match_labels));
    vec![
        one("Host", whole),
        fact("Callers", selector),
        fact("Seen by", spec.export_to.clone()),
    ]
}

pub(super) fn gateway(look: &Look<'_>, key: &ObjectKey, spec: &Gateway) -> Vec<Fact> {
    let servers = sealane_control::view::servers(look.current);
    let its = servers
        .iter()
        .filter(|server| server.namespace == key.namespace && server.gateway == key.name);
    let servers = its.map(|server| {
        let address = look.mesh.server_address(&server.selector, server.port);
        let at = address.map_or_else(|| "not served".to_owned(), |at| at.to_string());
        format!(
            "{}/{} {at}  {}",
            server.port,
            server.protocol,
            server.hosts.join(", ")
        )
    });
    let selector: BTreeMap<String, String> = spec.selector.clone().into_iter().collect();
    vec![one("Selector", pairs(&selector)), fact("Servers", servers)]
}

pub(super) fn service(host: &str, service: &Service) -> Vec<Fact> {
    let spec = &service.spec;
    let ports = spec.ports.iter().map(|port| {
        let target = match &port.target_port {
            None => port.port.to_string(),
            Some(IntOrString::Int(number)) => number.to_string(),
            Some(IntOrString::String(name)) => name.clone(),
        };
        let name = port.name.as_deref().unwrap_or("-");
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        format!("{name} {}/{protocol} → {target}", port.port)
    });
    vec![
        one("Host", host),
        one("Type", spec.service_type.as_deref().unwrap_or("ClusterIP")),
        one("Address", spec.cluster_ip.clone().unwrap_or_default()),
        fact("External", spec.external_name.clone()),
        fact("Ports", ports),
        one("Selector", pairs(&spec.selector)),
    ]
}

pub(super) fn service_entry(entry: &ServiceEntry) -> Vec<Fact> {
    let mut facts = vec![fact("Hosts", entry.hosts.clone())];
    let ports = entry.ports.iter();
    facts.push(fact(
        "Ports",
        ports.map(|port| {
            let protocol = port.protocol.as_deref().unwrap_or("HTTP");
            format!("{} {}/{protocol}", port.name, port.number)
        }),
    ));
    let mut rest = entry.encode();
    if let Value::Object(fields) = &mut rest {
        fields.retain(|key, _| key != "hosts" && key != "ports");
    }
    facts.extend(of_json(&rest));
    facts
}

pub(super) fn pod(look: &Look<'_>, pod: &WorldPod) -> Vec<Fact> {
    let proxy = format!("{}/{}", pod.namespace(), pod.name());
    let captures = look.mesh.captures();
    let workload = (pod.namespace().to_owned(), pod.workload().to_owned());
    let ports: Vec<String> = pod.ports.iter().map(ToString::to_string).collect();
    let status = look.mesh.control().statuses().remove(&proxy);
    let proxy_state = match status.filter(|status| status.connected) {
        None => "not started: its first request starts it".to_owned(),
        Some(status) => match status.live {
            Some(generation) => format!("serves generation {generation}"),
            None => "has no configuration yet".to_owned(),
        },
    };
    let (what, at) = match pod.role() {
        Role::Workload => ("Sidecar", captures.get(&workload).map(ToString::to_string)),
        Role::Gateway => ("Gateway", None),
    };
    vec![
        one(
            "Workload",
            format!("{} ({})", pod.planned.made_by, runs(look, pod)),
        ),
        one("Ready", if pod.is_ready() { "yes" } else { "no" }),
        one("Mesh address", pod.address.to_string()),
        one("Ports", ports.join(", ")),
        one("Node", pod.node()),
        one("Locality", pod.locality.clone()),
        one(what, format!("{proxy}, {proxy_state}")),
        fact("Capture port", at),
    ]
}

pub(super) fn workload(look: &Look<'_>, key: &ObjectKey, pods: &[&WorldPod]) -> Vec<Fact> {
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let captures = look.mesh.captures();
    let capture = captures.get(&(key.namespace.clone(), key.name.clone()));
    let runs = pods.first().map(|pod| runs(look, pod));
    vec![
        one("Pods", format!("{ready} ready of {}", pods.len())),
        fact("Runs", runs),
        fact("Capture port", capture.map(ToString::to_string)),
    ]
}

/// What stands behind a pod.
fn runs(look: &Look<'_>, pod: &WorldPod) -> String {
    let workloads = Workload::of(&look.world.pods);
    let is_its = |it: &&Workload<'_>| it.namespace == pod.namespace() && it.name == pod.workload();
    let found = workloads.iter().find(is_its);
    found.map_or_else(String::new, |it| it.kind.as_str().to_owned())
}

/// The fields of an object of which nothing more is known.
pub(super) fn of_json(value: &Value) -> Vec<Fact> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| match value {
            Value::Object(_) | Value::Array(_) => fact(name, leaves(value)),
            value => one(name, plain(value)),
        })
        .collect()
}
