//! What hangs on an object that was left out because of an error: the way to repair it is there.

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::parse::Rejected;
use sealane_model::path::FieldPath;
use sealane_model::resource::document_path;
use sealane_model::tree::Node;

use super::current::Current;

/// The diagnostic; when it misses something that files declare with an error, with that to correct.
pub(super) fn explained(diagnostic: Diagnostic, current: &Current) -> Diagnostic {
    let Some(found) = missed(&diagnostic, current) else {
        return diagnostic;
    };
    let key = &found.key;
    let help = match &found.source {
        Some(source) => format!(
            "correct {key}, which is left out because of an error: {}:{}",
            source.file, source.span.line
        ),
        None => format!("correct {key}, which is left out because of an error"),
    };
    diagnostic.with_help(help)
}

/// The object that was left out, and that a diagnostic misses.
fn missed<'a>(diagnostic: &Diagnostic, current: &'a Current) -> Option<&'a Rejected> {
    let mut left_out = current.left_out.iter();
    if left_out.len() == 0 {
        return None;
    }
    let object = diagnostic.object.as_ref()?;
    let (path, namespace) = (&diagnostic.path, object.namespace.as_str());
    let document = Node::from_json(&current.object(object)?.raw);
    let text = |path: &FieldPath| {
        let (node, _) = document.at(&document_path(object.kind, path))?;
        node.text().map(str::to_owned)
    };
    match diagnostic.code {
        Code::UnknownGateway => {
            let named = text(path)?;
            let (namespace, name) = named.split_once('/').unwrap_or((namespace, &named));
            let gateway = ObjectKey::new(Kind::Gateway, namespace, name);
            left_out.find(|it| it.key == gateway)
        }
        Code::UnknownDelegate => {
            let name = text(&path.field("name"))?;
            let named = text(&path.field("namespace"));
            let namespace = named.as_deref().unwrap_or(namespace);
            let delegate = ObjectKey::new(Kind::VirtualService, namespace, name);
            left_out.find(|it| it.key == delegate)
        }
        Code::UnknownSubset => {
            let mut path = path.clone();
            path.pop()?;
            let host = text(&path.field("host"))?;
            let host = current.snapshot.mesh.whole_host(&host, namespace);
            left_out.find(|it| is_rule_of(it, &host, current))
        }
        _ => None,
    }
}

/// Whether this is a DestinationRule of a host, as far as it can be read.
fn is_rule_of(rejected: &Rejected, host: &str, current: &Current) -> bool {
    let tree = rejected.source.as_ref().map(|source| &source.tree);
    let spec = tree.and_then(|tree| tree.field("spec"));
    let own = spec
        .and_then(|spec| spec.field("host"))
        .and_then(Node::text);
    rejected.key.kind == Kind::DestinationRule
        && own.is_some_and(|own| {
            let namespace = &rejected.key.namespace;
            current.snapshot.mesh.whole_host(own, namespace) == host
        })
}
