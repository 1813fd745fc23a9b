//! Regular expressions in RE2's notation.

use std::fmt;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use thiserror::Error;

use crate::matcher::re2;

/// The most memory that one compiled pattern may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// A pattern in RE2's notation, compiled. Matching takes time linear in the value.
///
/// Two are equal when they were written alike.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: Arc<str>,
    /// Anchored at both ends.
    whole: Regex,
    /// Not anchored.
    free: Regex,
}

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is not a regular expression.
    #[error("not a regular expression: {0}")]
    Syntax(String),
    /// Compiled, it would be too large.
    #[error("the regular expression takes more than {SIZE_LIMIT} bytes when compiled")]
    TooLarge,
}

impl Pattern {
    /// Compiles `source`, written for RE2.
    pub fn parse(source: &str) -> Result<Self, PatternError> {
        let translated = re2::translate(source);
        let free = compile(&translated)?;
        // `free` compiled, so that its parentheses are balanced and the wrapping keeps its meaning.
        let whole = compile(&format!("\\A(?:{translated})\\z"))?;
        Ok(Self {
            source: source.into(),
            whole,
            free,
        })
    }

    /// Whether the whole of `value` matches.
    pub fn matches_whole(&self, value: &[u8]) -> bool {
        self.whole.is_match(value)
    }

    /// How many groups it has, the whole match not counted.
    pub fn groups(&self) -> usize {
        self.free.captures_len() - 1
    }

    /// The compiled pattern, not anchored.
    pub(crate) fn regex(&self) -> &Regex {
        &self.free
    }
}

fn compile(source: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(source)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            // The last line says what is wrong; those before it draw where.
            other => PatternError::Syntax(
                other
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            ),
        })
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        Pattern::parse(pattern)
            .unwrap()
            .matches_whole(value.as_bytes())
    }

    #[test]
    fn the_whole_value_must_match() {
        assert!(matches("/v[0-9]+", "/v1"));
        assert!(!matches("/v[0-9]+", "/v1/x"));
        assert!(!matches("/v[0-9]+", "x/v1"));
        assert!(matches("a|b", "b"));
        assert!(!matches("a|b", "ab"));
        assert!(!matches("a$", "a\n"));
    }

    #[test]
    fn classes_are_ascii_as_in_re2() {
        assert!(matches(r"\d+", "42"));
        assert!(!matches(r"\d+", "\u{0664}\u{0662}"));
        assert!(!matches(r"\w+", "\u{fc}"));
        assert!(matches(r"[^\d]", "\u{0664}"));
        assert!(matches(r"(?i)stra.e", "STRA\u{df}E"));
        assert!(matches(r"\D+", "a\u{0664}") && !matches(r"\D", "4"));
        assert!(matches(r"\W+", "-\u{fc}") && !matches(r"\W", "u"));
        assert!(matches(r"\s+", " \t") && !matches(r"\s", "\u{a0}"));
        assert!(matches(r"\S+", "a\u{a0}") && !matches(r"\S", " "));
        assert!(matches(r"a\b\x{fc}", "a\u{fc}") && !matches(r"a\bu", "au"));
        assert!(matches(r"\p{Greek}\PN[\x{61}\pL]", "\u{3b1}xa"));
    }

    #[test]
    fn re2_literals_that_the_engine_reserves_stay_literal() {
        assert!(matches("/users/{id}", "/users/{id}"));
        assert!(matches("a{2}", "aa"));
        assert!(matches("[[]x", "[x"));
        assert!(matches("[a&&b]+", "a&b"));
        assert!(matches("[[:digit:]&&b]+", "1&b"));
        assert!(matches("[a]{id}", "a{id}"));
        assert!(matches(r"\<b\>", "<b>"));
        assert!(matches(r"\Qa.b\E", "a.b"));
        assert!(matches(r"[\w.-]+@x", "a.b-c@x"));
        assert!(matches(r"[[:alpha:]]+", "ab"));
    }

    #[test]
    fn the_cookie_pattern_of_istios_documents_works() {
        let pattern = r"^(.*?;)?\s*(group=beta)(;.*)?$";
        assert!(matches(pattern, "group=beta"));
        assert!(matches(pattern, "a=1; group=beta; b=2"));
        assert!(!matches(pattern, "xgroup=beta"));
    }

    #[test]
    fn patterns_are_equal_when_they_are_written_alike() {
        let parse = |source| Pattern::parse(source).unwrap();
        assert_eq!(parse("a+"), parse("a+"));
        assert_ne!(parse("a+"), parse("aa*"));
        assert_eq!(parse("a+").to_string(), "a+");
    }

    #[test]
    fn broken_and_huge_patterns_are_refused() {
        assert!(matches!(
            Pattern::parse("a)|(b"),
            Err(PatternError::Syntax(_))
        ));
        assert!(matches!(Pattern::parse("("), Err(PatternError::Syntax(_))));
        assert!(matches!(
            Pattern::parse("((a{1000}){1000}){9}"),
            Err(PatternError::TooLarge)
        ));
    }
}
