//! What changed, in words: `VirtualService default/reviews: reviews v1 80→50 %, v2 20→50 %`.

mod shares;

use sealane_model::resource::Object;
use serde_json::Value;

use crate::declared::{Change, Outcome};
use crate::words::shares::shares;

/// Fields that one change names, at most.
const NAMED: usize = 3;
/// Characters of a value that are shown, at most.
const SHOWN: usize = 40;

/// The annotation in which `kubectl apply` keeps the document: it says again what the object says.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A change in words; `None` when nothing changed.
pub fn describe(change: &Change) -> Option<String> {
    let object = &change.key;
    match (change.outcome, &change.before, &change.after) {
        (Outcome::Unchanged, ..) => None,
        (Outcome::Configured, Some(before), Some(after)) => {
            Some(format!("{object}: {}", difference(before, after)))
        }
        (outcome, ..) => Some(format!("{object} {}", outcome.as_str())),
    }
}

fn difference(before: &Object, after: &Object) -> String {
    if let Some(shares) = shares(&before.body.encode(), &after.body.encode()) {
        return shares;
    }
    let mut found = Vec::new();
    leaves(&said(before), &said(after), "", &mut found);
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    let named = found.join(", ");
    match more {
        0 if named.is_empty() => "changed".to_owned(),
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What people write of an object: the body, its labels and annotations.
fn said(object: &Object) -> Value {
    let mut said = object.raw.clone();
    if let Some(fields) = said.as_object_mut() {
        fields.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "status"));
    }
    if let Some(metadata) = said.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| matches!(key.as_str(), "labels" | "annotations"));
        let annotations = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut);
        if let Some(annotations) = annotations {
            annotations.remove(LAST_APPLIED);
        }
    }
    said
}

/// The values that differ, each as `PATH OLD→NEW`.
fn leaves(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
    match (before, after) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = match (path, key.as_str()) {
                    ("", "spec") => String::new(),
                    ("", key) => key.to_owned(),
                    (path, key) => format!("{path}.{key}"),
                };
                let side = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                leaves(&side(a), &side(b), &path, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                let side = |list: &[Value]| list.get(index).cloned().unwrap_or(Value::Null);
                leaves(&side(a), &side(b), &format!("{path}[{index}]"), found);
            }
        }
        (before, after) => {
            let path = if path.is_empty() { "spec" } else { path };
            found.push(match (before, after) {
                (Value::Null, after) => format!("{path} {} added", short(after)),
                (_, Value::Null) => format!("{path} removed"),
                (before, after) => format!("{path} {}→{}", short(before), short(after)),
            });
        }
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => "…".to_owned(),
        value => value.to_string(),
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fixture::{objects, route, split};

    fn between(before: &str, after: &str) -> String {
        let (before, after) = (objects(before).remove(0), objects(after).remove(0));
        let change = Change {
            key: after.key(),
            outcome: Outcome::Configured,
            before: Some(Arc::new(before)),
            after: Some(Arc::new(after)),
        };
        describe(&change).unwrap()
    }

    #[test]
    fn a_shift_names_the_subsets_and_their_shares() {
        assert_eq!(
            between(&split(80, 20), &split(50, 50)),
            "VirtualService default/reviews: reviews v1 80→50 %, v2 20→50 %"
        );
        assert_eq!(
            between(&route("v1"), &split(75, 25)),
            "VirtualService default/reviews: reviews v1 100→75 %, v2 0→25 %"
        );
        assert_eq!(
            between(&split(1, 1), &split(1, 3)),
            "VirtualService default/reviews: reviews v1 50→25 %, v2 50→75 %"
        );
    }

    #[test]
    fn a_shift_between_destinations_with_ports_is_one_too() {
        let with_port =
            |text: String| text.replace("host: reviews,", "host: reviews, port: {number: 80},");
        assert_eq!(
            between(&with_port(split(80, 20)), &with_port(split(50, 50))),
            "VirtualService default/reviews: reviews v1 80→50 %, v2 20→50 %"
        );
    }

    #[test]
    fn other_changes_name_the_fields() {
        let timeout = |value: &str| format!("{}    timeout: {value}\n", route("v1"));
        assert_eq!(
            between(&timeout("5s"), &timeout("10s")),
            "VirtualService default/reviews: http[0].timeout 5s→10s"
        );
        assert_eq!(
            between(&route("v1"), &timeout("10s")),
            "VirtualService default/reviews: http[0].timeout 10s added"
        );
        let labelled = route("v1").replace("{name: reviews}", "{name: reviews, labels: {a: b}}");
        assert_eq!(
            between(&route("v1"), &labelled),
            "VirtualService default/reviews: metadata.labels … added"
        );
    }
}
