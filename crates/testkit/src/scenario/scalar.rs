//! YAML of a block with the lines of the file, and scalars as text.

use sealane_model::parse::parse_value;
use sealane_model::tree::{Content, Node};

use super::markdown::Block;
use super::problem::Problem;

/// Where the lines of a block begin in its file, and where its problems go.
pub(super) struct Place<'a> {
    /// Lines of the file before the block's text.
    pub(super) offset: usize,
    /// What was found wrong so far.
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Place<'_> {
    /// The line of the file that a value begins on.
    pub(super) fn line(&self, node: &Node) -> usize {
        self.offset + usize::try_from(node.span.line).unwrap_or(0).max(1)
    }

    /// Notes a problem with a value.
    pub(super) fn problem(&mut self, node: &Node, what: impl Into<String>) {
        let line = self.line(node);
        self.problems.push(Problem::at(line, what));
    }

    /// The items of a list; a value of another shape is a problem, nothing is an empty list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.content {
            Content::List(items) => return items,
            Content::Null => {}
            Content::Map(_) | Content::Bool(..) | Content::Number(..) | Content::String(_) => {
                self.problem(node, format!("expected {what}, found {}", node.describe()));
            }
        }
        &[]
    }

    /// A whole number from 1 up.
    pub(super) fn count(&mut self, node: &Node) -> u32 {
        match text(node).and_then(|text| text.parse().ok()) {
            Some(count) if count > 0 => count,
            _ => {
                self.problem(node, "expected a whole number from 1 up");
                1
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, node: &Node) -> bool {
        if let Content::Bool(value, _) = node.content {
            return value;
        }
        self.problem(node, "expected true or false");
        false
    }

    /// A scalar's text.
    pub(super) fn text(&mut self, node: &Node) -> String {
        if let Some(text) = text(node) {
            return text;
        }
        self.problem(node, format!("expected a text, found {}", node.describe()));
        String::new()
    }
}

/// The text of a scalar as it was written; nothing for `null`, lists and mappings.
pub(super) fn text(node: &Node) -> Option<String> {
    match &node.content {
        Content::Bool(_, written) | Content::Number(_, written) => Some(written.to_string()),
        Content::String(text) => Some(text.clone()),
        Content::Null | Content::List(_) | Content::Map(_) => None,
    }
}

/// The value of a block; an empty block is `null`.
pub(super) fn parse(block: &Block, problems: &mut Vec<Problem>) -> Option<Node> {
    match parse_value(&block.text) {
        Ok(node) => Some(node),
        Err(diagnostics) => {
            problems.extend(diagnostics.iter().map(|diagnostic| {
                let line = usize::try_from(diagnostic.span().line).unwrap_or(0).max(1);
                Problem::at(block.line - 1 + line, diagnostic.message.clone())
            }));
            None
        }
    }
}
