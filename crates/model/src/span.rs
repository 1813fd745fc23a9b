//! A place in a source text.

/// A half-open range of bytes of one file, with the line and column where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte, counted from the start of the file.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte, from 1; 0 in [`Span::NONE`].
    pub line: u32,
    /// Column of the first byte in characters, from 1; 0 in [`Span::NONE`].
    pub column: u32,
}

impl Span {
    /// The span of what was not written in a file (an API body, a default).
    pub const NONE: Self = Self {
        start: 0,
        end: 0,
        line: 0,
        column: 0,
    };

    /// Whether this is [`Span::NONE`].
    pub fn is_none(&self) -> bool {
        self.line == 0
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::NONE
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
