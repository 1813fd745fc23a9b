//! `Warning` headers: what is surprising about a change that was made, for whoever made it.

use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use http::HeaderValue;
use http::header::WARNING;
use sealane_model::diagnostic::Diagnostic;

use crate::api::status::sentence;

/// Warnings of one answer, at most.
const MAX_WARNINGS: usize = 20;
/// Bytes of one warning, at most.
const MAX_BYTES: usize = 1_000;

/// What is surprising, one sentence each.
#[derive(Debug, Clone, Default)]
pub(in crate::api) struct Warnings(Vec<String>);

impl Warnings {
    /// Adds a sentence, once.
    pub(in crate::api) fn push(&mut self, sentence: String) {
        if !self.0.contains(&sentence) {
            self.0.push(sentence);
        }
    }

    /// Adds findings.
    pub(in crate::api) fn extend<'a>(&mut self, found: impl Iterator<Item = &'a Diagnostic>) {
        for found in found {
            self.push(sentence(found));
        }
    }
}

impl IntoResponseParts for Warnings {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        let values = self.0.iter().take(MAX_WARNINGS);
        for value in values.filter_map(|sentence| header(sentence)) {
            parts.headers_mut().append(WARNING, value);
        }
        Ok(parts)
    }
}

/// `299 - "TEXT"`: miscellaneous, from nobody in particular.
fn header(sentence: &str) -> Option<HeaderValue> {
    let mut text = String::new();
    for c in sentence.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
        if text.len() >= MAX_BYTES {
            break;
        }
    }
    HeaderValue::from_bytes(format!("299 - \"{text}\"").as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_quoted() {
        let value = header("say \"x\"\nor `y`").unwrap();
        assert_eq!(value.as_bytes(), br#"299 - "say \"x\" or `y`""#);
        assert!(header(&"x".repeat(100_000)).unwrap().len() < 2_000);
    }
}
