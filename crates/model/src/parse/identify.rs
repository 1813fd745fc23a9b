//! Which kind a document is, and what to say when it does not say so itself.

use crate::diagnostic::{Code, Diagnostic};
use crate::kind::Kind;
use crate::networking::{
    destination_rule::DestinationRule, gateway::Gateway, service_entry::ServiceEntry,
    sidecar::Sidecar, virtual_service::VirtualService, workload_entry::WorkloadEntry,
};
use crate::schema::{ObjectType, Table};
use crate::suggest;
use crate::tree::{Content, Node};

/// What a document is.
#[derive(Debug)]
pub(super) enum Identity {
    /// An object of a kind that is read.
    Known(Kind),
    /// An object of another kind.
    Other(String),
    /// Something wrong; the kind that is meant, where it can be guessed.
    Wrong(Diagnostic, Option<Kind>),
}

/// The groups whose kinds are known well enough to call a name wrong.
const CLOSED_GROUPS: [&str; 5] = [
    "",
    "apps",
    "extensions",
    "networking.istio.io",
    "discovery.k8s.io",
];

/// Kinds of those groups that are read past.
const READ_PAST: [&str; 22] = [
    "Binding",
    "ComponentStatus",
    "ConfigMap",
    "ControllerRevision",
    "EnvoyFilter",
    "Event",
    "Ingress",
    "LimitRange",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodTemplate",
    "ProxyConfig",
    "ReplicationController",
    "ResourceQuota",
    "Secret",
    "ServiceAccount",
    "WorkloadGroup",
    "PodSecurityPolicy",
    "Scale",
    "Status",
    "Eviction",
];

/// Finds out what a document is.
pub(super) fn identify(root: &Node) -> Identity {
    let text = |name| root.field(name).and_then(Node::text);
    match (text("apiVersion"), text("kind")) {
        (Some(version), Some(kind)) => with_both(root, version, kind),
        (_, None) => without_kind(root),
        (None, Some(kind)) => without_version(root, kind),
    }
}

fn with_both(root: &Node, version: &str, kind: &str) -> Identity {
    let (group, number) = version.rsplit_once('/').unwrap_or(("", version));
    if let Some(known) = Kind::of(version, kind) {
        let info = known.info();
        if info.versions.contains(&number) {
            return Identity::Known(known);
        }
        let near = known.api_version();
        let message = format!("{kind} has no version `{number}`");
        return wrong(
            root,
            "apiVersion",
            message,
            format!("write `apiVersion: {near}`"),
            known,
        );
    }
    if !CLOSED_GROUPS.contains(&group) || READ_PAST.contains(&kind) {
        return Identity::Other(kind.to_owned());
    }
    if let Some(known) = Kind::all().find(|known| known.info().name == kind) {
        let message = format!("{kind} is not in `{version}`");
        let help = format!("write `apiVersion: {}`", known.api_version());
        return wrong(root, "apiVersion", message, help, known);
    }
    let names = Kind::all().filter(|known| known.info().group == group);
    let names: Vec<&str> = names.map(|known| known.info().name).collect();
    match suggest::nearest(kind, names) {
        Some(near) => {
            let Some(known) = Kind::of(version, near) else {
                return Identity::Other(kind.to_owned());
            };
            let message = format!("unknown kind `{kind}`");
            wrong(
                root,
                "kind",
                message,
                format!("write `kind: {near}`"),
                known,
            )
        }
        None => Identity::Other(kind.to_owned()),
    }
}

fn wrong(root: &Node, field: &str, message: String, help: String, meant: Kind) -> Identity {
    let span = root.field(field).map(|node| node.span).unwrap_or_default();
    let label = help.replacen("write", "did you mean", 1) + "?";
    let diagnostic = Diagnostic::new(Code::UnknownKind, message);
    Identity::Wrong(
        diagnostic.with_label(span, label).with_help(help),
        Some(meant),
    )
}

fn without_version(root: &Node, kind: &str) -> Identity {
    let guessed = Kind::all().find(|known| known.info().name == kind);
    let help = guessed.map_or_else(
        || "add `apiVersion: …`".to_owned(),
        |kind| format!("add `apiVersion: {}`", kind.api_version()),
    );
    let place = root
        .entry("kind")
        .map(|entry| entry.key_span)
        .unwrap_or_default();
    let diagnostic = Diagnostic::new(Code::MissingKind, "`apiVersion` is missing")
        .with_label(place, "has no `apiVersion` beside it")
        .with_help(help);
    Identity::Wrong(diagnostic, guessed)
}

fn without_kind(root: &Node) -> Identity {
    let place = root
        .entries()
        .first()
        .map_or(root.span, |entry| entry.key_span);
    if !matches!(root.content, Content::Map(_)) {
        let message = format!("an object is a mapping, not {}", root.describe());
        let diagnostic = Diagnostic::new(Code::NotAnObject, message).with_label(place, "");
        return Identity::Wrong(diagnostic, None);
    }
    let guessed = guess(root);
    let diagnostic = Diagnostic::new(Code::MissingKind, "the document has no `kind`");
    let Some(kind) = guessed else {
        return Identity::Wrong(diagnostic.with_label(place, "begins here"), None);
    };
    let (version, name) = (kind.api_version(), kind.info().name);
    let mut help =
        format!("put before it:\napiVersion: {version}\nkind: {name}\nmetadata:\n  name: …");
    if root.field("apiVersion").is_some() {
        help = format!("add `kind: {name}`");
    } else if root.field("metadata").is_some() {
        help = format!("put before it:\napiVersion: {version}\nkind: {name}");
    } else if root.field("spec").is_none() {
        help.push_str("\nspec:");
    }
    let label = format!("looks like a part of a {name}");
    Identity::Wrong(
        diagnostic.with_label(place, label).with_help(help),
        Some(kind),
    )
}

/// The body of a document that may lack the parts around it: its `spec`, or all of it.
pub(super) fn body_of(root: &Node) -> &Node {
    root.field("spec").unwrap_or(root)
}

/// The kind whose fields a document's fields are.
fn guess(root: &Node) -> Option<Kind> {
    let body = body_of(root);
    let istio: [(Kind, &'static ObjectType); 6] = [
        (Kind::VirtualService, VirtualService::object_type()),
        (Kind::DestinationRule, DestinationRule::object_type()),
        (Kind::Gateway, Gateway::object_type()),
        (Kind::ServiceEntry, ServiceEntry::object_type()),
        (Kind::Sidecar, Sidecar::object_type()),
        (Kind::WorkloadEntry, WorkloadEntry::object_type()),
    ];
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
    let keys = body.entries().iter().map(|entry| entry.key.as_str());
    let fits = |known: &dyn Fn(&str) -> bool| {
        let keys: Vec<&str> = keys.clone().collect();
        let count = keys.iter().filter(|key| known(key)).count();
        (count > 0).then_some((count, keys.len() - count))
    };
    let mut best: Option<(Kind, usize, usize)> = None;
    let mut consider = |kind: Kind, known: &dyn Fn(&str) -> bool| {
        if let Some((hits, misses)) = fits(known)
            && best.is_none_or(|(_, h, m)| hits * (m + 1) > h * (misses + 1))
        {
            best = Some((kind, hits, misses));
        }
    };
    for (kind, ty) in istio {
        consider(kind, &|key| ty.field(key).is_some());
    }
    for (kind, fields) in kubernetes {
        consider(kind, &|key| fields.contains(&key));
    }
    best.map(|(kind, _, _)| kind)
}
