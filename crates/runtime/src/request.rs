//! What matching reads of a request.

use http::{HeaderMap, Method};

/// The head of a request, as it stands before anything has changed it.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// `http` or `https`, as the proxy derived it.
    pub scheme: &'a str,
    /// The authority as the caller sent it, with the port if there was one.
    pub authority: &'a str,
    /// Path and query, normalised as the listener says, never empty.
    pub path_and_query: &'a str,
    /// The headers, without pseudo-headers and without `host`.
    pub headers: &'a HeaderMap,
}

impl<'a> RequestHead<'a> {
    /// The path without the query.
    pub fn path(&self) -> &'a str {
        self.path_and_query
            .split_once('?')
            .map_or(self.path_and_query, |(path, _)| path)
    }

    /// The query without its question mark; `None` when there is no question mark.
    pub fn query(&self) -> Option<&'a str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}
