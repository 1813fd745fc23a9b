//! Rewriting of paths and authorities, as Envoy does it.

use std::sync::Arc;

use http::HeaderMap;
use regex::bytes::Captures;
use thiserror::Error;

use crate::matcher::path::PathMatch;
use crate::matcher::pattern::Pattern;
use crate::route::{Forward, HostRewrite, PathRewrite, Substitution, SubstitutionPiece};
use crate::split::Part;

#[cfg(test)]
mod tests;

/// Why a replacement is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SubstitutionError {
    /// A backslash stands before something else than a digit or a backslash.
    #[error("a backslash must stand before a digit or another backslash")]
    Escape,
    /// It speaks of a group that the pattern does not have.
    #[error("`\\{group}` is no group: the pattern has {groups}")]
    NoGroup {
        /// The group.
        group: usize,
        /// How many groups the pattern has.
        groups: usize,
    },
}

impl Substitution {
    /// Reads a replacement in RE2's notation: `\1` is a group, `\0` the whole match, `\\` a
    /// backslash.
    pub fn parse(pattern: Pattern, replacement: &str) -> Result<Self, SubstitutionError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut chars = replacement.chars();
        while let Some(char) = chars.next() {
            if char != '\\' {
                text.push(char);
                continue;
            }
            match chars.next() {
                Some('\\') => text.push('\\'),
                Some(digit @ '0'..='9') => {
                    let group = usize::try_from(u32::from(digit) - u32::from('0')).unwrap_or(0);
                    let groups = pattern.groups();
                    if group > groups {
                        return Err(SubstitutionError::NoGroup { group, groups });
                    }
                    if !text.is_empty() {
                        pieces.push(SubstitutionPiece::Text(std::mem::take(&mut text).into()));
                    }
                    pieces.push(SubstitutionPiece::Group(group));
                }
                _ => return Err(SubstitutionError::Escape),
            }
        }
        if !text.is_empty() {
            pieces.push(SubstitutionPiece::Text(text.into()));
        }
        Ok(Self { pattern, pieces })
    }

    /// `text` with every match replaced.
    pub fn apply(&self, text: &str) -> String {
        let replaced = self
            .pattern
            .regex()
            .replace_all(text.as_bytes(), |captures: &Captures<'_>| {
                self.expand(captures)
            });
        String::from_utf8_lossy(&replaced).into_owned()
    }

    fn expand(&self, captures: &Captures<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece {
                SubstitutionPiece::Text(text) => out.extend_from_slice(text.as_bytes()),
                SubstitutionPiece::Group(group) => {
                    let found = captures.get(*group).map(|group| group.as_bytes());
                    out.extend_from_slice(found.unwrap_or_default());
                }
            }
        }
        out
    }
}

impl PathRewrite {
    /// What becomes of a path and query that `matched` has taken; `None` when they stay. The query
    /// is kept.
    pub fn apply(&self, matched: &PathMatch, path_and_query: &str) -> Option<String> {
        let end = path_and_query.find('?').unwrap_or(path_and_query.len());
        let (path, query) = path_and_query.split_at(end);
        let new = match self {
            Self::None => return None,
            Self::Prefix(prefix) => {
                let rest = path.get(matched.replaced(path)..).unwrap_or_default();
                format!("{prefix}{rest}{query}")
            }
            Self::Regex(substitution) => substitution.apply(path) + query,
        };
        Some(new)
    }
}

impl Forward {
    /// The authority that the upstream sees in place of the caller's: the destination's own, else
    /// the route's; `None` when the caller's stays. A rewrite to the endpoint's name is left to
    /// whoever chooses the endpoint.
    pub fn authority(&self, part: &Part, request: &HeaderMap) -> Option<Arc<str>> {
        if let Some(host) = &part.host_rewrite {
            return Some(Arc::clone(host));
        }
        match self.host_rewrite.as_ref()? {
            HostRewrite::Literal(host) => Some(Arc::clone(host)),
            HostRewrite::Header(name) => request.get(name)?.to_str().ok().map(Arc::from),
            HostRewrite::Endpoint => None,
        }
    }
}
