//! Envoy's format strings: text with `%…%` operators.

use std::sync::Arc;

/// A compiled format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(Arc<str>),
    /// `%NAME(arguments):length%`.
    Operator {
        /// The operator: `REQ`, `DOWNSTREAM_REMOTE_ADDRESS`.
        name: Arc<str>,
        /// What stands in its parentheses.
        arguments: Option<Arc<str>>,
        /// The most characters of the value.
        length: Option<usize>,
    },
}

impl Format {
    /// The text, looked up operator by operator; one without a value becomes `absent`.
    pub fn render(
        &self,
        absent: &str,
        mut value: impl FnMut(&str, Option<&str>) -> Option<String>,
    ) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Operator {
                    name,
                    arguments,
                    length,
                } => match value(name, arguments.as_deref()) {
                    Some(value) => out.extend(value.chars().take(length.unwrap_or(usize::MAX))),
                    None => out.push_str(absent),
                },
            }
        }
        out
    }
}
