//! One document becomes one object.

use std::sync::Arc;

use serde_json::Value;

use crate::core::meta::ObjectMeta;
use crate::core::secret;
use crate::diagnostic::{Code, Diagnostic};
use crate::kind::{Kind, ObjectKey};
use crate::path::Step;
use crate::resource::{Body, Object, Source};
use crate::schema::{Context, Data};
use crate::suggest;
use crate::tree::{Content, Node};
use crate::validate;

/// An object, or why there is none.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) object: Option<Object>,
    pub(super) key: Option<ObjectKey>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The fields at the top of Istio's kinds.
const TOP_FIELDS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// Reads a document of a known kind.
pub(super) fn object(
    kind: Kind,
    root: &Arc<Node>,
    file: Option<&Arc<str>>,
    default_namespace: &str,
) -> Outcome {
    let mut cx = Context::default();
    let mut meta = metadata(kind, root, default_namespace, &mut cx);
    if kind == Kind::Secret {
        secret::redact_annotations(&mut meta.annotations);
    }
    let key = ObjectKey::new(kind, meta.namespace.clone(), meta.name.clone());
    if kind.is_istio() {
        check_top(root, &mut cx);
    }
    let body = body(kind, root, &mut cx);
    let mut diagnostics = cx.into_diagnostics();
    if let Some(body) = &body {
        let found = validate::validate(&meta, body, body_node(kind, root));
        let believed: Vec<Diagnostic> = found
            .into_iter()
            .filter(|found| !depends_on_broken(found, &diagnostics))
            .collect();
        diagnostics.extend(believed);
        diagnostics.sort_by_key(|found| (found.span().is_none(), found.span().start));
    }
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let named = !meta.name.is_empty();
    let object = body.filter(|_| !failed).map(|body| {
        let source = file.map(|file| Source {
            file: Arc::clone(file),
            span: root.span,
            tree: Arc::clone(root),
        });
        Object {
            raw: raw(kind, root, &meta),
            meta,
            body,
            source,
        }
    });
    for diagnostic in &mut diagnostics {
        diagnostic.object = named.then(|| key.clone());
    }
    Outcome {
        object,
        key: named.then_some(key),
        diagnostics,
    }
}

/// What the body of a kind is read from.
fn body_node(kind: Kind, root: &Node) -> &Node {
    if kind.is_istio() {
        root.field("spec").unwrap_or(root)
    } else {
        root
    }
}

/// Whether a check looked at something that could not be read, so that it may be wrong.
fn depends_on_broken(found: &Diagnostic, broken: &[Diagnostic]) -> bool {
    let steps = found.path.steps();
    broken
        .iter()
        .filter(|broken| broken.is_error())
        .any(|broken| {
            let other = broken.path.steps();
            let common = steps.len().min(other.len());
            steps.iter().take(common).eq(other.iter().take(common))
        })
}

/// Reads the body of a document that is not whole, only to find its mistakes.
pub(super) fn fragment(kind: Kind, body: &Node) -> Vec<Diagnostic> {
    let mut cx = Context::default();
    Body::decode(kind, body, &mut cx);
    cx.into_diagnostics()
}

fn metadata(kind: Kind, root: &Node, default_namespace: &str, cx: &mut Context) -> ObjectMeta {
    let path = Step::Name("metadata".to_owned());
    let Some(node) = root.field("metadata") else {
        let place = root
            .entry("kind")
            .map(|entry| entry.key_span)
            .unwrap_or_default();
        cx.report(
            Diagnostic::new(Code::MissingField, "`metadata` is missing")
                .with_label(place, "has no `metadata` beside it")
                .with_help("add `metadata: {name: …}`"),
        );
        return ObjectMeta::default();
    };
    cx.within(path, |cx| {
        let mut meta = ObjectMeta::decode(node, cx).unwrap_or_default();
        if !kind.info().namespaced {
            meta.namespace = String::new();
        } else if meta.namespace.is_empty() {
            default_namespace.clone_into(&mut meta.namespace);
        }
        check_name(node, &meta.name, cx);
        meta
    })
}

fn check_name(node: &Node, name: &str, cx: &mut Context) {
    if !matches!(node.content, Content::Map(_)) {
        return;
    }
    let Some(entry) = node
        .entry("name")
        .filter(|entry| entry.value.content != Content::Null)
    else {
        let place = node
            .entries()
            .first()
            .map_or(node.span, |entry| entry.key_span);
        cx.report(
            Diagnostic::new(Code::MissingField, "`metadata.name` is missing")
                .with_label(place, "has no `name`")
                .with_help("add `name: …`"),
        );
        return;
    };
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let fits = name.len() <= 253
        && name.chars().all(legal)
        && ends(name.chars().next())
        && ends(name.chars().last());
    if !fits && entry.value.text().is_some() {
        let message = format!("`{name}` is no name of an object");
        let help = "use at most 253 lower-case letters, digits, `-` and `.`, with a letter or \
                    digit at both ends";
        let diagnostic = Diagnostic::new(Code::InvalidName, message)
            .with_label(entry.value.span, "not allowed")
            .with_help(help);
        cx.within(Step::Name("name".to_owned()), |cx| cx.report(diagnostic));
    }
}

fn check_top(root: &Node, cx: &mut Context) {
    let free: Vec<&str> = TOP_FIELDS
        .into_iter()
        .filter(|name| root.entry(name).is_none())
        .collect();
    for entry in root.entries() {
        if TOP_FIELDS.contains(&entry.key.as_str()) {
            continue;
        }
        let near = suggest::nearest(&entry.key, free.iter().copied());
        let help = near.map_or_else(
            || "move it below `spec`, or remove it".to_owned(),
            |near| format!("write `{near}` instead of `{}`", entry.key),
        );
        cx.report(
            Diagnostic::new(Code::UnknownField, format!("unknown field `{}`", entry.key))
                .with_label(entry.key_span, "not a field at the top of an object")
                .with_help(help),
        );
    }
}

fn body(kind: Kind, root: &Node, cx: &mut Context) -> Option<Body> {
    if !kind.is_istio() {
        return Body::decode(kind, root, cx);
    }
    let spec = root
        .entry("spec")
        .filter(|entry| entry.value.content != Content::Null);
    let Some(spec) = spec else {
        let misspelt = root
            .entries()
            .iter()
            .any(|entry| suggest::nearest(&entry.key, ["spec"]).is_some() && entry.key != "spec");
        if !misspelt {
            let place = root
                .entry("kind")
                .map(|entry| entry.key_span)
                .unwrap_or_default();
            cx.report(
                Diagnostic::new(Code::MissingField, "`spec` is missing")
                    .with_label(place, "has no `spec` beside it")
                    .with_help(format!("add the `spec` of the {kind}")),
            );
        }
        return None;
    };
    Body::decode(kind, &spec.value, cx)
}

/// The document as JSON, with the namespace that it got.
fn raw(kind: Kind, root: &Node, meta: &ObjectMeta) -> Value {
    let mut raw = root.to_json();
    let metadata = raw.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        if meta.namespace.is_empty() {
            metadata.remove("namespace");
        } else {
            metadata.insert(
                "namespace".to_owned(),
                Value::String(meta.namespace.clone()),
            );
        }
    }
    if kind == Kind::Secret {
        secret::redact(&mut raw);
    }
    raw
}
