//! Texts and API bodies become objects and diagnostics.
//!
//! A text may hold several YAML documents, JSON, and lists of objects. A document with an error
//! gives no object; all its errors are reported, and the other documents are read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use files::{in_order, is_manifest};
pub use read::{MAX_ALIASES, MAX_DEPTH, MAX_NODES};

use crate::diagnostic::{Code, Collected, Diagnostic};
use crate::kind::ObjectKey;
use crate::resource::{Object, Source};
use crate::span::Span;
use crate::tree::{Content, Entry, Node};
use identify::Identity;
use place::Places;
use read::{Budget, Failure};
use split::Document;

mod files;
mod guess;
mod identify;
mod keys;
mod object;
mod place;
mod read;
mod repair;
mod scalar;
mod split;
mod spoiled;

#[cfg(test)]
mod tests;

/// How many problems of one file are told.
pub const MAX_DIAGNOSTICS: usize = 1_000;
/// How large a file may be, in bytes.
pub const MAX_FILE: usize = 4 * 1024 * 1024;

/// A text and the name that diagnostics call it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user named it, or `-` for standard input.
    pub path: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// What parsing depends on beside the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The namespace of objects that name none.
    pub default_namespace: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_namespace: "default".to_owned(),
        }
    }
}

/// What a text holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// The objects, in the order of the text.
    pub objects: Vec<Object>,
    /// The objects that were not taken because of an error, where their names are known.
    pub rejected: Vec<Rejected>,
    /// Everything that is wrong or surprising, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects of each other kind were read past.
    pub skipped: BTreeMap<String, usize>,
}

/// An object that was not taken because of an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// Its name.
    pub key: ObjectKey,
    /// The document that it was read from; `None` for API bodies.
    pub source: Option<Source>,
}

impl Parsed {
    /// Whether anything could not be taken.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Adds what another text holds.
    pub fn extend(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.rejected.extend(other.rejected);
        self.diagnostics.extend(other.diagnostics);
        for (kind, count) in other.skipped {
            *self.skipped.entry(kind).or_default() += count;
        }
    }
}

impl SourceFile {
    /// A text with a name.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// The bytes of a file; a diagnostic when they are not UTF-8.
    pub fn from_bytes(path: impl Into<Arc<str>>, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let path = path.into();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                path,
                text: text.into(),
            }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let valid = error.as_bytes().get(..at).unwrap_or_default();
                let span = end_of(&String::from_utf8_lossy(valid));
                let message = format!("byte {at} is not UTF-8");
                let found = Diagnostic::new(Code::Encoding, message).in_file(path);
                Err(Box::new(found.with_label(span, "")))
            }
        }
    }
}

/// The place behind the last character of a text.
fn end_of(text: &str) -> Span {
    let (lines, last) = match text.rsplit_once('\n') {
        Some((before, last)) => (before.matches('\n').count() + 1, last),
        None => (0, text),
    };
    let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    Span {
        start: text.len(),
        end: text.len(),
        line: number(lines),
        column: number(last.chars().count()),
    }
}

/// Reads a text. It never fails: what is wrong is in the diagnostics.
pub fn parse_text(file: &SourceFile, options: &Options) -> Parsed {
    let mut reader = Reader::new(Some(&file.path), options);
    if file.text.len() > MAX_FILE {
        let message = format!(
            "the file has {} bytes, more than {MAX_FILE}",
            file.text.len()
        );
        reader.report(Diagnostic::new(Code::Budget, message), None);
        return reader.finish();
    }
    let mut budget = Budget::default();
    for document in split::documents(&file.text) {
        reader.document(&document, &mut budget);
    }
    reader.finish()
}

/// Reads a body of the API: one object, or a list of them.
pub fn parse_json(value: &Value, options: &Options) -> Parsed {
    let mut reader = Reader::new(None, options);
    reader.root(&Arc::new(Node::from_json(value)), false);
    reader.finish()
}

/// Reads a text that declares no objects: one YAML document, whatever it means. An empty text is
/// null; the places count from the start of the text.
pub fn parse_value(text: &str) -> Result<Node, Vec<Diagnostic>> {
    let documents = split::documents(text);
    let Some(document) = documents.first() else {
        return Ok(Node::unplaced(Content::Null));
    };
    let places = Places::new(document);
    let mut diagnostics = match read::read(document, &places, &mut Budget::default()) {
        Ok(read) if read.rest.is_empty() && read.diagnostics.is_empty() && documents.len() == 1 => {
            return Ok(read.root);
        }
        Ok(read) => read.diagnostics,
        Err(Failure::Budget(diagnostic)) => vec![*diagnostic],
        Err(Failure::Syntax(error)) => {
            vec![repair::explain(document, &places, &error).diagnostic]
        }
    };
    if diagnostics.is_empty() {
        let message = "expected one YAML document";
        diagnostics.push(Diagnostic::new(Code::Syntax, message));
    }
    Err(diagnostics)
}

struct Reader<'a> {
    file: Option<&'a Arc<str>>,
    options: &'a Options,
    parsed: Parsed,
    found: Collected,
}

impl<'a> Reader<'a> {
    fn new(file: Option<&'a Arc<str>>, options: &'a Options) -> Self {
        Self {
            file,
            options,
            parsed: Parsed::default(),
            found: Collected::new(MAX_DIAGNOSTICS),
        }
    }

    fn finish(mut self) -> Parsed {
        self.parsed.diagnostics = self.found.into_vec();
        self.parsed
    }

    fn report(&mut self, mut diagnostic: Diagnostic, key: Option<&ObjectKey>) {
        diagnostic.file = self.file.cloned();
        if diagnostic.object.is_none() {
            diagnostic.object = key.cloned();
        }
        self.found.push(diagnostic);
    }

    fn reject(&mut self, key: Option<ObjectKey>, root: &Arc<Node>) {
        let source = self.file.map(|file| Source {
            file: Arc::clone(file),
            span: root.span,
            tree: Arc::clone(root),
        });
        let rejected = key.map(|key| Rejected { key, source });
        self.parsed.rejected.extend(rejected);
    }

    fn document(&mut self, document: &Document<'_>, budget: &mut Budget) {
        if let Some(diagnostic) = spoiled::spoiled(document) {
            self.report(diagnostic, None);
            return;
        }
        let places = Places::new(document);
        match read::read(document, &places, budget) {
            Ok(read) => self.whole(read, false),
            Err(Failure::Budget(diagnostic)) => self.report(*diagnostic, None),
            Err(Failure::Syntax(error)) => {
                let repair = repair::explain(document, &places, &error);
                self.report(repair.diagnostic, None);
                let mended = repair.mended.as_deref();
                if let Some(text) = mended {
                    let document = Document { text, ..*document };
                    if let Ok(read) = read::read(&document, &places, budget) {
                        self.whole(read, true);
                    }
                }
            }
        }
    }

    fn whole(&mut self, read: read::Read, broken: bool) {
        let broken = broken || read.diagnostics.iter().any(Diagnostic::is_error);
        for diagnostic in read.diagnostics {
            self.report(diagnostic, None);
        }
        for root in std::iter::once(read.root).chain(read.rest) {
            self.root(&Arc::new(root), broken);
        }
    }

    /// Reads one object or list. Of a broken document only the diagnostics are kept.
    fn root(&mut self, root: &Arc<Node>, broken: bool) {
        if root.content == Content::Null {
            return;
        }
        if let Some(items) = list_items(root) {
            for item in items {
                self.root(&Arc::new(item), broken);
            }
            return;
        }
        match identify::identify(root) {
            Identity::Known(kind) => {
                let namespace = &self.options.default_namespace;
                let outcome = object::object(kind, root, self.file, namespace);
                for diagnostic in outcome.diagnostics {
                    self.report(diagnostic, outcome.key.as_ref());
                }
                match outcome.object.filter(|_| !broken) {
                    Some(object) => self.parsed.objects.push(object),
                    None => self.reject(outcome.key, root),
                }
            }
            Identity::Other(kind) => *self.parsed.skipped.entry(kind).or_default() += 1,
            Identity::Wrong(diagnostic, guessed) => {
                self.report(diagnostic, None);
                let Some(kind) = guessed else { return };
                let body = if kind.is_istio() {
                    guess::body_of(root)
                } else {
                    Cow::Borrowed(&**root)
                };
                for diagnostic in object::fragment(kind, &body) {
                    self.report(diagnostic, None);
                }
            }
        }
    }
}

/// The objects of a `List`. Elements of a typed list (`VirtualServiceList`) may leave out what
/// the list says.
fn list_items(root: &Node) -> Option<Vec<Node>> {
    let kind = root
        .field("kind")
        .and_then(Node::text)?
        .strip_suffix("List")?;
    let version = root.entry("apiVersion")?;
    let items = match root.field("items") {
        Some(items) if items.content != Content::Null => items,
        _ => return Some(Vec::new()),
    };
    let Content::List(items) = &items.content else {
        return None;
    };
    let complete = |item: &Node| {
        let mut item = item.clone();
        if let Content::Map(entries) = &mut item.content
            && !kind.is_empty()
        {
            if !entries.iter().any(|entry| entry.key == "apiVersion") {
                entries.push(version.clone());
            }
            if !entries.iter().any(|entry| entry.key == "kind") {
                let value = Node::unplaced(Content::String(kind.to_owned()));
                let key_span = Span::NONE;
                entries.push(Entry {
                    key: "kind".to_owned(),
                    key_span,
                    value,
                });
            }
        }
        item
    };
    Some(items.iter().map(complete).collect())
}
