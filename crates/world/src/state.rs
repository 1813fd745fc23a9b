//! What a cluster would add to declared objects: the state of workloads, and namespaces.

use std::collections::{BTreeMap, BTreeSet};

use sealane_model::core::place::Namespace;
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::resource::{Object, ObjectMeta};
use serde_json::{Value, json};

use crate::workloads::WorldPod;

/// The label that holds a namespace's name.
const NAME: &str = "kubernetes.io/metadata.name";
/// Namespaces that are always there.
const ALWAYS: [&str; 2] = ["default", "istio-system"];

/// Writes into objects that make pods how many there are and how many are ready.
pub(crate) fn count_pods(objects: &mut BTreeMap<ObjectKey, Object>, pods: &[WorldPod]) {
    let mut by_maker: BTreeMap<&ObjectKey, (u32, u32)> = BTreeMap::new();
    for pod in pods {
        let (all, ready) = by_maker.entry(&pod.planned.made_by).or_default();
        *all += 1;
        *ready += u32::from(pod.is_ready());
    }
    for (key, object) in objects {
        let is_daemon = key.kind == Kind::DaemonSet;
        let counts = matches!(
            key.kind,
            Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet
        );
        if !counts && !is_daemon {
            continue;
        }
        let (all, ready) = by_maker.get(key).copied().unwrap_or_default();
        let status = if is_daemon {
            json!({
                "currentNumberScheduled": all,
                "desiredNumberScheduled": all,
                "updatedNumberScheduled": all,
                "numberAvailable": ready,
                "numberMisscheduled": 0,
                "numberReady": ready,
            })
        } else {
            let mut status = json!({
                "replicas": all,
                "updatedReplicas": all,
                "readyReplicas": ready,
                "availableReplicas": ready,
            });
            if key.kind == Kind::Deployment {
                status["conditions"] = rollout(all, ready);
            }
            status
        };
        if let Value::Object(fields) = &mut object.raw {
            fields.insert("status".to_owned(), status);
        }
    }
}

/// The conditions by which a rollout is followed.
fn rollout(all: u32, ready: u32) -> Value {
    let condition = |name, holds, (reason, message): (&str, &str)| {
        let status = if holds { "True" } else { "False" };
        json!({ "type": name, "status": status, "reason": reason, "message": message })
    };
    let available = if ready == all {
        (
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let progressing = if ready == all {
        ("NewReplicaSetAvailable", "All pods have been made.")
    } else {
        ("ReplicaSetUpdated", "Pods are being made.")
    };
    json!([
        condition("Available", ready == all, available),
        condition("Progressing", true, progressing),
    ])
}

/// Writes into pods the state of their containers, which is that of the pod: one thing answers for
/// all of them.
pub(crate) fn contain(objects: &mut BTreeMap<ObjectKey, Object>, pods: &[WorldPod]) {
    for pod in pods {
        let key = ObjectKey::new(Kind::Pod, pod.namespace(), pod.name());
        let Some(object) = objects.get_mut(&key) else {
            continue;
        };
        let ready = pod.is_ready();
        let containers = pod.planned.spec.containers.iter().map(|container| {
            json!({
                "name": container.name,
                "image": container.image.as_deref().unwrap_or_default(),
                "imageID": "",
                "ready": ready,
                "started": true,
                "restartCount": 0,
                "state": { "running": {} },
            })
        });
        let containers: Vec<Value> = containers.collect();
        let status = object.raw.get_mut("status").and_then(Value::as_object_mut);
        if let Some(status) = status {
            status
                .entry("containerStatuses")
                .or_insert_with(|| Value::Array(containers));
        }
    }
}

/// The namespaces that objects are in and nobody declared.
pub(crate) fn namespaces<'a>(used: impl Iterator<Item = &'a str>) -> Vec<Object> {
    let names: BTreeSet<&str> = used.chain(ALWAYS).filter(|name| !name.is_empty()).collect();
    let namespace = |name: &str| {
        let meta = ObjectMeta {
            name: name.to_owned(),
            labels: BTreeMap::from([(NAME.to_owned(), name.to_owned())]),
            ..ObjectMeta::default()
        };
        Object::new(meta, Namespace::default())
    };
    names.into_iter().map(namespace).collect()
}
