//! Resources as JSON in a normal form, and the first place where two of them differ.
//!
//! What is dropped or sorted, because it has no meaning or stands in one of the two only:
//! Sealane's own metadata; the order of endpoints, of virtual hosts, of filter chains and of
//! header matchers; the inbound side, where a golden file leaves it out.

use sealane_xds::{Resource, ResourceKind, Resources};
use serde_json::{Map, Value};

/// All resources: kind, then name.
pub(crate) fn of(resources: &Resources, with_inbound: bool) -> Value {
    let mut all = Map::new();
    for kind in [
        ResourceKind::Listener,
        ResourceKind::Route,
        ResourceKind::Cluster,
        ResourceKind::Endpoint,
    ] {
        let mut named = Map::new();
        for resource in resources.of_kind(kind) {
            let name = resource.name().to_owned();
            let inbound = name.starts_with("inbound|")
                || name == "InboundPassthroughCluster"
                || name == "virtualInbound";
            if with_inbound || !inbound {
                let mut value = resource.to_json();
                normalize(&mut value);
                named.insert(name, value);
            }
        }
        all.insert(kind.plural().to_owned(), Value::Object(named));
    }
    Value::Object(all)
}

/// What a golden file holds, read into messages.
pub(crate) fn read(golden: &Value) -> Resources {
    let kinds = [
        ("lds", ResourceKind::Listener),
        ("rds", ResourceKind::Route),
        ("cds", ResourceKind::Cluster),
        ("eds", ResourceKind::Endpoint),
    ];
    let mut resources = Resources::default();
    for (key, kind) in kinds {
        for item in golden[key].as_array().into_iter().flatten() {
            resources.insert(Resource::from_json(kind, item).expect("a message of this kind"));
        }
    }
    resources
}

fn normalize(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(normalize);
            let empty = fields.get_mut("metadata").is_some_and(|metadata| {
                let filters = metadata
                    .get_mut("filter_metadata")
                    .and_then(Value::as_object_mut);
                filters.is_some_and(|filters| {
                    filters.remove("sealane");
                    filters.is_empty()
                })
            });
            if empty {
                fields.remove("metadata");
            }
            for (key, by) in [
                ("virtual_hosts", "/name"),
                ("lb_endpoints", "/endpoint/address/socket_address/address"),
                ("filter_chains", "/filter_chain_match"),
                ("headers", "/name"),
                ("query_parameters", "/name"),
            ] {
                if let Some(Value::Array(items)) = fields.get_mut(key) {
                    items.sort_by_cached_key(|item| item.pointer(by).map(Value::to_string));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalize),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The first place where ours is not as expected: path, expected, ours.
pub(crate) fn difference(path: &str, expected: &Value, ours: &Value) -> Option<String> {
    match (expected, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            keys.into_iter().find_map(|key| {
                let path = format!("{path}/{key}");
                difference(
                    &path,
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                )
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(&format!("{path}[{index}]"), a, b))
        }
        (Value::Array(a), Value::Array(b)) => {
            let names = |items: &[Value]| -> Vec<String> {
                items
                    .iter()
                    .map(|item| item.get("name").unwrap_or(item).to_string())
                    .collect()
            };
            Some(format!(
                "{path}\n   expected {:?}\n   ours     {:?}",
                names(a),
                names(b)
            ))
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{path}\n   expected {a}\n   ours     {b}")),
    }
}
