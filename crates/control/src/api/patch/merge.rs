//! JSON merge patches (RFC 7386).

use serde_json::{Map, Value};

/// `target` with `patch` on top: objects merge field by field, `null` removes, all else replaces.
///
/// The depth of both was limited when they were read.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_merges_removes_and_replaces() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1, 2], "e": "x"});
        merge(
            &mut target,
            &json!({"a": {"b": null, "n": {"z": null}}, "d": [3], "e": {"f": 1}}),
        );
        assert_eq!(
            target,
            json!({"a": {"c": 2, "n": {}}, "d": [3], "e": {"f": 1}})
        );
    }
}
