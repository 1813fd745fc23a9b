//! YAML events become a tree with places. Budgets bound what a document can cost.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marked, Tag};

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::keys::{Mapping, duplicate, is_mergeable, key_of, measure, missing_separator};
use crate::parse::place::Places;
use crate::parse::scalar::{self, Meaning};
use crate::parse::split::Document;
use crate::span::Span;
use crate::tree::{Content, Entry, Node};

/// How deep lists and mappings may be nested.
pub const MAX_DEPTH: usize = 64;
/// How many keys, values and elements a document may hold: a VirtualService of 10,000 rules has
/// some 200,000, and is about as large as what Kubernetes keeps of one object.
pub const MAX_NODES: usize = 400_000;
/// How many keys, values and elements aliases may add to a file.
const MAX_COPIES: usize = 100_000;
/// How many aliases (`*name`) a file may use.
pub const MAX_ALIASES: usize = 1_000;

/// What is left of the budgets of a file.
#[derive(Debug)]
pub(super) struct Budget {
    /// Values of this document.
    nodes: usize,
    /// Aliases of the file.
    aliases: usize,
    /// Values that aliases add to the file.
    copies: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            nodes: MAX_NODES,
            aliases: MAX_ALIASES,
            copies: MAX_COPIES,
        }
    }
}

/// Why a document could not be read.
#[derive(Debug)]
pub(super) enum Failure {
    /// The YAML is malformed.
    Syntax(ScanError),
    /// A budget is used up.
    Budget(Box<Diagnostic>),
}

/// A document as read.
#[derive(Debug)]
pub(super) struct Read {
    /// Its tree.
    pub(super) root: Node,
    /// More objects of the same document, of which each begins with a repeated `apiVersion` or
    /// `kind`: a `---` is missing.
    pub(super) rest: Vec<Node>,
    /// What was found on the way.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads one document.
pub(super) fn read(
    document: &Document<'_>,
    places: &Places,
    budget: &mut Budget,
) -> Result<Read, Failure> {
    budget.nodes = MAX_NODES;
    let mut builder = Builder::new(places, budget);
    let mut parser = Parser::new_from_str(document.text);
    while let Some(event) = parser.next_event() {
        let (event, marked) = event.map_err(Failure::Syntax)?;
        builder.event(event, &marked).map_err(Failure::Budget)?;
    }
    let root = builder.root.unwrap_or(Node {
        content: Content::Null,
        span: Span::NONE,
    });
    let rest = builder
        .rest
        .into_iter()
        .map(|mapping| mapping.finish(None))
        .collect();
    Ok(Read {
        root,
        rest,
        diagnostics: builder.diagnostics,
    })
}

/// A list or mapping that is being read.
enum Frame {
    List {
        items: Vec<Node>,
        start: Span,
        anchor: usize,
    },
    Map {
        mapping: Mapping,
        start: Span,
        anchor: usize,
        key: Option<(String, Span)>,
        merge: Vec<Node>,
    },
}

struct Builder<'a> {
    places: &'a Places,
    budget: &'a mut Budget,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    rest: Vec<Mapping>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn new(places: &'a Places, budget: &'a mut Budget) -> Self {
        Self {
            places,
            budget,
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            root: None,
            rest: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, marked: &Marked) -> Result<(), Box<Diagnostic>> {
        let span = self.places.span(marked);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(span)?;
                let node = self.scalar(&text, style, tag.as_deref(), span);
                self.remember(anchor, &node)?;
                self.deliver(node);
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::SequenceStart(anchor, _) => {
                self.open(
                    Frame::List {
                        items: Vec::new(),
                        start: span,
                        anchor,
                    },
                    span,
                )?;
            }
            Event::MappingStart(anchor, _) => {
                let mapping = Mapping::default();
                let merge = Vec::new();
                self.open(
                    Frame::Map {
                        mapping,
                        start: span,
                        anchor,
                        key: None,
                        merge,
                    },
                    span,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn spend(&mut self, span: Span) -> Result<(), Box<Diagnostic>> {
        let left = self.budget.nodes.checked_sub(1);
        let message = || format!("the document has more than {MAX_NODES} values");
        self.budget.nodes = left.ok_or_else(|| over_budget(message(), span))?;
        Ok(())
    }

    fn open(&mut self, frame: Frame, span: Span) -> Result<(), Box<Diagnostic>> {
        self.spend(span)?;
        if self.stack.len() >= MAX_DEPTH {
            return Err(over_budget(format!("nested deeper than {MAX_DEPTH}"), span));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Box<Diagnostic>> {
        let left = self.budget.aliases.checked_sub(1);
        self.budget.aliases =
            left.ok_or_else(|| over_budget(format!("more than {MAX_ALIASES} aliases"), span))?;
        // The parser refuses aliases of anchors that do not exist; inside its own anchor an
        // alias has no value yet.
        let Some(node) = self.anchors.get(&anchor) else {
            self.diagnostics.push(
                Diagnostic::new(Code::Syntax, "an alias inside the value that it stands for")
                    .with_label(span, ""),
            );
            self.deliver(Node {
                content: Content::Null,
                span,
            });
            return Ok(());
        };
        let (_, depth) = measure(node);
        if self.stack.len() + depth > MAX_DEPTH {
            return Err(over_budget(format!("nested deeper than {MAX_DEPTH}"), span));
        }
        let node = node.clone();
        self.copy(&node, span)?;
        self.deliver(node);
        Ok(())
    }

    /// Counts a copy of a tree.
    fn copy(&mut self, node: &Node, span: Span) -> Result<(), Box<Diagnostic>> {
        let (cost, _) = measure(node);
        let left = self.budget.copies.checked_sub(cost);
        let message = || format!("anchors and aliases copy more than {MAX_COPIES} values");
        self.budget.copies = left.ok_or_else(|| over_budget(message(), span))?;
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        let tag = tag
            .filter(|tag| tag.is_yaml_core_schema())
            .map(|tag| tag.suffix.as_str());
        let content = match scalar::meaning(text, style, tag) {
            Meaning::Value(content) => content,
            Meaning::Surprising(content) => {
                let value = Node {
                    content: content.clone(),
                    span,
                }
                .to_json();
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::AmbiguousScalar,
                        format!("`{text}` is read as {value}"),
                    )
                    .with_label(span, "begins with a zero")
                    .with_help(format!("write {value}, or \"{text}\" if it is a text")),
                );
                content
            }
            Meaning::Impossible(why) => {
                self.diagnostics
                    .push(Diagnostic::new(Code::WrongType, why).with_label(span, ""));
                Content::Null
            }
        };
        Node { content, span }
    }

    fn remember(&mut self, anchor: usize, node: &Node) -> Result<(), Box<Diagnostic>> {
        if anchor != 0 {
            self.copy(node, node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Box<Diagnostic>> {
        let (node, anchor) = match self.stack.pop() {
            Some(Frame::List {
                items,
                start,
                anchor,
            }) => {
                let end = items.last().map_or(start.end, |item| item.span.end);
                let span = Span { end, ..start };
                (
                    Node {
                        content: Content::List(items),
                        span,
                    },
                    anchor,
                )
            }
            Some(Frame::Map {
                mut mapping,
                start,
                anchor,
                merge,
                ..
            }) => {
                mapping.merge(merge);
                (mapping.finish(Some(start)), anchor)
            }
            None => return Ok(()),
        };
        self.remember(anchor, &node)?;
        self.deliver(node);
        Ok(())
    }

    /// Puts a finished value into what is around it.
    fn deliver(&mut self, node: Node) {
        let top = self.stack.len() == 1;
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        let (mapping, key, merge) = match frame {
            Frame::List { items, .. } => return items.push(node),
            Frame::Map {
                mapping,
                key,
                merge,
                ..
            } => (mapping, key, merge),
        };
        let Some((name, key_span)) = key.take() else {
            *key = Some(key_of(node, &mut self.diagnostics));
            return;
        };
        if name == "<<" && is_mergeable(&node) {
            return merge.push(node);
        }
        let entry = Entry {
            key: name,
            key_span,
            value: node,
        };
        let target = self.rest.last_mut().filter(|_| top).unwrap_or(mapping);
        match target.find(&entry.key) {
            None => target.push(entry),
            Some(first) if top && matches!(entry.key.as_str(), "apiVersion" | "kind") => {
                self.diagnostics.push(missing_separator(first, &entry));
                let mut next = Mapping::default();
                next.push(entry);
                self.rest.push(next);
            }
            Some(first) => self.diagnostics.push(duplicate(first, &entry)),
        }
    }
}

fn over_budget(message: String, span: Span) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::new(Code::Budget, message);
    Box::new(diagnostic.with_label(span, "the limit is reached here"))
}
