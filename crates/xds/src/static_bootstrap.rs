//! The resources of a proxy as a static bootstrap, with which a stock Envoy serves them without a
//! management server.
//!
//! What is changed, and why it does not change the routing:
//!
//! * A listener binds the address that the caller gives it, for itself: no connections are
//!   redirected to it by the kernel, so it does not ask for their original destination either.
//! * Routes stand in their HTTP connection manager and endpoints in their cluster, as there is
//!   nobody to ask for them.
//! * Endpoints have the addresses that the caller maps theirs to.
//!
//! Nothing else is. Certificates that come by name (SDS) are absent so far.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::bootstrap::bootstrap::StaticResources;
use crate::bootstrap::runtime_layer::LayerSpecifier;
use crate::bootstrap::{Admin, Bootstrap, LayeredRuntime, RuntimeLayer};
use crate::cluster::Cluster;
use crate::cluster::cluster::{ClusterDiscoveryType, DiscoveryType};
use crate::core::address::Address as AddressKind;
use crate::core::socket_address::PortSpecifier;
use crate::core::{Address, Node, SocketAddress};
use crate::endpoint::ClusterLoadAssignment;
use crate::endpoint::lb_endpoint::HostIdentifier;
use crate::hcm::HttpConnectionManager;
use crate::hcm::http_connection_manager::RouteSpecifier;
use crate::listener::filter::ConfigType;
use crate::listener::{Filter, FilterChain, Listener};
use crate::protobuf::value::Kind;
use crate::protobuf::{BoolValue, Struct, Value};
use crate::references::endpoint_name;
use crate::resources::Resources;
use crate::route::RouteConfiguration;
use crate::{any, json};

/// Where a stock Envoy serves, and where it sends.
pub struct Places<'a> {
    /// Where its admin interface listens; port 0 for a free one.
    pub admin: SocketAddr,
    /// Where a listener listens; `None` leaves it out.
    pub listener: &'a dyn Fn(&Listener) -> Option<SocketAddr>,
    /// Where an endpoint is, by the address and port that it has in the resources; `None` leaves
    /// its address as it is.
    pub endpoint: &'a dyn Fn(&str, u16) -> Option<SocketAddr>,
}

impl std::fmt::Debug for Places<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places")
            .field("admin", &self.admin)
            .finish_non_exhaustive()
    }
}

/// The bootstrap in the JSON that `envoy --config-path FILE.json` reads.
pub fn to_json(resources: &Resources, places: &Places<'_>) -> serde_json::Value {
    json::encode(&static_bootstrap(resources, places), json::Names::Proto)
}

/// The bootstrap with which a stock Envoy serves these resources at these places.
pub fn static_bootstrap(resources: &Resources, places: &Places<'_>) -> Bootstrap {
    let listeners = resources.listeners.values().filter_map(|listener| {
        let place = (places.listener)(listener)?;
        Some(rebound(listener, place, resources))
    });
    let clusters = resources
        .clusters
        .values()
        .map(|it| with_endpoints(it, resources, places));
    let node = Node {
        id: "sealane".to_owned(),
        cluster: "sealane".to_owned(),
        ..Node::default()
    };
    Bootstrap {
        node: Some(node),
        admin: Some(Admin {
            address: Some(address(places.admin)),
            ..Admin::default()
        }),
        layered_runtime: Some(LayeredRuntime {
            layers: vec![runtime()],
        }),
        static_resources: Some(StaticResources {
            listeners: listeners.collect(),
            clusters: clusters.collect(),
            ..StaticResources::default()
        }),
        ..Bootstrap::default()
    }
}

/// The runtime values that Istio's own bootstrap sets and that touch what requests may look like.
fn runtime() -> RuntimeLayer {
    let value = |kind| Value { kind: Some(kind) };
    let fields = [
        (
            "re2.max_program_size.error_level",
            value(Kind::NumberValue(32768.0)),
        ),
        (
            "envoy.reloadable_features.http_reject_path_with_fragment",
            value(Kind::BoolValue(false)),
        ),
    ];
    let fields = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    RuntimeLayer {
        name: "istio".to_owned(),
        layer_specifier: Some(LayerSpecifier::StaticLayer(Struct { fields })),
    }
}

fn rebound(listener: &Listener, place: SocketAddr, resources: &Resources) -> Listener {
    let mut listener = listener.clone();
    listener.address = Some(address(place));
    listener.additional_addresses.clear();
    listener.bind_to_port = Some(BoolValue { value: true });
    listener.use_original_dst = None;
    for chain in listener
        .filter_chains
        .iter_mut()
        .chain(&mut listener.default_filter_chain)
    {
        inline_routes(chain, resources);
    }
    listener
}

fn inline_routes(chain: &mut FilterChain, resources: &Resources) {
    for filter in &mut chain.filters {
        if let Some(config) = with_routes(filter, resources) {
            filter.config_type = Some(config);
        }
    }
}

/// The configuration of an HTTP connection manager that asks for its routes, with these in it.
fn with_routes(filter: &Filter, resources: &Resources) -> Option<ConfigType> {
    let Some(ConfigType::TypedConfig(config)) = &filter.config_type else {
        return None;
    };
    let mut hcm = any::unpack::<HttpConnectionManager>(config).ok()?;
    let Some(RouteSpecifier::Rds(rds)) = &hcm.route_specifier else {
        return None;
    };
    let name = &rds.route_config_name;
    let routes = resources
        .routes
        .get(name)
        .map(|routes| RouteConfiguration::clone(routes));
    let routes = routes.unwrap_or_else(|| RouteConfiguration {
        name: name.clone(),
        ..RouteConfiguration::default()
    });
    hcm.route_specifier = Some(RouteSpecifier::RouteConfig(routes));
    Some(ConfigType::TypedConfig(any::pack(&hcm)))
}

fn with_endpoints(cluster: &Arc<Cluster>, resources: &Resources, places: &Places<'_>) -> Cluster {
    let mut cluster = Cluster::clone(cluster);
    if let Some(name) = endpoint_name(&cluster) {
        let held = resources.endpoints.get(&name);
        let held = held.map(|held| ClusterLoadAssignment::clone(held));
        cluster.load_assignment = Some(held.unwrap_or_else(|| ClusterLoadAssignment {
            cluster_name: name,
            ..ClusterLoadAssignment::default()
        }));
        cluster.cluster_discovery_type =
            Some(ClusterDiscoveryType::Type(DiscoveryType::Static.into()));
        cluster.eds_cluster_config = None;
    }
    let localities = cluster
        .load_assignment
        .iter_mut()
        .flat_map(|held| &mut held.endpoints);
    for endpoint in localities.flat_map(|locality| &mut locality.lb_endpoints) {
        if let Some(HostIdentifier::Endpoint(endpoint)) = &mut endpoint.host_identifier {
            endpoint.address = endpoint
                .address
                .take()
                .map(|address| moved(address, places));
        }
    }
    cluster
}

fn moved(before: Address, places: &Places<'_>) -> Address {
    let Some(AddressKind::SocketAddress(socket)) = &before.address else {
        return before;
    };
    let Some(PortSpecifier::PortValue(port)) = socket.port_specifier else {
        return before;
    };
    let place = u16::try_from(port)
        .ok()
        .and_then(|port| (places.endpoint)(&socket.address, port));
    place.map_or(before, address)
}

fn address(place: SocketAddr) -> Address {
    let socket = SocketAddress {
        address: place.ip().to_string(),
        port_specifier: Some(PortSpecifier::PortValue(place.port().into())),
        ..SocketAddress::default()
    };
    Address {
        address: Some(AddressKind::SocketAddress(socket)),
    }
}

#[cfg(test)]
mod tests;
