//! A route configuration: virtual hosts, found by authority.

use std::sync::Arc;

use crate::header::HeaderOps;
pub use crate::matcher::host::DomainIndex;
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
    pub routes: Vec<Arc<Route>>,
    /// Redirect plaintext requests to https (301).
    pub require_tls: bool,
    /// Tell the upstream which attempt this is (`x-envoy-attempt-count`).
    pub attempt_count: bool,
    /// Header operations of the virtual host.
    pub headers: HeaderOps,
}

impl VirtualHost {
    /// The first route that takes `head`. An index may come to stand behind this; the answer stays
    /// that of a search from the top.
    pub fn first_match(&self, head: &RequestHead<'_>) -> Option<&Arc<Route>> {
        self.routes.iter().find(|route| route.matches.takes(head))
    }
}
