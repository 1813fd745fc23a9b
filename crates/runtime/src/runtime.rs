//! Everything that one proxy serves from, as one immutable value.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::listener::{HttpManager, Listener, RouteSource};
use crate::table::RouteTable;

/// One proxy's listeners, routes, clusters and endpoints. Cheap to clone, never changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runtime {
    /// Listeners by name.
    pub listeners: BTreeMap<Arc<str>, Arc<Listener>>,
    /// Route tables by the name that listeners refer to.
    pub tables: BTreeMap<Arc<str>, Arc<RouteTable>>,
    /// Clusters by name, each with its endpoints.
    pub clusters: BTreeMap<Arc<str>, Arc<Cluster>>,
}

impl Runtime {
    /// The route table of an HTTP chain; `None` while it is not known.
    pub fn table<'a>(&'a self, http: &'a HttpManager) -> Option<&'a Arc<RouteTable>> {
        match &http.routes {
            RouteSource::Named(name) => self.tables.get(name),
            RouteSource::Inline(table) => Some(table),
        }
    }

    /// The cluster called `name`; `None` is Envoy's `cluster_not_found`.
    pub fn cluster(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.clusters.get(name)
    }
}
