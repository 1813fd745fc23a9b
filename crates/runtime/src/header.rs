//! Header operations, compiled.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::format::Format;

/// What is done to request and response headers at one level (table, virtual host, route,
/// destination). Empty lists do nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeaderOps {
    /// On requests.
    pub request: HeaderEdits,
    /// On responses.
    pub response: HeaderEdits,
}

/// Removals first, then the writes that replace, then those that add, each in order. Values are
/// made after the removals and before the first write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeaderEdits {
    /// Names to remove.
    pub remove: Vec<HeaderName>,
    /// Values to write.
    pub write: Vec<HeaderWrite>,
}

/// One value to write.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderWrite {
    /// The name.
    pub name: HeaderName,
    /// The value, with Envoy's `%…%` operators.
    pub value: Arc<Format>,
    /// What happens to values that are there.
    pub mode: WriteMode,
    /// Write even when the value comes out empty.
    pub keep_empty: bool,
}

/// What happens to values that are there, Envoy's `append_action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// They stay, ours is added.
    Append,
    /// They stay, and ours is not written.
    AddIfAbsent,
    /// They are replaced.
    Overwrite,
    /// They are replaced; nothing is written where there are none.
    OverwriteIfExists,
}

impl HeaderEdits {
    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.write.is_empty()
    }

    /// Edits `headers`. `render` makes a value of a format, with the headers as they then are; one
    /// that is no header value is left out.
    pub fn apply(
        &self,
        headers: &mut HeaderMap,
        mut render: impl FnMut(&Format, &HeaderMap) -> String,
    ) {
        for name in &self.remove {
            headers.remove(name);
        }
        let mut replacing = Vec::new();
        let mut adding = Vec::new();
        for write in &self.write {
            let there = headers.contains_key(&write.name);
            let list = match write.mode {
                WriteMode::Append => &mut adding,
                WriteMode::AddIfAbsent if !there => &mut adding,
                WriteMode::Overwrite => &mut replacing,
                WriteMode::OverwriteIfExists if there => &mut replacing,
                WriteMode::AddIfAbsent | WriteMode::OverwriteIfExists => continue,
            };
            let value = match write.value.as_text() {
                Some(text) => HeaderValue::from_str(text),
                None => HeaderValue::from_str(&render(&write.value, headers)),
            };
            let value = value
                .ok()
                .filter(|value| write.keep_empty || !value.is_empty());
            list.extend(value.map(|value| (write.name.clone(), value)));
        }
        for (name, value) in replacing {
            headers.insert(name, value);
        }
        for (name, value) in adding {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests;
