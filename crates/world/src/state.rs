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
                "numberReady": ready,
            })
        } else {
            json!({"replicas": all, "readyReplicas": ready, "availableReplicas": ready})
        };
        if let Value::Object(fields) = &mut object.raw {
            fields.insert("status".to_owned(), status);
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
