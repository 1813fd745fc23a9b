//! Everything that one proxy serves from, as one immutable value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::listener::{HttpManager, Listener, Network, RouteSource};
use crate::route::Action;
use crate::table::RouteTable;
use crate::tls::Secret;

/// One proxy's listeners, routes, clusters and endpoints. Cheap to clone, never changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runtime {
    /// Listeners by name.
    pub listeners: BTreeMap<Arc<str>, Arc<Listener>>,
    /// Route tables by the name that listeners refer to.
    pub tables: BTreeMap<Arc<str>, Arc<RouteTable>>,
    /// Clusters by name, each with its endpoints.
    pub clusters: BTreeMap<Arc<str>, Arc<Cluster>>,
    /// Certificates and roots by the name that listeners refer to.
    pub secrets: BTreeMap<Arc<str>, Arc<Secret>>,
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

    /// The keys of every split, fault and mirror, by which `proxy::live` keeps their sequences.
    pub fn sequence_keys(&self) -> BTreeSet<Arc<str>> {
        let chains = self
            .listeners
            .values()
            .flat_map(|listener| listener.chains.iter().chain(&listener.default_chain));
        let mut keys = BTreeSet::new();
        let mut tables: Vec<_> = self.tables.values().collect();
        for chain in chains {
            match &chain.network {
                Network::Tcp(tcp) => drop(keys.insert(Arc::clone(&tcp.split.key))),
                Network::Http(http) => match &http.routes {
                    RouteSource::Inline(table) => tables.push(table),
                    RouteSource::Named(_) => {}
                },
            }
        }
        let hosts = tables.into_iter().flat_map(|table| &table.virtual_hosts);
        for route in hosts.flat_map(|host| &host.routes) {
            keys.extend(route.fault.iter().map(|fault| Arc::clone(&fault.key)));
            if let Action::Forward(forward) = &route.action {
                keys.insert(Arc::clone(&forward.split.key));
                keys.extend(forward.mirrors.iter().map(|mirror| Arc::clone(&mirror.key)));
            }
        }
        keys
    }
}
