//! JSON values as YAML, block style, keys in their order: what `-o yaml` prints.

use serde_json::Value;

/// `value` as a YAML document.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => write_fields(&mut out, fields, 0),
        Value::Array(items) if !items.is_empty() => write_items(&mut out, items, 0),
        _ => {
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
    out
}

fn write_fields(out: &mut String, fields: &serde_json::Map<String, Value>, indent: usize) {
    for (position, (key, value)) in fields.iter().enumerate() {
        // The first field stands where its parent left off, after a dash or at the start.
        if position > 0 {
            pad(out, indent);
        }
        out.push_str(&string(key));
        out.push(':');
        write_value(out, value, indent, indent);
    }
}

fn write_items(out: &mut String, items: &[Value], indent: usize) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            pad(out, indent);
        }
        out.push('-');
        match item {
            Value::Object(fields) if !fields.is_empty() => {
                out.push(' ');
                write_fields(out, fields, indent + 2);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push(' ');
                write_items(out, inner, indent + 2);
            }
            _ => write_value(out, item, indent, indent),
        }
    }
}

/// What follows a key: a scalar on the same line, or a block below it. Lists stand under their
/// key without further indentation, as kubectl writes them.
fn write_value(out: &mut String, value: &Value, indent: usize, list_indent: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            pad(out, indent + 2);
            write_fields(out, fields, indent + 2);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            pad(out, list_indent);
            write_items(out, items, list_indent);
        }
        _ => {
            out.push(' ');
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A string, quoted (as JSON, which YAML reads) unless it is plainly a word or a path.
fn string(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let starts = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '_';
    // Words that YAML 1.1 or 1.2 reads as something else than a string.
    let word = text.to_ascii_lowercase();
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if text.starts_with(starts) && text.chars().all(plain) && !reserved.contains(&word.as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_the_same() {
        let value = json!({
            "apiVersion": "v1",
            "spec": {"hosts": ["*", "a.example.com"], "http": [{"route": [{"weight": 80}], "x": []}]},
            "odd": {"": null, "no": "no", "n": "1.10", "m": "a: b\nc", "l": [[1, 2], [3]], "e": {}},
        });
        let read = sealane_model::parse::parse_value(&to_yaml(&value)).unwrap();
        assert_eq!(read.to_json(), value);
    }

    #[test]
    fn lists_stand_under_their_key() {
        let value = json!({"hosts": ["a"], "http": [{"b": 1, "c": {"d": 2}}]});
        assert_eq!(
            to_yaml(&value),
            "hosts:\n- a\nhttp:\n- b: 1\n  c:\n    d: 2\n"
        );
    }
}
