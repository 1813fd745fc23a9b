//! Which virtual host has an authority.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Envoy's domain search: exact, longest `*suffix`, longest `prefix*`, `*`.
///
/// Keys are lower case; values are places in the table's list of virtual hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DomainIndex {
    exact: HashMap<Arc<str>, usize>,
    /// Text after the star, by length, longest first.
    suffixes: BTreeMap<Reverse<usize>, HashMap<Arc<str>, usize>>,
    /// Text before the star, by length, longest first.
    prefixes: BTreeMap<Reverse<usize>, HashMap<Arc<str>, usize>>,
    any: Option<usize>,
}

impl DomainIndex {
    /// Adds `domain` for the virtual host at `place`. When another has it already, its place is
    /// given back and nothing is changed.
    pub fn insert(&mut self, domain: &str, place: usize) -> Result<(), usize> {
        let domain = domain.to_ascii_lowercase();
        if domain == "*" {
            return claim(&mut self.any, place);
        }
        let (map, key) = if let Some(suffix) = domain.strip_prefix('*') {
            let map = self.suffixes.entry(Reverse(suffix.len())).or_default();
            (map, suffix)
        } else if let Some(prefix) = domain.strip_suffix('*') {
            let map = self.prefixes.entry(Reverse(prefix.len())).or_default();
            (map, prefix)
        } else {
            (&mut self.exact, domain.as_str())
        };
        let mut holder = map.get(key).copied();
        claim(&mut holder, place)?;
        map.insert(key.into(), place);
        Ok(())
    }

    /// The place of the virtual host for `authority`; letter case does not count. A star stands
    /// for at least one character.
    pub fn find(&self, authority: &str, ignore_port: bool) -> Option<usize> {
        let host = if ignore_port {
            without_port(authority)
        } else {
            authority
        };
        if host.is_empty() {
            return None;
        }
        let host = lower_case(host);
        let exact = self.exact.get(host.as_ref()).copied();
        exact
            .or_else(|| {
                longest(
                    &self.suffixes,
                    |length| host.get(host.len() - length..),
                    &host,
                )
            })
            .or_else(|| longest(&self.prefixes, |length| host.get(..length), &host))
            .or(self.any)
    }
}

fn claim(holder: &mut Option<usize>, place: usize) -> Result<(), usize> {
    match holder.replace(place) {
        Some(other) => {
            *holder = Some(other);
            Err(other)
        }
        None => Ok(()),
    }
}

fn longest<'a>(
    by_length: &BTreeMap<Reverse<usize>, HashMap<Arc<str>, usize>>,
    part: impl Fn(usize) -> Option<&'a str>,
    host: &str,
) -> Option<usize> {
    by_length
        .iter()
        .filter(|(Reverse(length), _)| *length < host.len())
        .find_map(|(Reverse(length), map)| map.get(part(*length)?).copied())
}

/// The authority without its port, if it has one. A colon within `[…]` is none.
pub fn without_port(authority: &str) -> &str {
    match (authority.rfind(':'), authority.rfind(']')) {
        (Some(colon), Some(bracket)) if bracket > colon => authority,
        (Some(colon), _) => authority.get(..colon).unwrap_or(authority),
        (None, _) => authority,
    }
}

fn lower_case(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

#[cfg(test)]
mod tests;
