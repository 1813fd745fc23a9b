//! Keys of mappings: what they may be, when they repeat, and merge keys (`<<`).

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::tree::{Content, Entry, Node};

/// A mapping that is being read. It finds a key that repeats without going through all of them.
#[derive(Default)]
pub(super) struct Mapping {
    entries: Vec<Entry>,
    keys: BTreeMap<String, Span>,
}

impl Mapping {
    /// Where a key was written, if it was.
    pub(super) fn find(&self, key: &str) -> Option<Span> {
        self.keys.get(key).copied()
    }

    /// Adds an entry whose key is new.
    pub(super) fn push(&mut self, entry: Entry) {
        self.keys.insert(entry.key.clone(), entry.key_span);
        self.entries.push(entry);
    }

    /// Adds the entries of merge keys (`<<`) that it does not have itself; earlier ones win.
    pub(super) fn merge(&mut self, merge: Vec<Node>) {
        let maps = merge.into_iter().flat_map(|node| match node.content {
            Content::List(items) => items,
            _ => vec![node],
        });
        let entries = maps.flat_map(|map| match map.content {
            Content::Map(entries) => entries,
            _ => Vec::new(),
        });
        for entry in entries {
            if self.find(&entry.key).is_none() {
                self.push(entry);
            }
        }
    }

    /// The finished mapping, from its first key (or `start`) to the end of its last value.
    pub(super) fn finish(self, start: Option<Span>) -> Node {
        let first = self.entries.first().map(|entry| entry.key_span);
        let start = start.or(first).unwrap_or_default();
        let last = self.entries.last();
        let end = last.map_or(start.end, |entry| entry.value.span.end);
        let span = Span {
            end: end.max(start.end),
            ..start
        };
        Node {
            content: Content::Map(self.entries),
            span,
        }
    }
}

/// A key that is written twice.
pub(super) fn duplicate(first: Span, second: &Entry) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateKey,
        format!("`{}` is written twice", second.key),
    )
    .with_label(second.key_span, "again here")
    .with_label(first, "first written here")
    .with_help(format!(
        "keep one `{}`, or give each an object of its own",
        second.key
    ))
}

/// A key of an object that is written twice because another object begins there.
pub(super) fn missing_separator(first: Span, second: &Entry) -> Diagnostic {
    let message = "another object begins without a `---` before it";
    Diagnostic::new(Code::MissingSeparator, message)
        .with_label(second.key_span, format!("`{}` again", second.key))
        .with_label(first, "the first object")
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

/// What a tree costs to copy, and how deep it is. Keys and each 64 bytes of text count as one.
pub(super) fn measure(node: &Node) -> (usize, usize) {
    let children: Vec<&Node> = match &node.content {
        Content::List(items) => items.iter().collect(),
        Content::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
        Content::String(text) => return (1 + text.len() / 64, 0),
        Content::Null | Content::Bool(..) | Content::Number(..) => return (1, 0),
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
