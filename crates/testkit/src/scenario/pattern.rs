//! Text that must be equal, or be found by a regular expression.

use regex::Regex;

/// What a text must be.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Equal to this.
    Exact(String),
    /// Found anywhere; written `~regex`.
    Found(Regex),
}

impl Pattern {
    /// Reads a text or `~regex`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('~') {
            None => Ok(Self::Exact(text.to_owned())),
            Some(regex) => Regex::new(regex)
                .map(Self::Found)
                .map_err(|error| format!("`{regex}` is no regular expression: {error}")),
        }
    }

    /// Whether the text is as wanted.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == text,
            Self::Found(regex) => regex.is_match(text),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a == b,
            (Self::Found(a), Self::Found(b)) => a.as_str() == b.as_str(),
            (Self::Exact(_), Self::Found(_)) | (Self::Found(_), Self::Exact(_)) => false,
        }
    }
}
