//! What a part of a document was torn from: the kind, or the field, whose fields it has.

use std::borrow::Cow;

use crate::kind::Kind;
use crate::networking::{
    destination_rule::DestinationRule, gateway::Gateway, service_entry::ServiceEntry,
    sidecar::Sidecar, virtual_service::VirtualService, workload_entry::WorkloadEntry,
};
use crate::schema::{ObjectType, Table, Type};
use crate::tree::{Content, Entry, Node};

/// The body of a document that may lack the parts around it: its `spec`, or all of it; for a list,
/// the field that it is the value of.
pub(super) fn body_of(root: &Node) -> Cow<'_, Node> {
    let Some((_, field)) = list_of(root) else {
        return Cow::Borrowed(spec_of(root));
    };
    let entry = Entry {
        key: field.to_owned(),
        key_span: root.span,
        value: root.clone(),
    };
    Cow::Owned(Node {
        content: Content::Map(vec![entry]),
        span: root.span,
    })
}

fn spec_of(root: &Node) -> &Node {
    root.field("spec").unwrap_or(root)
}

/// Istio's kinds with the fields of their specs.
fn istio() -> [(Kind, &'static ObjectType); 6] {
    [
        (Kind::VirtualService, VirtualService::object_type()),
        (Kind::DestinationRule, DestinationRule::object_type()),
        (Kind::Gateway, Gateway::object_type()),
        (Kind::ServiceEntry, ServiceEntry::object_type()),
        (Kind::Sidecar, Sidecar::object_type()),
        (Kind::WorkloadEntry, WorkloadEntry::object_type()),
    ]
}

/// How well keys fit a kind of mapping: the known ones, and the others. `None` when none is known.
fn fit(node: &Node, known: &dyn Fn(&str) -> bool) -> Option<(usize, usize)> {
    let keys = node.entries().iter().map(|entry| entry.key.as_str());
    let (count, hits) = (keys.clone().count(), keys.filter(|key| known(key)).count());
    (hits > 0).then_some((hits, count - hits))
}

/// The best fit so far; of equal ones the first.
struct Best<T>(Option<(T, usize, usize)>);

impl<T> Best<T> {
    fn consider(&mut self, what: T, fit: Option<(usize, usize)>) {
        let Some((hits, misses)) = fit else { return };
        let is_better = |known: &(T, usize, usize)| hits * (known.2 + 1) > known.1 * (misses + 1);
        if self.0.as_ref().is_none_or(is_better) {
            self.0 = Some((what, hits, misses));
        }
    }

    fn take(self) -> Option<T> {
        self.0.map(|(what, ..)| what)
    }
}

/// The field of an Istio kind that holds a list of mappings such as these.
pub(super) fn list_of(root: &Node) -> Option<(Kind, &'static str)> {
    let first = root.items().first()?;
    let mut best = Best(None);
    for (kind, ty) in istio() {
        for field in ty.all_fields() {
            if let Type::List(element) = (field.ty)()
                && let Type::Object(element) = element()
            {
                let fit = fit(first, &|key| element.field(key).is_some());
                best.consider((kind, field.name), fit);
            }
        }
    }
    best.take()
}

/// The kind whose fields a document's fields are.
pub(super) fn guess(root: &Node) -> Option<Kind> {
    let body = spec_of(root);
    let kubernetes: [(Kind, &[&str]); 3] = [
        (
            Kind::Deployment,
            &[
                "replicas",
                "selector",
                "template",
                "strategy",
                "revisionHistoryLimit",
            ],
        ),
        (
            Kind::Service,
            &["ports", "selector", "type", "clusterIP", "externalName"],
        ),
        (
            Kind::Pod,
            &[
                "containers",
                "initContainers",
                "serviceAccountName",
                "volumes",
            ],
        ),
    ];
    let mut best = Best(None);
    for (kind, ty) in istio() {
        best.consider(kind, fit(body, &|key| ty.field(key).is_some()));
    }
    for (kind, fields) in kubernetes {
        best.consider(kind, fit(body, &|key| fields.contains(&key)));
    }
    best.take()
}
