//! Strategic merge patches: as merge patches, but elements of lists are merged by their names, and
//! directives (`$patch`, `$retainKeys`, `$setElementOrder`, `$deleteFromPrimitiveList`) say the rest.

use serde_json::{Map, Value};

use super::lists::{List, Place, Schema, is_same};
use crate::api::status::Refusal;

const PATCH: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// `target` with `patch` on top. The depth of both was limited when they were read.
pub(super) fn merge(target: &mut Value, patch: &Value) -> Result<(), Refusal> {
    value(target, patch, &Place::root(Schema::BuiltIn))
}

fn value(target: &mut Value, patch: &Value, place: &Place<'_>) -> Result<(), Refusal> {
    let Value::Object(changes) = patch else {
        target.clone_from(patch);
        return Ok(());
    };
    if directive(changes)? == Some("replace") {
        *target = Value::Object(without_directives(changes));
        return Ok(());
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return Ok(());
    };
    if let Some(retained) = changes.get(RETAIN).and_then(Value::as_array) {
        fields.retain(|name, _| retained.iter().any(|kept| kept.as_str() == Some(name)));
    }
    for (name, change) in changes {
        if !name.starts_with('$') {
            field(fields, (name, change), &place.field(name))?;
        }
    }
    for (name, order) in changes.iter().filter(|(name, _)| name.starts_with('$')) {
        lists_as_directed(fields, (name, order), place)?;
    }
    Ok(())
}

/// Changes one field of an object.
fn field(
    fields: &mut Map<String, Value>,
    (name, change): (&String, &Value),
    place: &Place<'_>,
) -> Result<(), Refusal> {
    match change {
        Value::Null => {
            fields.remove(name);
        }
        Value::Object(inner) if directive(inner)? == Some("delete") => {
            fields.remove(name);
        }
        Value::Array(elements) => {
            let old = fields.remove(name);
            let new = list(old, elements, place)?;
            fields.insert(name.clone(), Value::Array(new));
        }
        change => {
            let old = fields.entry(name.clone()).or_insert(Value::Null);
            value(old, change, place)?;
        }
    }
    Ok(())
}

fn list(old: Option<Value>, changes: &[Value], place: &Place<'_>) -> Result<Vec<Value>, Refusal> {
    let directed = |wanted: &str| {
        changes
            .iter()
            .filter_map(Value::as_object)
            .any(|element| element.get(PATCH).and_then(Value::as_str) == Some(wanted))
    };
    let mut elements = match old {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    };
    if directed("replace") {
        let kept = changes
            .iter()
            .filter(|element| element.get(PATCH).is_none());
        return Ok(kept.cloned().collect());
    }
    match place.list() {
        List::Atomic => return Ok(changes.to_vec()),
        List::Set => {
            for change in changes {
                if !elements.contains(change) {
                    elements.push(change.clone());
                }
            }
        }
        List::Map(keys) => {
            let key = keys.first().copied().unwrap_or("name");
            for change in changes {
                element(&mut elements, change, key, place)?;
            }
        }
    }
    Ok(elements)
}

/// Merges one element into a list by the value of its `key`.
fn element(
    elements: &mut Vec<Value>,
    change: &Value,
    key: &str,
    place: &Place<'_>,
) -> Result<(), Refusal> {
    let fields = change.as_object().filter(|fields| fields.contains_key(key));
    let fields = fields.ok_or_else(|| {
        Refusal::bad_request(format!(
            "an element of the patch has no {key}, its merge key"
        ))
    })?;
    let position = elements.iter().position(|old| is_same(old, change, &[key]));
    match (directive(fields)?, position) {
        (Some("delete"), _) => elements.retain(|old| !is_same(old, change, &[key])),
        (_, Some(position)) => {
            if let Some(old) = elements.get_mut(position) {
                value(old, change, place)?;
            }
        }
        (_, None) => {
            let mut new = Value::Null;
            value(&mut new, change, place)?;
            elements.push(new);
        }
    }
    Ok(())
}

/// Carries out `$setElementOrder/LIST` and `$deleteFromPrimitiveList/LIST`.
fn lists_as_directed(
    fields: &mut Map<String, Value>,
    (directive, values): (&String, &Value),
    place: &Place<'_>,
) -> Result<(), Refusal> {
    let wrong = |directive: &str| {
        Refusal::bad_request(format!(
            "{directive} is no directive of a strategic merge patch"
        ))
    };
    if matches!(directive.as_str(), PATCH | RETAIN) {
        return Ok(());
    }
    let ordered = directive.strip_prefix(ORDER);
    let deleted = directive.strip_prefix(DELETE);
    let name = ordered.or(deleted).ok_or_else(|| wrong(directive))?;
    let values = values.as_array().ok_or_else(|| wrong(directive))?;
    let Some(Value::Array(elements)) = fields.get_mut(name) else {
        return Ok(());
    };
    if deleted.is_some() {
        elements.retain(|element| !values.contains(element));
        return Ok(());
    }
    let keys = match place.field(name).list() {
        List::Map(keys) => keys.get(..1).unwrap_or_default(),
        List::Set | List::Atomic => &[],
    };
    let old = std::mem::take(elements);
    *elements = in_order(old, values, keys);
    Ok(())
}

/// The elements that `order` lists in its order, and the others where they stood among them.
fn in_order(elements: Vec<Value>, order: &[Value], keys: &[&str]) -> Vec<Value> {
    let place = |element: &Value| {
        order.iter().position(|listed| {
            if keys.is_empty() {
                listed == element
            } else {
                is_same(listed, element, keys)
            }
        })
    };
    let placed = elements.into_iter().enumerate();
    let placed = placed.map(|(was, element)| (place(&element), was, element));
    let (mut listed, others): (Vec<_>, Vec<_>) = placed.partition(|(place, ..)| place.is_some());
    listed.sort_by_key(|(place, ..)| *place);
    let mut others = others.into_iter().peekable();
    let mut sorted = Vec::new();
    for (_, was, element) in listed {
        while let Some((_, _, other)) = others.next_if(|(_, other, _)| *other < was) {
            sorted.push(other);
        }
        sorted.push(element);
    }
    sorted.extend(others.map(|(.., other)| other));
    sorted
}

/// What `$patch` says.
fn directive(fields: &Map<String, Value>) -> Result<Option<&str>, Refusal> {
    match fields.get(PATCH).map(Value::as_str) {
        None => Ok(None),
        Some(Some(known @ ("replace" | "delete" | "merge"))) => Ok(Some(known)),
        Some(other) => Err(Refusal::bad_request(format!(
            "$patch: {}: want replace, delete or merge",
            other.unwrap_or_default()
        ))),
    }
}

fn without_directives(fields: &Map<String, Value>) -> Map<String, Value> {
    let kept = fields.iter().filter(|(name, _)| !name.starts_with('$'));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(mut target: Value, patch: &Value, expected: &Value) {
        merge(&mut target, patch).unwrap();
        assert_eq!(&target, expected, "{patch}");
    }

    fn containers(list: &Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": list}}}})
    }

    #[test]
    fn elements_are_merged_by_their_names() {
        check(
            containers(&json!([
                {"name": "a", "image": "x:1", "env": [{"name": "K", "value": "1"}]},
                {"name": "b", "image": "y:1"},
            ])),
            &containers(&json!([
                {"name": "a", "image": "x:2", "env": [{"name": "L", "value": "2"}]},
                {"name": "b", "$patch": "delete"},
                {"name": "c", "image": "z:1", "command": null},
            ])),
            &containers(&json!([
                {"name": "a", "image": "x:2",
                 "env": [{"name": "K", "value": "1"}, {"name": "L", "value": "2"}]},
                {"name": "c", "image": "z:1"},
            ])),
        );
    }

    #[test]
    fn ports_are_called_by_their_numbers() {
        check(
            json!({"spec": {"ports": [{"port": 80, "name": "http", "targetPort": 8080}]}}),
            &json!({"spec": {"ports": [{"port": 80, "targetPort": 9090}, {"port": 443}]}}),
            &json!({"spec": {"ports": [
                {"port": 80, "name": "http", "targetPort": 9090}, {"port": 443}
            ]}}),
        );
        check(
            containers(&json!([{"name": "a", "ports": [{"containerPort": 1, "name": "x"}]}])),
            &containers(&json!([
                {"name": "a", "ports": [{"containerPort": 1, "$patch": "delete"},
                                        {"containerPort": 2}]}
            ])),
            &containers(&json!([{"name": "a", "ports": [{"containerPort": 2}]}])),
        );
    }

    #[test]
    fn directives_replace_retain_and_delete() {
        check(
            json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"x": 1}}}}),
            &json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
            &json!({"spec": {"strategy": {"type": "Recreate"}}}),
        );
        check(
            json!({"spec": {"selector": {"a": "1"}}, "x": {"y": 1}}),
            &json!({"spec": {"selector": {"$patch": "replace", "b": "2"}},
                    "x": {"$patch": "delete"}}),
            &json!({"spec": {"selector": {"b": "2"}}}),
        );
        check(
            containers(&json!([{"name": "a"}])),
            &containers(&json!([{"$patch": "replace"}, {"name": "z"}])),
            &containers(&json!([{"name": "z"}])),
        );
        check(
            json!({"metadata": {"finalizers": ["a", "b"]}}),
            &json!({"metadata": {"finalizers": ["c"],
                    "$deleteFromPrimitiveList/finalizers": ["a"]}}),
            &json!({"metadata": {"finalizers": ["b", "c"]}}),
        );
    }

    #[test]
    fn the_order_of_elements_is_set() {
        check(
            containers(&json!([{"name": "a"}, {"name": "server"}, {"name": "b"}])),
            &json!({"spec": {"template": {"spec": {
                "$setElementOrder/containers": [{"name": "a"}, {"name": "new"}, {"name": "b"}],
                "containers": [{"name": "new"}],
            }}}}),
            &containers(&json!([
                {"name": "a"}, {"name": "server"}, {"name": "new"}, {"name": "b"}
            ])),
        );
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        for patch in [
            json!({"spec": {"$patch": "destroy"}}),
            json!({"spec": {"$unknown/x": []}}),
            containers(&json!([{"image": "x"}])),
        ] {
            let mut target = json!({});
            assert!(merge(&mut target, &patch).is_err(), "{patch}");
        }
    }
}
