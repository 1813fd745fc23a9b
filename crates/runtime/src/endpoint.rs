//! Endpoints, by locality.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// The endpoints of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// The localities, in the order of the resource.
    pub localities: Vec<LocalityEndpoints>,
    /// Percent by which healthy capacity counts more when traffic spills over; Envoy's default is
    /// 140.
    pub overprovisioning: u32,
}

impl Endpoints {
    /// All endpoints of all localities.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.localities.iter().flat_map(|group| &group.endpoints)
    }
}

/// The endpoints of one locality at one priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalityEndpoints {
    /// `region/zone/subzone`, empty when unknown.
    pub locality: Arc<str>,
    /// 0 is used first.
    pub priority: u32,
    /// Its weight among the localities of its priority, where those are weighted.
    pub weight: Option<u32>,
    /// The endpoints.
    pub endpoints: Vec<Arc<Endpoint>>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it is.
    pub address: EndpointAddress,
    /// Its weight, at least 1.
    pub weight: u32,
    /// What the control plane says of its health.
    pub health: Health,
    /// Its name, for rewrites of the authority; empty when it has none.
    pub hostname: Arc<str>,
    /// Istio's workload metadata, `name;namespace;service;revision;cluster`, when given.
    pub workload: Option<Arc<str>>,
}

/// Where an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointAddress {
    /// At an address.
    Socket(SocketAddr),
    /// At a name that is looked up.
    Name {
        /// The name.
        host: Arc<str>,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for EndpointAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => write!(f, "{address}"),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// What the control plane says of an endpoint's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Use it.
    Healthy,
    /// Do not use it.
    Unhealthy,
    /// Finish what runs there, start nothing.
    Draining,
}
