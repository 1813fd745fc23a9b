//! Which fields of an object are meant by somebody: a tree in Kubernetes' `FieldsV1` form, where
//! `f:NAME` is a field, `k:{…}` an element of a list by its name, `v:…` a value of a set, and `.`
//! the element itself. What has nothing below it is meant as a whole.

use serde_json::{Map, Value};

use super::lists::{List, Place, part};

/// A tree of fields.
pub(super) type Fields = Map<String, Value>;

/// All fields of a value.
pub(super) fn of(value: &Value, place: &Place<'_>) -> Fields {
    let mut tree = Fields::new();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = of(value, &place.field(name));
                tree.insert(format!("f:{name}"), Value::Object(below));
            }
        }
        Value::Array(elements) => match place.list() {
            List::Atomic => {}
            List::Set => {
                for element in elements {
                    tree.insert(format!("v:{element}"), Value::Object(Fields::new()));
                }
            }
            List::Map(keys) => {
                for element in elements {
                    let mut below = of(element, place);
                    below.insert(".".to_owned(), Value::Object(Fields::new()));
                    tree.insert(called(element, keys), Value::Object(below));
                }
            }
        },
        _ => {}
    }
    tree
}

/// `k:{"name":"web"}`.
fn called(element: &Value, keys: &[&str]) -> String {
    let parts = keys.iter().filter_map(|key| {
        let value = part(element, key)?;
        Some(((*key).to_owned(), value.clone()))
    });
    format!("k:{}", Value::Object(parts.collect()))
}

/// The value that a step leads to.
pub(super) fn child<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match step.split_once(':') {
        Some(("f", name)) => value.get(name),
        Some(("k", _)) => {
            let position = position(value, step)?;
            value.get(position)
        }
        Some(("v", text)) => {
            let wanted: Value = serde_json::from_str(text).ok()?;
            let elements = value.as_array()?;
            elements.iter().find(|element| **element == wanted)
        }
        _ => None,
    }
}

/// The same, to change it.
fn child_mut<'v>(value: &'v mut Value, step: &str) -> Option<&'v mut Value> {
    match step.split_once(':') {
        Some(("f", name)) => value.get_mut(name),
        Some(("k", _)) => {
            let position = position(value, step)?;
            value.get_mut(position)
        }
        _ => None,
    }
}

/// Where in a list the element of a step is.
fn position(value: &Value, step: &str) -> Option<usize> {
    let wanted: Fields = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    let is_it = |element: &Value| {
        wanted
            .iter()
            .all(|(key, value)| part(element, key) == Some(value))
    };
    value.as_array()?.iter().position(is_it)
}

fn below<'t>(tree: &'t Fields, step: &str) -> Option<&'t Fields> {
    tree.get(step)?.as_object()
}

/// Takes the fields of `others` out of `tree`.
pub(super) fn subtract(tree: &mut Fields, others: &Fields) {
    for (step, other) in others {
        let Some(other) = other.as_object() else {
            continue;
        };
        let Some(mine) = tree.get_mut(step).and_then(Value::as_object_mut) else {
            continue;
        };
        if !other.is_empty() {
            subtract(mine, other);
        }
        if other.is_empty() || mine.is_empty() {
            tree.remove(step);
        }
    }
}

/// Puts the fields of `others` into `tree`.
pub(super) fn unite(tree: &mut Fields, others: &Fields) {
    for (step, other) in others {
        let Some(other) = other.as_object() else {
            continue;
        };
        let mine = tree
            .entry(step.clone())
            .or_insert_with(|| Value::Object(Fields::new()));
        if let Some(mine) = mine.as_object_mut() {
            unite(mine, other);
        }
    }
}

/// Keeps only what is a field of `value`.
pub(super) fn retain_present(tree: &mut Fields, value: &Value) {
    tree.retain(|step, below| {
        if step == "." {
            return true;
        }
        let Some(child) = child(value, step) else {
            return false;
        };
        if let Some(below) = below.as_object_mut() {
            retain_present(below, child);
        }
        true
    });
}

/// The fields of `new` that are not the same in `old`.
pub(super) fn changed(tree: &Fields, old: &Value, new: &Value) -> Fields {
    let mut found = Fields::new();
    for (step, value) in tree.iter().filter(|(step, _)| *step != ".") {
        let (before, after) = (child(old, step), child(new, step));
        let (Some(after), Some(value)) = (after, value.as_object()) else {
            continue;
        };
        match before {
            Some(before) if before == after => {}
            Some(before) if !value.is_empty() => {
                let below = changed(value, before, after);
                if !below.is_empty() {
                    found.insert(step.clone(), Value::Object(below));
                }
            }
            _ => drop(found.insert(step.clone(), Value::Object(value.clone()))),
        }
    }
    found
}

/// The paths of fields that both trees mean and of which the two values say different things.
pub(super) fn conflicts(
    (mine, theirs): (&Fields, &Fields),
    (old, new): (&Value, &Value),
    path: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (step, value) in mine.iter().filter(|(step, _)| *step != ".") {
        let (Some(value), Some(other)) = (value.as_object(), below(theirs, step)) else {
            continue;
        };
        let (Some(before), Some(after)) = (child(old, step), child(new, step)) else {
            continue;
        };
        let path = format!("{path}{}", shown(step));
        if value.is_empty() || other.is_empty() {
            if before != after {
                found.push(path);
            }
        } else {
            found.extend(conflicts((value, other), (before, after), &path));
        }
    }
    found
}

/// Takes away from `value` what `tree` means: elements whole, fields when nothing is left below.
pub(super) fn remove(value: &mut Value, tree: &Fields) {
    for (step, below) in tree.iter().filter(|(step, _)| *step != ".") {
        let Some(below) = below.as_object() else {
            continue;
        };
        let whole = below.is_empty() || below.contains_key(".");
        let Some(child) = child_mut(value, step) else {
            continue;
        };
        if !whole {
            remove(child, below);
        }
        let empty = match child {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => false,
        };
        if whole || empty {
            take(value, step);
        }
    }
}

fn take(value: &mut Value, step: &str) {
    let at = position(value, step);
    match (value, step.strip_prefix("f:"), at) {
        (Value::Object(fields), Some(name), _) => drop(fields.remove(name)),
        (Value::Array(elements), _, Some(at)) => drop(elements.remove(at)),
        _ => {}
    }
}

/// A step as people read it: `.replicas`, `[name="web"]`.
fn shown(step: &str) -> String {
    match step.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", text)) => {
            let keys: Fields = serde_json::from_str(text).unwrap_or_default();
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            format!("[{}]", keys.join(","))
        }
        Some((_, text)) => format!("[={text}]"),
        None => String::new(),
    }
}
