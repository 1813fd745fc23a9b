//! JSON patches (RFC 6902).

use serde_json::Value;

use crate::api::body::depth;
use crate::api::status::Refusal;

/// Operations of one patch, at most.
const MAX_OPERATIONS: usize = 1_000;
/// Nesting that a patch may lead to.
const MAX_DEPTH: usize = 64;
/// Values that the copies of one patch may make, at most.
const MAX_COPIED: usize = 100_000;

/// One change of a document.
#[derive(Debug, Clone)]
pub(in crate::api) enum Operation {
    /// Puts a value at a path; into a list, before the element there.
    Add(Path, Value),
    /// Takes the value at a path away.
    Remove(Path),
    /// Puts a value where one is.
    Replace(Path, Value),
    /// Takes a value from one path to another.
    Move(Path, Path),
    /// Puts a value of one path at another one too.
    Copy(Path, Path),
    /// Goes on only when this value is there.
    Test(Path, Value),
}

/// A JSON pointer (RFC 6901): the names and indices from the top.
type Path = Vec<String>;

impl Operation {
    /// Reads the operations of a patch.
    pub(in crate::api) fn list(patch: &Value) -> Result<Vec<Self>, Refusal> {
        let operations = patch.as_array();
        let operations =
            operations.ok_or_else(|| Refusal::bad_request("a JSON patch is a list"))?;
        if operations.len() > MAX_OPERATIONS {
            return Err(Refusal::bad_request(format!(
                "a JSON patch has at most {MAX_OPERATIONS} operations"
            )));
        }
        operations.iter().map(Self::read).collect()
    }

    fn read(operation: &Value) -> Result<Self, Refusal> {
        let text = |name: &str| {
            let value = operation.get(name).and_then(Value::as_str);
            value.ok_or_else(|| Refusal::bad_request(format!("{operation}: {name} is missing")))
        };
        let value = || {
            let value = operation.get("value");
            let value = value.filter(|value| depth(value) <= MAX_DEPTH);
            value
                .cloned()
                .ok_or_else(|| Refusal::bad_request("an operation has no value, or too deep a one"))
        };
        let path = pointer(text("path")?)?;
        Ok(match text("op")? {
            "add" => Self::Add(path, value()?),
            "remove" => Self::Remove(path),
            "replace" => Self::Replace(path, value()?),
            "move" => Self::Move(pointer(text("from")?)?, path),
            "copy" => Self::Copy(pointer(text("from")?)?, path),
            "test" => Self::Test(path, value()?),
            other => {
                return Err(Refusal::bad_request(format!(
                    "{other:?} is no operation: want add, remove, replace, move, copy or test"
                )));
            }
        })
    }
}

/// Carries the operations out in order; the first that cannot be refuses all.
pub(super) fn apply(document: &mut Value, operations: &[Operation]) -> Result<(), Refusal> {
    let mut copied = 0;
    for operation in operations {
        let done = match operation {
            Operation::Add(path, value) => add(document, path, value.clone()),
            Operation::Remove(path) => remove(document, path).map(drop),
            Operation::Replace(path, value) => {
                let there = find(document, path);
                there.map(|there| there.clone_from(value))
            }
            // A value cannot go into itself: its old place is gone.
            Operation::Move(from, path) => {
                remove(document, from).and_then(|value| add(document, path, value))
            }
            Operation::Copy(from, path) => find(document, from).cloned().and_then(|value| {
                copied += nodes(&value);
                let fits = copied <= MAX_COPIED && depth(&value) + path.len() <= MAX_DEPTH;
                fits.then(|| add(document, path, value)).flatten()
            }),
            Operation::Test(path, value) => {
                let there = find(document, path);
                there.filter(|there| *there == value).map(drop)
            }
        };
        done.ok_or_else(|| {
            Refusal::invalid(format!("the patch cannot be carried out: {operation:?}"))
        })?;
    }
    Ok(())
}

fn pointer(text: &str) -> Result<Path, Refusal> {
    let wrong = || Refusal::bad_request(format!("{text:?} is no JSON pointer"));
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let steps = text.strip_prefix('/').ok_or_else(wrong)?.split('/');
    let steps: Path = steps
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    if steps.len() > MAX_DEPTH {
        return Err(wrong());
    }
    Ok(steps)
}

fn find<'v>(document: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(document, |value, step| match value {
        Value::Object(fields) => fields.get_mut(step),
        Value::Array(elements) => elements.get_mut(index(step)?),
        _ => None,
    })
}

fn add(document: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *document = value;
        return Some(());
    };
    match find(document, parents)? {
        Value::Object(fields) => drop(fields.insert(last.clone(), value)),
        Value::Array(elements) if last == "-" => elements.push(value),
        Value::Array(elements) => {
            let index = index(last).filter(|index| *index <= elements.len())?;
            elements.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    match find(document, parents)? {
        Value::Object(fields) => fields.remove(last),
        Value::Array(elements) => {
            let index = index(last).filter(|index| *index < elements.len())?;
            Some(elements.remove(index))
        }
        _ => None,
    }
}

/// An index without leading zeros or a sign.
fn index(step: &str) -> Option<usize> {
    let canonical = step == "0" || !step.starts_with(['0', '+']);
    step.parse().ok().filter(|_| canonical)
}

/// How many values a value is made of.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(nodes).sum(),
        Value::Object(fields) => fields.values().map(nodes).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: &Value, patch: &Value) -> Result<Value, Refusal> {
        let mut document = document.clone();
        apply(&mut document, &Operation::list(patch)?)?;
        Ok(document)
    }

    #[test]
    fn each_operation_does_what_the_standard_says() {
        let document = json!({"a": {"b": [1, 2]}, "x/y": 1});
        let cases = [
            (
                json!([{"op": "add", "path": "/a/b/1", "value": 9}]),
                json!({"a": {"b": [1, 9, 2]}, "x/y": 1}),
            ),
            (
                json!([{"op": "add", "path": "/a/b/-", "value": 9}]),
                json!({"a": {"b": [1, 2, 9]}, "x/y": 1}),
            ),
            (
                json!([{"op": "remove", "path": "/x~1y"}]),
                json!({"a": {"b": [1, 2]}}),
            ),
            (
                json!([{"op": "test", "path": "/a/b/0", "value": 1},
                       {"op": "replace", "path": "/a", "value": null}]),
                json!({"a": null, "x/y": 1}),
            ),
            (
                json!([{"op": "move", "from": "/a/b", "path": "/c"}]),
                json!({"a": {}, "c": [1, 2], "x/y": 1}),
            ),
            (
                json!([{"op": "copy", "from": "/a/b/0", "path": "/d"}]),
                json!({"a": {"b": [1, 2]}, "d": 1, "x/y": 1}),
            ),
        ];
        for (patch, expected) in cases {
            assert_eq!(patched(&document, &patch).unwrap(), expected, "{patch}");
        }
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        let document = json!({"a": [1]});
        for patch in [
            json!({"op": "add"}),
            json!([{"op": "add", "path": "/a/5", "value": 1}]),
            json!([{"op": "add", "path": "/a/01", "value": 1}]),
            json!([{"op": "replace", "path": "/b", "value": 1}]),
            json!([{"op": "remove", "path": "/b"}]),
            json!([{"op": "test", "path": "/a/0", "value": 2}]),
            json!([{"op": "move", "from": "/a", "path": "/a/0"}]),
            json!([{"op": "dance", "path": "/a"}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
        ] {
            assert!(patched(&document, &patch).is_err(), "{patch}");
        }
    }

    #[test]
    fn copies_of_copies_come_to_an_end() {
        let doubling: Vec<Value> = (0..40)
            .map(|i| json!({"op": "copy", "from": "", "path": format!("/c{i}")}))
            .collect();
        assert!(patched(&json!({"a": [1, 2, 3]}), &Value::Array(doubling)).is_err());
    }
}
