//! What an API server fills into objects that leave it out, as far as tools rely on it: a rollout
//! of a StatefulSet can be followed only when it says how it is updated.

use sealane_model::kind::Kind;
use serde_json::{Value, json};

/// Fills in what `json`, an object of `kind` with its metadata, leaves out.
pub(super) fn fill(kind: Kind, json: &mut Value) {
    let created = json.pointer("/metadata/creationTimestamp").cloned();
    match kind {
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet => {
            workload(kind, json);
        }
        Kind::Service => {
            default(json, "spec", "type", || json!("ClusterIP"));
            default(json, "spec", "sessionAffinity", || json!("None"));
        }
        Kind::Pod => pod(json, created.as_ref()),
        Kind::Namespace => default(json, "status", "phase", || json!("Active")),
        Kind::VirtualService
        | Kind::DestinationRule
        | Kind::Gateway
        | Kind::ServiceEntry
        | Kind::WorkloadEntry
        | Kind::Sidecar
        | Kind::EndpointSlice
        | Kind::Endpoints
        | Kind::Node
        | Kind::Secret => {}
    }
}

/// A port that names no protocol is one of TCP.
fn ports(json: &mut Value, containers: &str) {
    let containers = json.pointer_mut(containers).and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let ports = container.get_mut("ports").and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
            port.entry("protocol").or_insert_with(|| json!("TCP"));
        }
    }
}

fn workload(kind: Kind, json: &mut Value) {
    ports(json, "/spec/template/spec/containers");
    let rolling = || json!({"type": "RollingUpdate"});
    if kind != Kind::DaemonSet {
        default(json, "spec", "replicas", || json!(1));
    }
    match kind {
        Kind::Deployment => default(json, "spec", "strategy", rolling),
        Kind::StatefulSet | Kind::DaemonSet => default(json, "spec", "updateStrategy", rolling),
        // A ReplicaSet does not update its pods.
        _ => {}
    }
    let generation = json.pointer("/metadata/generation").cloned();
    if let Some(generation) = generation {
        default(json, "status", "observedGeneration", || generation);
    }
}

/// A pod began when it came here, and so did its containers.
fn pod(json: &mut Value, created: Option<&Value>) {
    ports(json, "/spec/containers");
    let Some(created) = created else { return };
    default(json, "status", "startTime", || created.clone());
    let containers = json.pointer_mut("/status/containerStatuses");
    let containers = containers.and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let running = container.pointer_mut("/state/running");
        if let Some(running) = running.and_then(Value::as_object_mut) {
            running
                .entry("startedAt")
                .or_insert_with(|| created.clone());
        }
    }
}

/// Fills in a field of a part of an object; the part is made when it is missing.
fn default(json: &mut Value, part: &str, name: &str, value: impl FnOnce() -> Value) {
    let Some(fields) = json.as_object_mut() else {
        return;
    };
    let part = fields.entry(part).or_insert_with(|| json!({}));
    if let Some(part) = part.as_object_mut() {
        part.entry(name).or_insert_with(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_kept_and_the_rest_is_filled_in() {
        let mut json = json!({"metadata": {"generation": 3}, "spec": {"replicas": 5}});
        fill(Kind::StatefulSet, &mut json);
        assert_eq!(
            json["spec"],
            json!({"replicas": 5, "updateStrategy": {"type": "RollingUpdate"}})
        );
        assert_eq!(json["status"]["observedGeneration"], 3);
        let mut json = json!({"spec": {"type": "NodePort"}});
        fill(Kind::Service, &mut json);
        assert_eq!(json["spec"]["type"], "NodePort");
    }
}
