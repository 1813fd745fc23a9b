//! JSON values as text.

use serde_json::Value;

/// One line without spaces, keys sorted: what hashes and comparisons are taken of.
pub fn canonical_text(value: &Value) -> String {
    sorted(value).to_string()
}

/// Indented by two, keys sorted, with a line end: what people read.
pub fn pretty_text(value: &Value) -> String {
    format!("{:#}\n", sorted(value))
}

/// The same value with sorted keys, also where `serde_json` keeps the order of insertion.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            entries
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
