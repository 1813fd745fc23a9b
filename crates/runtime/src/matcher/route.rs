//! Which requests a route takes.

use http::Method;

use crate::matcher::header::HeaderMatch;
use crate::matcher::path::PathMatch;
use crate::matcher::query::QueryMatch;
use crate::request::RequestHead;

/// The conditions of one route, all of which must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteMatch {
    /// On the path.
    pub path: PathMatch,
    /// On headers.
    pub headers: Vec<HeaderMatch>,
    /// On query parameters.
    pub query: Vec<QueryMatch>,
    /// Only gRPC requests, by their content type.
    pub grpc: bool,
    /// None of its requests are taken: Envoy's `runtime_fraction` of 0. Others are refused.
    pub never: bool,
}

impl Default for RouteMatch {
    fn default() -> Self {
        Self {
            path: PathMatch::Prefix {
                prefix: "/".into(),
                ignore_case: false,
            },
            headers: Vec::new(),
            query: Vec::new(),
            grpc: false,
            never: false,
        }
    }
}

impl RouteMatch {
    /// Whether `head` fulfils all conditions.
    pub fn takes(&self, head: &RequestHead<'_>) -> bool {
        self.takes_path(head)
            && !self.never
            && (!self.grpc || is_grpc(head))
            && self.headers.iter().all(|header| header.matches(head))
            && self.query.iter().all(|query| query.matches(head))
    }

    /// A CONNECT has no path and is taken only by a route that asks for it.
    fn takes_path(&self, head: &RequestHead<'_>) -> bool {
        match (&self.path, head.method == Method::CONNECT) {
            (PathMatch::Connect, connect) => connect,
            (_, true) => false,
            (path, false) => path.matches(head.path()),
        }
    }

    /// The conditions for humans, `prefix /api, header end-user = jason`.
    pub fn describe(&self) -> String {
        let mut parts = vec![self.path.to_string()];
        parts.extend(self.headers.iter().map(ToString::to_string));
        parts.extend(self.query.iter().map(ToString::to_string));
        if self.grpc {
            parts.push("gRPC".to_owned());
        }
        if self.never {
            parts.push("never".to_owned());
        }
        parts.join(", ")
    }
}

/// `application/grpc`, `application/grpc+proto`.
fn is_grpc(head: &RequestHead<'_>) -> bool {
    let value = head.headers.get(http::header::CONTENT_TYPE);
    let rest = value.and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+', ..]))
}

#[cfg(test)]
mod tests;
