//! Bodies of requests become values: JSON, YAML, and Kubernetes' protobuf for the few kinds that
//! kubectl sends in it.

mod protobuf;
mod strict;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use sealane_model::diagnostic::{Diagnostic, Style, render};
use sealane_model::parse;
use serde_json::Value;

use super::request::Request;
use super::status::Refusal;

/// The media type of Kubernetes' protobuf.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The media type of a body, without its parameters; empty when it is not said.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE);
    let value = value.map_or("", |value| value.to_str().unwrap_or(""));
    value.split(';').next().unwrap_or("").trim()
}

/// The object that a request carries, by its media type.
pub(super) fn document(request: &Request) -> Result<Value, Refusal> {
    any(&request.headers, &request.body)
}

/// The same, of a request for something else than objects.
pub(super) fn any(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, Refusal> {
    match media_type(headers) {
        "" | "application/json" | "application/yaml" | "application/x-yaml" | "text/yaml"
        // What `curl -d` says when it is not told otherwise.
        | "application/x-www-form-urlencoded" => value(bytes),
        PROTOBUF => protobuf::read(bytes).map_err(|error| {
            Refusal::unsupported_media_type(format!(
                "the protobuf body is not read: {error}; send application/json (with kubectl: \
                 --dry-run=client -o yaml, and apply that)"
            ))
        }),
        other => Err(Refusal::unsupported_media_type(format!(
            "a body of type {other:?} is not read; accepted are: application/json, \
             application/yaml"
        ))),
    }
}

/// A body as JSON; YAML is read too. Depth and size are limited, and no key stands twice.
pub(super) fn value(bytes: &[u8]) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| Refusal::bad_request(format!("the body: {error}")))?;
    if text.contains('\0') {
        return Err(Refusal::bad_request("the body has a NUL character"));
    }
    match strict::read(text) {
        Ok(value) => Ok(value),
        Err(strict::Wrong::Json(message)) => Err(Refusal::bad_request(message)),
        Err(strict::Wrong::NotJson) => {
            let value = parse::parse_value(text).map(|node| node.to_json());
            value.map_err(|found| Refusal::bad_request(messages(&found)))
        }
    }
}

/// How deep a value is nested: 1 for one without others inside.
pub(super) fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// All errors as one text.
fn messages(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|found| found.is_error());
    let errors: Vec<_> = errors.cloned().collect();
    render(&errors, |_| None, Style::Plain)
}
