//! A route configuration: virtual hosts, found by authority.

use std::ops::Deref;
use std::sync::Arc;

use crate::header::HeaderOps;
pub use crate::matcher::host::DomainIndex;
use crate::matcher::index::PathIndex;
use crate::request::RequestHead;
use crate::route::Route;
use crate::split::Part;

/// A route configuration with its index of domains.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteTable {
    /// The name: `9080`, `http.8080`.
    pub name: Arc<str>,
    /// The virtual hosts, in the order of the resource.
    pub virtual_hosts: Vec<Arc<VirtualHost>>,
    /// The index over all domains.
    pub domains: DomainIndex,
    /// Compare without the port of the authority.
    pub ignore_port: bool,
    /// Header operations of the whole table.
    pub headers: HeaderOps,
    /// Header operations of the table come first and those of a route last, so that a route has
    /// the last word. Envoy's default, and Istio's, is the other way round.
    pub specific_headers_last: bool,
}

impl RouteTable {
    /// The virtual host for `authority`: exact, longest suffix, longest prefix, `*`; letter case
    /// does not count, nor the port where the table says so.
    pub fn virtual_host(&self, authority: &str) -> Option<&Arc<VirtualHost>> {
        let place = self.domains.find(authority, self.ignore_port)?;
        self.virtual_hosts.get(place)
    }

    /// The header operations for a request by `route` to `part`, in the order in which they are
    /// done.
    pub fn header_levels<'a>(
        &'a self,
        virtual_host: &'a VirtualHost,
        route: &'a Route,
        part: Option<&'a Part>,
    ) -> impl Iterator<Item = &'a HeaderOps> {
        let part = part.map(|part| &part.headers);
        let mut levels = [
            part,
            Some(&route.headers),
            Some(&virtual_host.headers),
            Some(&self.headers),
        ];
        if self.specific_headers_last {
            levels.reverse();
        }
        levels.into_iter().flatten()
    }
}

/// A virtual host: domains and an ordered list of routes.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualHost {
    /// The name: `reviews.default.svc.cluster.local:9080`.
    pub name: Arc<str>,
    /// The domains, as declared.
    pub domains: Vec<Arc<str>>,
    /// The routes; the first that matches serves.
    pub routes: Routes,
    /// Redirect plaintext requests to https (301).
    pub require_tls: bool,
    /// Tell the upstream which attempt this is (`x-envoy-attempt-count`).
    pub attempt_count: bool,
    /// Header operations of the virtual host.
    pub headers: HeaderOps,
}

impl VirtualHost {
    /// The first route that takes `head`.
    pub fn first_match(&self, head: &RequestHead<'_>) -> Option<&Arc<Route>> {
        self.routes.first_match(head)
    }
}

/// From this many routes on an index is worth its memory.
const INDEXED: usize = 8;

/// An ordered list of routes, with an index where it is long.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routes {
    list: Vec<Arc<Route>>,
    index: Option<PathIndex>,
}

impl Routes {
    fn first_match(&self, head: &RequestHead<'_>) -> Option<&Arc<Route>> {
        let Some(index) = &self.index else {
            return self.list.iter().find(|route| route.matches.takes(head));
        };
        let takes = |number: usize| {
            self.list
                .get(number)
                .is_some_and(|route| route.matches.takes(head))
        };
        self.list.get(index.first(head.path(), takes)?)
    }
}

impl From<Vec<Arc<Route>>> for Routes {
    fn from(list: Vec<Arc<Route>>) -> Self {
        let paths = || list.iter().map(|route| &route.matches.path);
        let index = (list.len() >= INDEXED).then(|| PathIndex::new(paths()));
        Self { list, index }
    }
}

impl FromIterator<Arc<Route>> for Routes {
    fn from_iter<T: IntoIterator<Item = Arc<Route>>>(routes: T) -> Self {
        routes.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Routes {
    type Target = [Arc<Route>];

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl<'a> IntoIterator for &'a Routes {
    type Item = &'a Arc<Route>;
    type IntoIter = std::slice::Iter<'a, Arc<Route>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests;
