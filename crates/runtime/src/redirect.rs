//! Where a redirect sends the caller, as Envoy does it.

use crate::matcher::route::RouteMatch;
use crate::request::RequestHead;
use crate::route::{Redirect, RedirectPath};

#[cfg(test)]
mod tests;

impl Redirect {
    /// The `location` for a request that `matched` has taken.
    pub fn location(&self, matched: &RouteMatch, head: &RequestHead<'_>) -> String {
        let scheme = self.scheme.as_deref().unwrap_or(head.scheme);
        let host = match &self.host {
            Some(host) => host,
            None => self.kept_host(scheme, head),
        };
        let path = self.new_path(matched, head.path_and_query);
        // Envoy sends no host that runs into its path, whatever the route declares.
        let slash = if path.starts_with('/') { "" } else { "/" };
        match self.port {
            Some(port) => format!("{scheme}://{host}:{port}{slash}{path}"),
            None => format!("{scheme}://{host}{slash}{path}"),
        }
    }

    /// The caller's authority, without its port where the redirect brings one, or where it is the
    /// default of a scheme that is left.
    fn kept_host<'a>(&self, scheme: &str, head: &RequestHead<'a>) -> &'a str {
        let Some((host, port)) = split_port(head.authority) else {
            return head.authority;
        };
        let left_default = scheme != head.scheme
            && matches!((head.scheme, port), ("http", "80") | ("https", "443"));
        if self.port.is_some() || left_default {
            host
        } else {
            head.authority
        }
    }

    fn new_path(&self, matched: &RouteMatch, path_and_query: &str) -> String {
        let query = path_and_query
            .find('?')
            .and_then(|at| path_and_query.get(at..));
        let path = match &self.path {
            // A query of its own stays even when the caller's is stripped.
            RedirectPath::Replace(path) if path.contains('?') => return path.to_string(),
            RedirectPath::Replace(path) => format!("{path}{}", query.unwrap_or_default()),
            RedirectPath::Keep => path_and_query.to_owned(),
            RedirectPath::Rewrite(rewrite) => rewrite
                .apply(&matched.path, path_and_query)
                .unwrap_or_else(|| path_and_query.to_owned()),
        };
        match path.split_once('?') {
            Some((path, _)) if self.strip_query => path.to_owned(),
            _ => path,
        }
    }
}

/// Host and port of an authority with a port; a colon within `[…]` begins none.
fn split_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = authority.rsplit_once(':')?;
    (!port.contains(']')).then_some((host, port))
}
