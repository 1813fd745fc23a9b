//! From the YAML parser's positions in a document to places in the file.

use saphyr_parser::{Marker, Span as Marked};

use crate::parse::split::Document;
use crate::span::Span;

/// The places of one document.
#[derive(Debug)]
pub(super) struct Places {
    offset: usize,
    line: u32,
    /// Byte of each character; empty when every character is one byte.
    bytes: Vec<usize>,
    length: usize,
}

impl Places {
    pub(super) fn new(document: &Document<'_>) -> Self {
        let bytes = if document.text.is_ascii() {
            Vec::new()
        } else {
            document.text.char_indices().map(|(byte, _)| byte).collect()
        };
        let Document { text, offset, line } = *document;
        Self {
            offset,
            line,
            bytes,
            length: text.len(),
        }
    }

    fn byte(&self, marker: &Marker) -> usize {
        let byte = if self.bytes.is_empty() {
            marker.index()
        } else {
            self.bytes
                .get(marker.index())
                .copied()
                .unwrap_or(self.length)
        };
        self.offset + byte.min(self.length)
    }

    /// The place of something the parser marked.
    pub(super) fn span(&self, marked: &Marked) -> Span {
        let line = u32::try_from(marked.start.line()).unwrap_or(u32::MAX);
        let column = u32::try_from(marked.start.col()).unwrap_or(u32::MAX);
        Span {
            start: self.byte(&marked.start),
            end: self.byte(&marked.end).max(self.byte(&marked.start)),
            line: line.saturating_add(self.line - 1),
            column: column.saturating_add(1),
        }
    }

    /// The place of one character.
    pub(super) fn point(&self, marker: &Marker) -> Span {
        let next = Marker::new(marker.index() + 1, marker.line(), marker.col() + 1);
        self.span(&Marked::new(*marker, next))
    }
}
