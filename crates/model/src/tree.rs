//! A document as a tree that knows where each key and value was written.

use serde_json::{Number, Value};

use crate::path::{FieldPath, Step};
use crate::span::Span;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What was written.
    pub content: Content,
    /// Where.
    pub span: Span,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean, and the text it was written as: `true`, `yes`, `off`.
    Bool(bool, Box<str>),
    /// A number, and the text it was written as.
    Number(Number, Box<str>),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text; keys are unique.
    Map(Vec<Entry>),
}

/// One key and value of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node that was not written in a file.
    pub fn unplaced(content: Content) -> Self {
        Self {
            content,
            span: Span::NONE,
        }
    }

    /// The value of a key, when this is a mapping that has it.
    pub fn field(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, when this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a string node.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::String(text) => Some(text),
            _ => None,
        }
    }

    /// What to call this value in a sentence: `a string`, `a list`.
    pub fn describe(&self) -> &'static str {
        match &self.content {
            Content::Null => "nothing",
            Content::Bool(..) => "a boolean",
            Content::Number(..) => "a number",
            Content::String(_) => "a string",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// The node at a path, and the span of the key that leads to it (its own span for elements
    /// of lists).
    pub fn at(&self, path: &FieldPath) -> Option<(&Self, Span)> {
        let mut found = (self, self.span);
        for step in path.steps() {
            found = found.0.step(step)?;
        }
        Some(found)
    }

    fn step(&self, step: &Step) -> Option<(&Self, Span)> {
        match step {
            Step::Name(name) => self.entry(name).map(|entry| (&entry.value, entry.key_span)),
            Step::Index(index) => self.items().get(*index).map(|item| (item, item.span)),
        }
    }

    /// The same value without places.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value, _) => Value::Bool(*value),
            Content::Number(number, _) => Value::Number(number.clone()),
            Content::String(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        }
    }

    /// A tree without places from a JSON value.
    pub fn from_json(value: &Value) -> Self {
        Self::unplaced(match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value, value.to_string().into_boxed_str()),
            Value::Number(number) => {
                Content::Number(number.clone(), number.to_string().into_boxed_str())
            }
            Value::String(text) => Content::String(text.clone()),
            Value::Array(items) => Content::List(items.iter().map(Self::from_json).collect()),
            Value::Object(fields) => Content::Map(fields.iter().map(entry_from_json).collect()),
        })
    }
}

fn entry_from_json((key, value): (&String, &Value)) -> Entry {
    Entry {
        key: key.clone(),
        key_span: Span::NONE,
        value: Node::from_json(value),
    }
}
