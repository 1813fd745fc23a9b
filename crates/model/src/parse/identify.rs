//! Which kind a document is, and what to say when it does not say so itself.

use crate::diagnostic::{Code, Diagnostic};
use crate::kind::Kind;
use crate::parse::guess::{guess, list_of};
use crate::span::Span;
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
const READ_PAST: [&str; 21] = [
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
        return no_mapping(root, place);
    }
    let guessed = guess(root);
    let diagnostic = Diagnostic::new(Code::MissingKind, "the document has no `kind`");
    let Some(kind) = guessed else {
        let help = "begin it with `apiVersion`, `kind` and `metadata`; if it is no manifest, keep \
                    it out of the folder";
        let diagnostic = diagnostic.with_label(place, "begins here").with_help(help);
        return Identity::Wrong(diagnostic, None);
    };
    let (version, name) = (kind.api_version(), kind.info().name);
    let mut help = format!("put before it:\n{}", head(kind));
    if root.field("apiVersion").is_some() {
        help = format!("add `kind: {name}`");
    } else if root.field("metadata").is_some() {
        help = format!("put before it:\napiVersion: {version}\nkind: {name}");
    } else if root.field("spec").is_none() {
        help = before(place, 1, &format!("{}\nspec:", head(kind)));
    }
    let label = format!("looks like a part of a {name}");
    Identity::Wrong(
        diagnostic.with_label(place, label).with_help(help),
        Some(kind),
    )
}

/// A document that is a list or a text: perhaps the value of one field.
fn no_mapping(root: &Node, place: Span) -> Identity {
    let message = format!("an object is a mapping, not {}", root.describe());
    let diagnostic = Diagnostic::new(Code::NotAnObject, message);
    let Some((kind, field)) = list_of(root) else {
        return Identity::Wrong(diagnostic.with_label(place, ""), None);
    };
    let label = format!("looks like the `{field}` of a {kind}");
    let help = before(place, 2, &format!("{}\nspec:\n  {field}:", head(kind)));
    Identity::Wrong(
        diagnostic.with_label(place, label).with_help(help),
        Some(kind),
    )
}

/// How an object of a kind begins.
fn head(kind: Kind) -> String {
    let (version, name) = (kind.api_version(), kind.info().name);
    format!("apiVersion: {version}\nkind: {name}\nmetadata:\n  name: …")
}

/// What to put before a text, which is to be indented by `least` at least.
fn before(place: Span, least: u32, lines: &str) -> String {
    if place.column > least {
        format!("put before it:\n{lines}")
    } else {
        format!("indent it, and put before it:\n{lines}")
    }
}
