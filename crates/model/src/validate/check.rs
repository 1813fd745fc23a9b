//! What checks carry along: the path, the places, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Collected, Diagnostic};
use crate::path::{FieldPath, Step};
use crate::schema::MAX_PROBLEMS;
use crate::span::Span;
use crate::tree::{Content, Node};
use crate::validate::text::Fault;

/// The state of checking one object.
pub(super) struct Check<'a> {
    root: &'a Node,
    path: FieldPath,
    found: Collected,
}

impl<'a> Check<'a> {
    pub(super) fn new(root: &'a Node) -> Self {
        Self {
            root,
            path: FieldPath::root(),
            found: Collected::new(MAX_PROBLEMS),
        }
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found.into_vec()
    }

    /// Whether a list at the top was written with something in it. When the typed list is empty
    /// all the same, it could not be read.
    pub(super) fn is_written(&self, name: &str) -> bool {
        let written = self.root.field(name).map(|node| &node.content);
        !matches!(written, None | Some(Content::Null)) && !self.is_empty_list(name)
    }

    fn is_empty_list(&self, name: &str) -> bool {
        let written = self.root.field(name).map(|node| &node.content);
        matches!(written, Some(Content::List(items)) if items.is_empty())
    }

    /// Runs `check` at a field.
    pub(super) fn field<T>(&mut self, name: &str, check: impl FnOnce(&mut Self) -> T) -> T {
        self.step(Step::Name(name.to_owned()), check)
    }

    fn step<T>(&mut self, step: Step, check: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = check(self);
        self.path.pop();
        result
    }

    /// Runs `check` at a field that is set.
    pub(super) fn some<T>(
        &mut self,
        name: &str,
        value: Option<&T>,
        check: impl FnOnce(&mut Self, &T),
    ) {
        if let Some(value) = value {
            self.field(name, |c| check(c, value));
        }
    }

    /// Runs `check` at each element of a list field.
    pub(super) fn each<T>(&mut self, name: &str, items: &[T], check: impl Fn(&mut Self, &T)) {
        self.field(name, |c| {
            for (index, item) in items.iter().enumerate() {
                c.step(Step::Index(index), |c| check(c, item));
            }
        });
    }

    /// Runs `check` at one element of the list here.
    pub(super) fn element<T>(&mut self, index: usize, check: impl FnOnce(&mut Self) -> T) -> T {
        self.step(Step::Index(index), check)
    }

    /// Runs `check` at each entry of a map field.
    pub(super) fn entries<T>(
        &mut self,
        name: &str,
        map: &BTreeMap<String, T>,
        check: impl Fn(&mut Self, &str, &T),
    ) {
        self.field(name, |c| {
            for (key, value) in map {
                c.field(key, |c| check(c, key, value));
            }
        });
    }

    /// Reports something about the value here.
    pub(super) fn report(&mut self, code: Code, message: impl Into<String>, help: &str) {
        if self.found.is_full() {
            self.found.push(Diagnostic::new(code, ""));
            return;
        }
        let mut diagnostic = Diagnostic::new(code, message).at(self.path.clone());
        if !help.is_empty() {
            diagnostic.help = Some(help.to_owned());
        }
        self.found.push(diagnostic.with_label(self.span(), ""));
    }

    /// Reports something about a field here.
    pub(super) fn report_at(
        &mut self,
        name: &str,
        code: Code,
        message: impl Into<String>,
        help: &str,
    ) {
        self.field(name, |c| c.report(code, message, help));
    }

    /// Reports the value here when it does not have the form that `verdict` found missing.
    pub(super) fn expect(&mut self, code: Code, verdict: Result<(), Fault>) {
        if let Err(fault) = verdict {
            self.report(code, fault.message, fault.help);
        }
    }

    /// Reports elements of a list field that repeat an earlier one.
    pub(super) fn unique<K: Ord + std::fmt::Display>(
        &mut self,
        name: &str,
        what: &str,
        keys: impl Iterator<Item = K>,
    ) {
        let mut seen = BTreeSet::new();
        for (index, key) in keys.enumerate() {
            if seen.contains(&key) {
                let message = format!("{what} `{key}` is there already");
                self.path.push(Step::Name(name.to_owned()));
                self.element(index, |c| c.report(Code::Repeated, message, ""));
                self.path.pop();
            }
            seen.insert(key);
        }
    }

    /// Where the value here was written: a scalar itself, the key of anything larger, or what is
    /// around it.
    fn span(&self) -> Span {
        let mut path = self.path.clone();
        loop {
            if let Some((node, key)) = self.root.at(&path) {
                let first = node.entries().first().map(|entry| entry.key_span);
                return match node.content {
                    Content::Map(_) if path.is_root() || key == node.span => first.unwrap_or(key),
                    Content::Map(_) | Content::List(_) | Content::Null => key,
                    _ => node.span,
                };
            }
            if path.pop().is_none() {
                return self.root.span;
            }
        }
    }
}
