//! Manifests for tests.

use sealane_model::parse::{Options, SourceFile, parse_text};
use sealane_model::resource::Object;

/// The objects of a text without errors.
pub(crate) fn objects(text: &str) -> Vec<Object> {
    let parsed = parse_text(&SourceFile::new("test.yaml", text), &Options::default());
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    parsed.objects
}

/// A VirtualService that sends all requests to one subset.
pub(crate) fn route(subset: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: VirtualService\n\
         metadata: {{name: reviews}}\n\
         spec:\n  hosts: [reviews]\n  http:\n  - route:\n    \
         - destination: {{host: reviews, subset: {subset}}}\n"
    )
}

/// A VirtualService that splits requests between two subsets.
pub(crate) fn split(v1: u32, v2: u32) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: VirtualService\n\
         metadata: {{name: reviews}}\n\
         spec:\n  hosts: [reviews]\n  http:\n  - route:\n    \
         - destination: {{host: reviews, subset: v1}}\n      weight: {v1}\n    \
         - destination: {{host: reviews, subset: v2}}\n      weight: {v2}\n"
    )
}

/// The Service that these VirtualServices are about.
pub(crate) fn service() -> String {
    "apiVersion: v1\nkind: Service\nmetadata: {name: reviews}\n\
     spec:\n  clusterIP: 127.20.0.3\n  ports: [{name: http, port: 9080}]\n"
        .to_owned()
}
