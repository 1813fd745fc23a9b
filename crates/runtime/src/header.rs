//! Header operations, compiled.

use std::sync::Arc;

use http::HeaderName;

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

/// Removals first, then additions in order, as Envoy's header parser does it.
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
