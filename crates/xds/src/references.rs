//! Which named resources others refer to: what a proxy asks for after it has clusters and
//! listeners.

use std::collections::BTreeSet;

use crate::any;
use crate::cluster::Cluster;
use crate::cluster::cluster::{ClusterDiscoveryType, DiscoveryType};
use crate::hcm::HttpConnectionManager;
use crate::hcm::http_connection_manager::RouteSpecifier;
use crate::listener::{Filter, Listener, filter::ConfigType};
use crate::protobuf::Any;
use crate::resource::ResourceKind;
use crate::resources::Resources;

/// The names of this kind that the clusters and listeners of `resources` refer to. Clusters and
/// listeners themselves are not asked for by name, and secrets are not followed yet: both are
/// empty.
pub fn referenced(resources: &Resources, kind: ResourceKind) -> BTreeSet<String> {
    match kind {
        ResourceKind::Endpoint => resources
            .clusters
            .values()
            .filter_map(|cluster| endpoint_name(cluster))
            .collect(),
        ResourceKind::Route => resources
            .listeners
            .values()
            .flat_map(|listener| route_names(listener))
            .collect(),
        ResourceKind::Cluster | ResourceKind::Listener | ResourceKind::Secret => BTreeSet::new(),
    }
}

/// The name under which the cluster's endpoints are asked for; `None` when it has no EDS.
pub fn endpoint_name(cluster: &Cluster) -> Option<String> {
    let eds = ClusterDiscoveryType::Type(DiscoveryType::Eds.into());
    if cluster.cluster_discovery_type.as_ref() != Some(&eds) {
        return None;
    }
    let service = cluster
        .eds_cluster_config
        .as_ref()
        .map(|config| &config.service_name);
    Some(
        service
            .filter(|name| !name.is_empty())
            .unwrap_or(&cluster.name)
            .clone(),
    )
}

/// The names of the route configurations that the listener's HTTP connection managers ask for, in
/// the order of its filter chains.
pub fn route_names(listener: &Listener) -> Vec<String> {
    let chains = listener
        .filter_chains
        .iter()
        .chain(&listener.default_filter_chain);
    chains
        .flat_map(|chain| &chain.filters)
        .filter_map(route_name)
        .collect()
}

fn route_name(filter: &Filter) -> Option<String> {
    match any::unpack::<HttpConnectionManager>(typed_config(filter)?)
        .ok()?
        .route_specifier?
    {
        RouteSpecifier::Rds(rds) => Some(rds.route_config_name),
        RouteSpecifier::RouteConfig(_) | RouteSpecifier::ScopedRoutes(_) => None,
    }
}

fn typed_config(filter: &Filter) -> Option<&Any> {
    match filter.config_type.as_ref()? {
        ConfigType::TypedConfig(any) => Some(any),
        ConfigType::ConfigDiscovery(_) => None,
    }
}
