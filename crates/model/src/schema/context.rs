//! What decoding carries along: the path so far, and the diagnostics found.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Collected, Diagnostic};
use crate::path::{FieldPath, Step};
use crate::schema::{Field, ObjectType, limits};
use crate::span::Span;
use crate::suggest;
use crate::support;
use crate::tree::{Content, Entry, Node};

/// How many problems of one object are shown.
pub const MAX_PROBLEMS: usize = 100;

/// The state of decoding one object.
#[derive(Debug)]
pub struct Context {
    path: FieldPath,
    found: Collected,
    nullable: bool,
    open: bool,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            path: FieldPath::root(),
            found: Collected::new(MAX_PROBLEMS),
            nullable: false,
            open: false,
        }
    }
}

impl Context {
    /// A context at a path.
    pub fn new(path: FieldPath) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// The path of the value that is being read.
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Whether `null` is a value here.
    pub fn nullable(&self) -> bool {
        self.nullable
    }

    /// Whether the object around this value passes over what it does not know.
    pub fn open(&self) -> bool {
        self.open
    }

    /// Everything found, in the order of the document.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found.into_vec()
    }

    /// Reports a problem of the value that is being read.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let path = self.path.clone();
        self.found.push(diagnostic.at(path));
    }

    /// Reports that a value is of another type than `wanted` (`a list of strings`).
    pub fn wrong_type(&mut self, node: &Node, wanted: &str, help: Option<String>) {
        let message = match self.path.steps().last() {
            Some(Step::Name(name)) => format!("`{name}` must be {wanted}, not {}", node.describe()),
            Some(Step::Index(_)) => {
                format!("this element must be {wanted}, not {}", node.describe())
            }
            None => format!("this must be {wanted}, not {}", node.describe()),
        };
        let mut diagnostic = Diagnostic::new(Code::WrongType, message)
            .with_label(node.span, format!("expected {wanted}"));
        diagnostic.help = help;
        self.report(diagnostic);
    }

    /// Reads one of some names; reports any other text.
    pub fn choice(&mut self, node: &Node, names: &'static [&'static str]) -> Option<&'static str> {
        let Some(text) = node.text() else {
            self.wrong_type(node, &format!("one of {}", names.join(", ")), None);
            return None;
        };
        if let Some(name) = names.iter().find(|name| **name == text) {
            return Some(name);
        }
        let near = suggest::nearest(text, names.iter().copied());
        let label = near.map_or_else(
            || format!("must be one of {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        self.report(
            Diagnostic::new(Code::UnknownValue, format!("unknown value `{text}`"))
                .with_label(node.span, label)
                .with_help(format!("use one of {}", names.join(", "))),
        );
        None
    }

    /// Runs `read` one step deeper.
    pub fn within<T>(&mut self, step: Step, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = read(self);
        self.path.pop();
        result
    }

    /// Reads the entries of an object: calls `read` with the JSON name and value of each known
    /// field, and reports unknown, missing, deprecated, contradicting and idle ones. `false` when
    /// the node is not a mapping.
    pub fn object(
        &mut self,
        ty: &'static ObjectType,
        node: &Node,
        read: &mut dyn FnMut(&'static str, &Node, &mut Self),
    ) -> bool {
        let Content::Map(entries) = &node.content else {
            self.wrong_type(node, "a mapping", None);
            return false;
        };
        let outer = (self.nullable, self.open);
        self.open = ty.open;
        let mut seen: Vec<(&'static Field, &Entry)> = Vec::new();
        let known: Vec<_> = entries.iter().map(|entry| ty.field(&entry.key)).collect();
        let taken: BTreeSet<&str> = known.iter().flatten().map(|field| field.name).collect();
        for (entry, known) in entries.iter().zip(known) {
            let meant = known.or_else(|| self.unknown_field(ty, &taken, entry));
            let Some(field) = meant else { continue };
            if ty.open && entry.value.content == Content::Null {
                continue;
            }
            seen.push((field, entry));
            self.remark(ty, field, entry);
            self.nullable = field.nullable;
            self.within(Step::Name(entry.key.clone()), |cx| {
                read(field.name, &entry.value, cx);
                for broken in limits::check(ty.name, field, &entry.value) {
                    cx.report(broken);
                }
            });
        }
        (self.nullable, self.open) = outer;
        self.check_presence(ty, node, &seen);
        true
    }

    /// Reports an unknown field. Where another one was surely meant, it is read as that one, so
    /// that one slip gives one diagnostic and what is inside is still checked.
    fn unknown_field(
        &mut self,
        ty: &'static ObjectType,
        taken: &BTreeSet<&str>,
        entry: &Entry,
    ) -> Option<&'static Field> {
        if ty.open {
            return None;
        }
        if self.found.is_full() {
            self.report(Diagnostic::new(Code::UnknownField, "unknown field"));
            return None;
        }
        let names = ty.all_fields().map(|field| field.name);
        let free = names.filter(|name| !taken.contains(name));
        let near = suggest::nearest(&entry.key, free);
        let mut text = format!("not a field of {}", ty.name);
        if let Some(near) = near {
            text = format!("{text}; did you mean `{near}`?");
        }
        let mut diagnostic =
            Diagnostic::new(Code::UnknownField, format!("unknown field `{}`", entry.key))
                .with_label(entry.key_span, text);
        diagnostic.help = Some(if let Some(near) = near {
            format!("write `{near}` instead of `{}`", entry.key)
        } else {
            let names: Vec<&str> = ty.all_fields().map(|field| field.name).collect();
            format!("the fields of {} are: {}", ty.name, names.join(", "))
        });
        self.within(Step::Name(entry.key.clone()), |cx| cx.report(diagnostic));
        near.and_then(|near| ty.field(near))
    }

    /// Warnings about a field that is known.
    fn remark(&mut self, ty: &'static ObjectType, field: &'static Field, entry: &Entry) {
        let diagnostic = if let Some(instead) = field.deprecated {
            Diagnostic::new(Code::Deprecated, format!("`{}` is deprecated", entry.key))
                .with_label(entry.key_span, "deprecated")
                .with_help(instead)
        } else if let Some(idle) = support::not_acted_on(ty.name, field.name) {
            Diagnostic::new(
                Code::NotActedOn,
                format!("`{}` has no effect yet", entry.key),
            )
            .with_label(entry.key_span, idle.instead)
        } else {
            return;
        };
        self.within(Step::Name(entry.key.clone()), |cx| cx.report(diagnostic));
    }

    fn check_presence(
        &mut self,
        ty: &'static ObjectType,
        node: &Node,
        seen: &[(&'static Field, &Entry)],
    ) {
        for field in ty.fields.iter().filter(|field| field.required) {
            if !seen.iter().any(|(other, _)| other.name == field.name) {
                let message = format!("`{}` of {} is missing", field.name, ty.name);
                let text = format!("has no `{}`", field.name);
                let place = first_line(node);
                self.report(
                    Diagnostic::new(Code::MissingField, message)
                        .with_label(place, text)
                        .with_help(format!("add `{}`", field.name)),
                );
            }
        }
        for fields in ty.oneofs {
            let set: Vec<_> = seen
                .iter()
                .filter(|(field, _)| fields().iter().any(|other| other.name == field.name))
                .collect();
            if let [(_, first), (_, second), ..] = set.as_slice() {
                self.contradiction(first, second);
            }
        }
        for (position, (field, entry)) in seen.iter().enumerate() {
            let earlier = seen
                .iter()
                .take(position)
                .find(|(other, _)| other.name == field.name);
            if let Some((_, earlier)) = earlier {
                self.contradiction(earlier, entry);
            }
        }
    }

    fn contradiction(&mut self, first: &Entry, second: &Entry) {
        let message = format!("`{}` and `{}` exclude each other", first.key, second.key);
        self.report(
            Diagnostic::new(Code::Contradiction, message)
                .with_label(
                    second.key_span,
                    format!("set together with `{}`", first.key),
                )
                .with_label(first.key_span, "the other one")
                .with_help(format!("keep either `{}` or `{}`", first.key, second.key)),
        );
    }
}

/// Where to point at when something is not there: the first key of a mapping.
fn first_line(node: &Node) -> Span {
    node.entries()
        .first()
        .map_or(node.span, |entry| entry.key_span)
}
