//! A condition on one value: Envoy's `StringMatcher`.

use std::fmt;
use std::sync::Arc;

use crate::matcher::pattern::Pattern;

/// A condition on a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StringMatch {
    /// A condition on its text.
    Text {
        /// Where the text must stand.
        place: Place,
        /// The text.
        text: Arc<str>,
        /// Letter case does not count.
        ignore_case: bool,
    },
    /// The whole value matches a pattern; letter case always counts.
    Regex(Pattern),
}

/// Where a text must stand in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the value.
    Whole,
    /// At the beginning.
    Start,
    /// At the end.
    End,
    /// Anywhere.
    Within,
}

impl StringMatch {
    /// Whether `value` fulfils the condition.
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Text {
                place,
                text,
                ignore_case,
            } => place.holds(value, text.as_bytes(), *ignore_case),
            Self::Regex(pattern) => pattern.matches_whole(value),
        }
    }
}

impl Place {
    /// Whether `text` stands in this place of `value`.
    pub(crate) fn holds(self, value: &[u8], text: &[u8], ignore_case: bool) -> bool {
        let equal = |part: &[u8]| {
            if ignore_case {
                part.eq_ignore_ascii_case(text)
            } else {
                part == text
            }
        };
        match self {
            Self::Whole => equal(value),
            Self::Start => value.get(..text.len()).is_some_and(equal),
            Self::End => value
                .len()
                .checked_sub(text.len())
                .and_then(|start| value.get(start..))
                .is_some_and(equal),
            Self::Within => text.is_empty() || value.windows(text.len()).any(equal),
        }
    }
}

/// For humans: `= jason`, `starts with /api`, `matches v[0-9]+`.
impl fmt::Display for StringMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text {
                place,
                text,
                ignore_case,
            } => {
                let words = match place {
                    Place::Whole => "=",
                    Place::Start => "starts with",
                    Place::End => "ends with",
                    Place::Within => "contains",
                };
                write!(f, "{words} {}", Quoted(text))?;
                if *ignore_case {
                    f.write_str(" (any case)")?;
                }
                Ok(())
            }
            Self::Regex(pattern) => write!(f, "matches {pattern}"),
        }
    }
}

/// A text, in quotes where it would be misread without.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() || self.0.contains([' ', ',', '"']) {
            write!(f, "{:?}", self.0)
        } else {
            f.write_str(self.0)
        }
    }
}
