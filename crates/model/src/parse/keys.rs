//! Keys of mappings: what they may be, when they repeat, and merge keys (`<<`).

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::tree::{Content, Entry, Node};

pub(super) fn duplicate(first: &Entry, second: &Entry) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateKey,
        format!("`{}` is written twice", second.key),
    )
    .with_label(second.key_span, "again here")
    .with_label(first.key_span, "first written here")
    .with_help(format!(
        "keep one `{}`, or give each an object of its own",
        second.key
    ))
}

pub(super) fn missing_separator(first: &Entry, second: &Entry) -> Diagnostic {
    Diagnostic::new(
        Code::MissingSeparator,
        "another object begins without a `---` before it",
    )
    .with_label(second.key_span, format!("`{}` again", second.key))
    .with_label(first.key_span, "the first object")
    .with_help(format!(
        "put a line with `---` before line {}",
        second.key_span.line
    ))
}

/// The text of a key. Kubernetes writes numbers and booleans as texts.
pub(super) fn key_of(node: Node, diagnostics: &mut Vec<Diagnostic>) -> (String, Span) {
    let span = node.span;
    let key = match node.content {
        Content::String(text) => text,
        Content::Number(number, text) => {
            if number.is_f64() {
                text.into_string()
            } else {
                number.to_string()
            }
        }
        Content::Bool(value, text) => {
            if *text != *value.to_string() {
                let message = format!("the key `{text}` is read as `{value}`");
                diagnostics.push(
                    Diagnostic::new(Code::AmbiguousScalar, message)
                        .with_label(span, "a boolean in YAML 1.1")
                        .with_help(format!("quote it: \"{text}\"")),
                );
            }
            value.to_string()
        }
        Content::Null | Content::List(_) | Content::Map(_) => {
            let message = format!("a key must be a text, not {}", node.describe());
            diagnostics.push(Diagnostic::new(Code::InvalidKey, message).with_label(span, ""));
            String::new()
        }
    };
    (key, span)
}

pub(super) fn is_mergeable(node: &Node) -> bool {
    let is_map = |node: &Node| matches!(node.content, Content::Map(_));
    is_map(node) || (!node.items().is_empty() && node.items().iter().all(is_map))
}

/// Adds the entries of merge keys (`<<`) that the mapping does not have itself; earlier ones win.
pub(super) fn merge_into(entries: &mut Vec<Entry>, merge: Vec<Node>) {
    for node in merge {
        let maps = match node.content {
            Content::List(items) => items,
            _ => vec![node],
        };
        for map in maps {
            let Content::Map(more) = map.content else {
                continue;
            };
            for entry in more {
                if !entries.iter().any(|other| other.key == entry.key) {
                    entries.push(entry);
                }
            }
        }
    }
}

/// How many values a tree holds, and how deep it is.
pub(super) fn measure(node: &Node) -> (usize, usize) {
    let children: Vec<&Node> = match &node.content {
        Content::List(items) => items.iter().collect(),
        Content::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
        _ => return (1, 0),
    };
    let (mut size, mut depth) = (1, 0);
    for child in children {
        let (more, deeper) = measure(child);
        // Keys count as values.
        size += more + 1;
        depth = depth.max(deeper);
    }
    (size, depth + 1)
}
