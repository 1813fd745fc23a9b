//! Field masks: what is left of an answer when only some of its fields are asked for.

use serde_json::{Map, Value};

/// What `value` has of the fields that `paths` name: `cluster.name,version_info`. `@type` stays.
/// A path goes through lists.
pub(super) fn masked(value: &Value, paths: &str) -> Value {
    let paths: Vec<Vec<&str>> = paths
        .split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .map(|path| path.split('.').collect())
        .collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    keep(value, &paths)
}

fn keep(value: &Value, paths: &[&[&str]]) -> Value {
    // A path that ends here asks for all of it.
    if paths.iter().any(|path| path.is_empty()) {
        return value.clone();
    }
    match value {
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, field) in fields {
                let below: Vec<&[&str]> = paths
                    .iter()
                    .filter_map(|path| {
                        let (first, rest) = path.split_first()?;
                        (first == name).then_some(rest)
                    })
                    .collect();
                if name == "@type" {
                    kept.insert(name.clone(), field.clone());
                } else if !below.is_empty() {
                    kept.insert(name.clone(), keep(field, &below));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| keep(item, paths)).collect(),
        // A path that goes on where nothing is below names nothing.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_named_fields_are_left() {
        let value = json!({
            "@type": "t",
            "version_info": "1",
            "clusters": [
                { "@type": "c", "name": "a", "type": "EDS" },
                { "@type": "c", "name": "b", "type": "EDS" },
            ],
        });
        let expected = json!({
            "@type": "t",
            "clusters": [{ "@type": "c", "name": "a" }, { "@type": "c", "name": "b" }],
        });
        assert_eq!(masked(&value, "clusters.name"), expected);
        assert_eq!(masked(&value, "clusters, version_info"), value);
        assert_eq!(masked(&value, "nothing"), json!({ "@type": "t" }));
    }
}
