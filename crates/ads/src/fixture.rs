//! Small resources for the tests: services, each with a cluster, endpoints, a listener and routes.

use std::sync::Arc;

use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{ClusterDiscoveryType, DiscoveryType};
use sealane_xds::endpoint::ClusterLoadAssignment;
use sealane_xds::endpoint::cluster_load_assignment::Policy;
use sealane_xds::hcm::http_connection_manager::RouteSpecifier;
use sealane_xds::hcm::{HttpConnectionManager, Rds};
use sealane_xds::listener::filter::ConfigType;
use sealane_xds::listener::{Filter, FilterChain, Listener};
use sealane_xds::protobuf::UInt32Value;
use sealane_xds::route::RouteConfiguration;
use sealane_xds::{Resources, any};

/// A cluster with EDS; `revision` makes it differ.
pub(crate) fn cluster(name: &str, revision: u32) -> Cluster {
    Cluster {
        name: name.to_owned(),
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(DiscoveryType::Eds.into())),
        alt_stat_name: revision.to_string(),
        ..Cluster::default()
    }
}

/// The endpoints of a cluster; `revision` makes them differ.
pub(crate) fn endpoints(name: &str, revision: u32) -> ClusterLoadAssignment {
    let policy = Policy {
        overprovisioning_factor: Some(UInt32Value { value: revision }),
        ..Policy::default()
    };
    let cluster_name = name.to_owned();
    ClusterLoadAssignment {
        cluster_name,
        policy: Some(policy),
        ..Default::default()
    }
}

/// A listener whose HTTP connection manager asks for the routes of the same name.
pub(crate) fn listener(name: &str, revision: u32) -> Listener {
    let rds = Rds {
        route_config_name: name.to_owned(),
        ..Rds::default()
    };
    let hcm = HttpConnectionManager {
        route_specifier: Some(RouteSpecifier::Rds(rds)),
        ..HttpConnectionManager::default()
    };
    let config_type = Some(ConfigType::TypedConfig(any::pack(&hcm)));
    let filters = vec![Filter {
        name: "hcm".to_owned(),
        config_type,
    }];
    let filter_chains = vec![FilterChain {
        filters,
        ..FilterChain::default()
    }];
    let stat_prefix = revision.to_string();
    Listener {
        name: name.to_owned(),
        filter_chains,
        stat_prefix,
        ..Listener::default()
    }
}

/// Routes; `revision` makes them differ.
pub(crate) fn routes(name: &str, revision: u32) -> RouteConfiguration {
    let name = name.to_owned();
    let internal_only_headers = vec![revision.to_string()];
    RouteConfiguration {
        name,
        internal_only_headers,
        ..Default::default()
    }
}

/// All four resources of each service, in the revision given.
pub(crate) fn services(services: &[(&str, u32)]) -> Arc<Resources> {
    let mut resources = Resources::default();
    for (name, revision) in services {
        resources.insert(cluster(name, 0));
        resources.insert(endpoints(name, *revision));
        resources.insert(listener(name, 0));
        resources.insert(routes(name, *revision));
    }
    Arc::new(resources)
}
