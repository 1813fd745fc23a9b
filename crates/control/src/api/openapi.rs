//! `/openapi/v2` without schemas: clients check fields only where there is a schema, and Sealane
//! checks them all itself. What is described of each kind is which parameters a PATCH takes, since
//! clients send `dryRun` and `fieldValidation` only where they are described.
//!
//! The form is the protobuf of the `openapi_v2` package of gnostic; no client asks for JSON.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

use crate::resource::Resource;

/// The media type in which clients want it.
const MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// The extension that says which kind an operation is about.
const KIND: &str = "x-kubernetes-group-version-kind";
/// The parameters of a PATCH.
const PARAMETERS: [&str; 2] = ["dryRun", "fieldValidation"];

static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(document);

/// `/openapi/v2`.
pub(super) async fn schemas() -> Response {
    ([(CONTENT_TYPE, MEDIA_TYPE)], DOCUMENT.as_slice()).into_response()
}

/// `Document { swagger = 1, paths = 8 }`, with `Paths { path = 2 }` of named items.
fn document() -> Vec<u8> {
    let mut paths = Vec::new();
    for resource in Resource::all() {
        for version in resource.info().versions {
            put(&mut paths, 2, &path(resource, version));
        }
    }
    let mut document = Vec::new();
    put(&mut document, 1, b"2.0");
    put(&mut document, 8, &paths);
    document
}

/// `NamedPathItem { name = 1, value = 2 }`, of `PathItem { patch = 8 }`.
fn path(resource: Resource, version: &str) -> Vec<u8> {
    let info = resource.info();
    let root = match info.group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    let namespaces = if info.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    let mut item = Vec::new();
    put(&mut item, 8, &operation(resource, version));
    let mut path = Vec::new();
    let name = format!("{root}{namespaces}/{}/{{name}}", info.plural);
    put(&mut path, 1, name.as_bytes());
    put(&mut path, 2, &item);
    path
}

/// `Operation { parameters = 8, vendor_extension = 13 }`.
fn operation(resource: Resource, version: &str) -> Vec<u8> {
    let mut operation = Vec::new();
    for name in PARAMETERS {
        // ParametersItem, Parameter, NonBodyParameter, QueryParameterSubSchema.
        let mut query = Vec::new();
        put(&mut query, 2, b"query");
        put(&mut query, 4, name.as_bytes());
        put(
            &mut operation,
            8,
            &within(1, &within(2, &within(3, &query))),
        );
    }
    let info = resource.info();
    let kind = format!(
        "group: \"{}\"\nkind: {}\nversion: {version}\n",
        info.group, info.name
    );
    // NamedAny { name = 1, value = 2 }, of Any { yaml = 2 }.
    let mut extension = Vec::new();
    put(&mut extension, 1, KIND.as_bytes());
    put(&mut extension, 2, &within(2, kind.as_bytes()));
    put(&mut operation, 13, &extension);
    operation
}

/// A message of which only this field is set.
fn within(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    put(&mut message, number, bytes);
    message
}

/// Adds a field with a length. Its number is below 16, so its tag is one byte.
fn put(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        message.push(low | 0x80);
        length >>= 7;
    }
    message.push(u8::try_from(length).unwrap_or_default());
    message.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_its_tag_its_length_and_its_bytes() {
        assert_eq!(within(1, b"2.0"), b"\x0a\x032.0");
        let long = within(8, &[b'x'; 300]);
        assert_eq!(long.get(..3), Some(&b"\x42\xac\x02"[..]));
    }
}
