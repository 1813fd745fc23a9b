//! A route configuration: virtual hosts, found by authority.

use std::collections::HashMap;
use std::sync::Arc;

use crate::header::HeaderOps;
use crate::route::Route;

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

/// Envoy's domain search: exact, longest `*suffix`, longest `prefix*`, `*`.
///
/// Keys are lower case; values index `virtual_hosts`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DomainIndex {
    /// Whole names.
    pub exact: HashMap<Arc<str>, usize>,
    /// Text after the star, longest first.
    pub suffixes: Vec<(Arc<str>, usize)>,
    /// Text before the star, longest first.
    pub prefixes: Vec<(Arc<str>, usize)>,
    /// The virtual host of `*`.
    pub any: Option<usize>,
}
