//! Which named resources others refer to: what a proxy asks for after it has clusters and
//! listeners.

use std::collections::BTreeSet;

use crate::any;
use crate::cluster::Cluster;
use crate::cluster::cluster::{ClusterDiscoveryType, DiscoveryType};
use crate::core::{TransportSocket, transport_socket};
use crate::hcm::HttpConnectionManager;
use crate::hcm::http_connection_manager::RouteSpecifier;
use crate::listener::{Filter, FilterChain, Listener, filter::ConfigType};
use crate::protobuf::Any;
use crate::resource::ResourceKind;
use crate::resources::Resources;
use crate::tls::DownstreamTlsContext;
use crate::tls::common_tls_context::ValidationContextType;

/// The names of this kind that the clusters and listeners of `resources` refer to. Clusters and
/// listeners themselves are not asked for by name: there are none.
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
        ResourceKind::Secret => resources
            .listeners
            .values()
            .flat_map(|listener| secret_names(listener))
            .map(|(name, _)| name)
            .collect(),
        ResourceKind::Cluster | ResourceKind::Listener => BTreeSet::new(),
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
    chains(listener)
        .flat_map(|chain| &chain.filters)
        .filter_map(route_name)
        .collect()
}

/// What a secret is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretUse {
    /// A certificate with its key.
    Certificate,
    /// Roots by which certificates are believed.
    Roots,
}

/// The names of the secrets that the listener's TLS contexts ask for.
pub fn secret_names(listener: &Listener) -> BTreeSet<(String, SecretUse)> {
    let sockets = chains(listener).filter_map(|chain| chain.transport_socket.as_ref());
    sockets.filter_map(downstream_tls).flat_map(named).collect()
}

fn chains(listener: &Listener) -> impl Iterator<Item = &FilterChain> {
    let default = &listener.default_filter_chain;
    listener.filter_chains.iter().chain(default)
}

fn downstream_tls(socket: &TransportSocket) -> Option<DownstreamTlsContext> {
    match socket.config_type.as_ref()? {
        transport_socket::ConfigType::TypedConfig(config) => any::unpack(config).ok(),
    }
}

fn named(context: DownstreamTlsContext) -> Vec<(String, SecretUse)> {
    let common = context.common_tls_context.unwrap_or_default();
    let certificates = common.tls_certificate_sds_secret_configs.into_iter();
    let roots = match common.validation_context_type {
        Some(ValidationContextType::CombinedValidationContext(combined)) => {
            combined.validation_context_sds_secret_config
        }
        Some(ValidationContextType::ValidationContextSdsSecretConfig(config)) => Some(config),
        Some(_) | None => None,
    };
    let roots = roots.map(|config| (config.name, SecretUse::Roots));
    let certificates = certificates.map(|config| (config.name, SecretUse::Certificate));
    certificates.chain(roots).collect()
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
