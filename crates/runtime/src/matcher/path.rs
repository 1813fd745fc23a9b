//! A condition on the path, without the query.

use std::fmt;
use std::sync::Arc;

use crate::matcher::pattern::Pattern;
use crate::matcher::string::Place;

/// A condition on the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathMatch {
    /// The path begins with a text, wherever that ends.
    Prefix {
        /// The text.
        prefix: Arc<str>,
        /// Letter case does not count.
        ignore_case: bool,
    },
    /// The path is a text.
    Exact {
        /// The text.
        path: Arc<str>,
        /// Letter case does not count.
        ignore_case: bool,
    },
    /// The path is a text, or begins with it and a slash.
    Segments {
        /// The text, without a slash at its end.
        prefix: Arc<str>,
        /// Letter case does not count.
        ignore_case: bool,
    },
    /// The whole path matches a pattern.
    Regex(Pattern),
    /// The request is a CONNECT, whatever its path.
    Connect,
}

impl PathMatch {
    /// Whether `path` fulfils the condition.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.as_bytes();
        match self {
            Self::Prefix {
                prefix,
                ignore_case,
            } => Place::Start.holds(path, prefix.as_bytes(), *ignore_case),
            Self::Exact {
                path: exact,
                ignore_case,
            } => Place::Whole.holds(path, exact.as_bytes(), *ignore_case),
            Self::Segments {
                prefix,
                ignore_case,
            } => {
                Place::Start.holds(path, prefix.as_bytes(), *ignore_case)
                    && matches!(path.get(prefix.len()), None | Some(b'/'))
            }
            Self::Regex(pattern) => pattern.matches_whole(path),
            Self::Connect => false,
        }
    }

    /// How many bytes of a path that fulfils the condition a prefix rewrite replaces.
    pub fn replaced(&self, path: &str) -> usize {
        match self {
            Self::Prefix { prefix, .. } | Self::Segments { prefix, .. } => prefix.len(),
            Self::Exact { .. } | Self::Regex(_) | Self::Connect => path.len(),
        }
    }
}

/// For humans: `prefix /api`, `path /login`, `path matches /v[0-9]+`.
impl fmt::Display for PathMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, text, ignore_case) = match self {
            Self::Prefix {
                prefix,
                ignore_case,
            } => ("prefix", prefix, ignore_case),
            Self::Exact { path, ignore_case } => ("path", path, ignore_case),
            Self::Segments {
                prefix,
                ignore_case,
            } => ("segments", prefix, ignore_case),
            Self::Regex(pattern) => return write!(f, "path matches {pattern}"),
            Self::Connect => return f.write_str("method CONNECT"),
        };
        write!(f, "{words} {text}")?;
        if *ignore_case {
            f.write_str(" (any case)")?;
        }
        Ok(())
    }
}
