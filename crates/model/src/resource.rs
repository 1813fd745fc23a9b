//! One declared object: its metadata, its typed body, and where it came from.

use std::sync::Arc;

use serde_json::Value;

pub use crate::core::meta::{ObjectMeta, OwnerReference};
pub use crate::kind::{Kind, KindInfo, ObjectKey};

use crate::core::endpoints::{EndpointSlice, Endpoints};
use crate::core::place::{Namespace, Node};
use crate::core::pod::Pod;
use crate::core::secret::{self, Secret};
use crate::core::service::Service;
use crate::core::workload::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use crate::diagnostic::Diagnostic;
use crate::networking::destination_rule::DestinationRule;
use crate::networking::gateway::Gateway;
use crate::networking::service_entry::ServiceEntry;
use crate::networking::sidecar::Sidecar;
use crate::networking::virtual_service::VirtualService;
use crate::networking::workload_entry::WorkloadEntry;
use crate::path::{FieldPath, Step};
use crate::schema::{Context, Data, encode_field};
use crate::span::Span;
use crate::tree;

/// One declared object.
///
/// Two objects are equal when they say the same; where they were written does not count.
#[derive(Debug, Clone)]
pub struct Object {
    /// Name, namespace, labels, ….
    pub meta: ObjectMeta,
    /// What it says.
    pub body: Body,
    /// The whole document as JSON, unknown fields of Kubernetes kinds too. What a Secret holds
    /// is redacted: it is in the body only.
    pub raw: Value,
    /// Where it was written; `None` for API bodies.
    pub source: Option<Source>,
}

/// Where an object was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The document in the file.
    pub span: Span,
    /// The document with the places of its keys and values.
    pub tree: Arc<tree::Node>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body && self.meta == other.meta && self.raw == other.raw
    }
}

macro_rules! bodies {
    ($($(#[$meta:meta])* $kind:ident,)*) => {
        /// What an object says, by its kind. The bodies of Istio's kinds are their `spec`, the
        /// others are everything beside `metadata`.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(
            clippy::large_enum_variant,
            reason = "objects are shared behind an `Arc`; a box in one variant saves nothing"
        )]
        pub enum Body {
            $(#[doc = concat!("A ", stringify!($kind), ".")] $kind($kind),)*
        }

        impl Body {
            /// The kind.
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                }
            }

            /// Reads the body of a kind.
            pub fn decode(kind: Kind, node: &tree::Node, cx: &mut Context) -> Option<Self> {
                match kind {
                    $(Kind::$kind => $kind::decode(node, cx).map(Self::$kind),)*
                }
            }

            /// Writes the body as JSON.
            pub fn encode(&self) -> Value {
                match self {
                    $(Self::$kind(body) => body.encode(),)*
                }
            }
        }

        $(impl From<$kind> for Body {
            fn from(body: $kind) -> Self {
                Self::$kind(body)
            }
        })*
    };
}

bodies! {
    VirtualService,
    DestinationRule,
    Gateway,
    ServiceEntry,
    WorkloadEntry,
    Sidecar,
    Service,
    Pod,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    EndpointSlice,
    Endpoints,
    Namespace,
    Node,
    Secret,
}

impl Object {
    /// An object that was not read from a document; `raw` is written from the body.
    pub fn new(meta: ObjectMeta, body: impl Into<Body>) -> Self {
        let body = body.into();
        let mut raw = encode(&meta, &body);
        if body.kind() == Kind::Secret {
            secret::redact(&mut raw);
        }
        Self {
            meta,
            body,
            raw,
            source: None,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// Its name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(
            self.kind(),
            self.meta.namespace.clone(),
            self.meta.name.clone(),
        )
    }

    /// The object with other metadata, in `raw` too.
    #[must_use]
    pub fn with_meta(mut self, meta: ObjectMeta) -> Self {
        if let Value::Object(fields) = &mut self.raw {
            let slot = fields
                .entry("metadata")
                .or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let (Value::Object(old), Value::Object(new)) = (slot, meta.encode()) {
                merge_metadata(old, new);
            }
        }
        self.meta = meta;
        self
    }

    /// The file and the place of a field, and of the nearest one around it where the field itself
    /// was not written. `None` for API bodies.
    pub fn place(&self, path: &FieldPath) -> Option<(&Arc<str>, Span)> {
        let source = self.source.as_ref()?;
        let mut path = document_path(self.kind(), path);
        loop {
            if let Some((_, span)) = source.tree.at(&path) {
                return Some((
                    &source.file,
                    if path.is_root() { source.span } else { span },
                ));
            }
            path.pop()?;
        }
    }

    /// A diagnostic about a field, with file and place where they are known.
    pub fn diagnose(&self, mut diagnostic: Diagnostic, path: FieldPath) -> Diagnostic {
        if let Some((file, span)) = self.place(&path) {
            diagnostic.file = Some(Arc::clone(file));
            diagnostic = diagnostic.with_label(span, "");
        }
        diagnostic.for_object(self.key()).at(path)
    }
}

/// Replaces what is declared in [`ObjectMeta`] and keeps the rest.
fn merge_metadata(old: &mut serde_json::Map<String, Value>, new: serde_json::Map<String, Value>) {
    let ty = <ObjectMeta as crate::schema::Table>::object_type();
    for field in ty.all_fields() {
        old.remove(field.name);
    }
    old.extend(
        new.into_iter()
            .filter(|(_, value)| value.as_str() != Some("")),
    );
}

/// The path from the top of the document of a path inside an object's body.
pub fn document_path(kind: Kind, path: &FieldPath) -> FieldPath {
    let top = matches!(path.steps().first(), Some(Step::Name(name))
        if matches!(name.as_str(), "metadata" | "apiVersion" | "kind"));
    let mut out = FieldPath::root();
    if kind.is_istio() && !top && !path.is_root() {
        out.push(Step::Name("spec".to_owned()));
    }
    for step in path.steps() {
        out.push(step.clone());
    }
    out
}

/// Writes an object as a document.
pub fn encode(meta: &ObjectMeta, body: &Body) -> Value {
    let kind = body.kind();
    let mut out = serde_json::Map::new();
    out.insert("apiVersion".to_owned(), Value::String(kind.api_version()));
    out.insert(
        "kind".to_owned(),
        Value::String(kind.info().name.to_owned()),
    );
    let mut metadata = serde_json::Map::new();
    if let Value::Object(fields) = meta.encode() {
        merge_metadata(&mut metadata, fields);
    }
    encode_field(
        &mut out,
        "metadata",
        &crate::schema::Present(Value::Object(metadata)),
    );
    match body.encode() {
        spec if kind.is_istio() => {
            out.insert("spec".to_owned(), spec);
        }
        Value::Object(fields) => out.extend(fields),
        _ => {}
    }
    Value::Object(out)
}
