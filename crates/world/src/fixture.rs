//! Objects for tests, from JSON.

use sealane_model::kind::Kind;
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object, ObjectMeta};
use sealane_model::schema::{Context, Data};
use sealane_model::tree::Node;
use serde_json::{Value, json};

/// The object of a document.
pub(crate) fn object(document: &Value) -> Object {
    let text = |key: &str| document[key].as_str().unwrap_or_default();
    let kind = Kind::of(text("apiVersion"), text("kind")).unwrap();
    let mut cx = Context::new(FieldPath::root());
    let mut meta = ObjectMeta::decode(&Node::from_json(&document["metadata"]), &mut cx).unwrap();
    if meta.namespace.is_empty() && kind.info().namespaced {
        meta.namespace = "default".to_owned();
    }
    let body = if kind.is_istio() {
        &document["spec"]
    } else {
        document
    };
    let body = Body::decode(kind, &Node::from_json(body), &mut cx).unwrap();
    assert!(cx.into_diagnostics().is_empty(), "{document}");
    Object::new(meta, body)
}

/// The objects of a list of documents.
pub(crate) fn objects(documents: &Value) -> Vec<Object> {
    documents.as_array().unwrap().iter().map(object).collect()
}

/// A Deployment whose pods have these labels.
pub(crate) fn deployment(name: &str, replicas: u32, labels: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "i", "ports": [
                {"name": "web", "containerPort": 9080}
            ]}]},
        }},
    })
}

/// A Service of pods with these labels, whose port 80 is this port of theirs.
pub(crate) fn service(name: &str, selector: &Value, target: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": selector, "ports": [
            {"name": "http", "port": 80, "targetPort": target}
        ]},
    })
}
