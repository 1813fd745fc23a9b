//! Upstreams: a cluster of one runtime, bound to its live state.

pub(crate) mod balance;
pub(crate) mod connect;
pub(crate) mod pool;
pub(crate) mod sender;

use std::net::SocketAddr;
use std::sync::Arc;

use sealane_runtime::cluster::{Cluster, Discovery};
use sealane_runtime::endpoint::{Endpoint, EndpointAddress, Health as DeclaredHealth};
use sealane_seam::Random;
use sealane_xds::names::{
    BLACK_HOLE_CLUSTER as BLACK_HOLE, INBOUND_PASSTHROUGH_CLUSTER as INBOUND_PASSTHROUGH,
    PASSTHROUGH_CLUSTER as PASSTHROUGH,
};
use tokio::time::Instant;

use crate::live::outlier::Health;
use crate::live::traffic::EndpointTraffic;
use crate::live::{ClusterLive, Live};
use crate::telemetry::hashed::Hashed;
use crate::telemetry::metrics::labels::CalledService;
use balance::{Balancer, Host, Wish};

/// A cluster, its endpoints, and what is known of how they are doing.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) live: Arc<ClusterLive>,
    hosts: Vec<Host>,
    balancer: Balancer,
    /// The service that it is of, as metrics name it; `None` where the cluster names none.
    pub(crate) service: Option<Hashed<CalledService>>,
}

/// What is known when an endpoint is chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    /// Where the caller wanted to go, for clusters that go there.
    pub(crate) original: SocketAddr,
    /// What the route hashes of the request.
    pub(crate) hash: Option<u64>,
    /// Endpoints to avoid.
    pub(crate) tried: &'a [EndpointAddress],
    /// How often an endpoint is picked again to avoid those.
    pub(crate) again: u32,
}

impl Upstream {
    /// Binds `cluster`.
    pub(crate) fn bind(cluster: &Arc<Cluster>, live: &Live, now: Instant) -> Self {
        let live = live.cluster(&cluster.name, now);
        let hosts: Vec<Host> = cluster
            .endpoints
            .localities
            .iter()
            .flat_map(|group| {
                let hosts = group.endpoints.iter();
                hosts.map(|endpoint| Host::new(endpoint, live.endpoint(&endpoint.address)))
            })
            .collect();
        let stays = |address: &EndpointAddress| {
            let mut addresses = hosts.iter().map(|host| &host.endpoint.address);
            addresses.any(|known| known == address)
        };
        live.ejections.change(cluster.outlier.is_some(), stays);
        Self {
            cluster: Arc::clone(cluster),
            live,
            balancer: Balancer::new(cluster, &hosts),
            service: called_service(cluster),
            hosts,
        }
    }

    /// An endpoint for a request; `None` when there is none that may be used.
    pub(crate) fn choose(
        &self,
        choice: &Choice<'_>,
        random: &dyn Random,
        now: Instant,
    ) -> Option<Host> {
        if let Discovery::OriginalDestination { port } = self.cluster.discovery {
            return Some(original(choice.original, port));
        }
        if let Some(rules) = &self.cluster.outlier {
            self.live.ejections.sweep(rules, now);
        }
        let pick = |attempt| {
            let wish = Wish {
                hash: choice.hash,
                attempt,
                random,
            };
            self.balancer.pick(&self.hosts, &wish)
        };
        let mut host = pick(0)?;
        for attempt in 1..=choice.again {
            if !choice.tried.contains(&host.endpoint.address) {
                break;
            }
            host = pick(attempt)?;
        }
        Some(host.clone())
    }

    /// Its endpoints, in the order of the cluster's localities.
    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Whether `address` may be an endpoint of it.
    pub(crate) fn may_use(&self, address: &EndpointAddress) -> bool {
        matches!(
            self.cluster.discovery,
            Discovery::OriginalDestination { .. }
        ) || self
            .hosts
            .iter()
            .any(|host| host.endpoint.address == *address)
    }

    /// Tells the outlier detector how a request at `host` ended.
    pub(crate) fn note(&self, host: &Host, health: Health, now: Instant) {
        count(&host.live.traffic, health);
        if let Some(rules) = &self.cluster.outlier {
            let who = (&host.endpoint.address, &host.live);
            self.live
                .ejections
                .note(rules, who, health, (now, self.hosts.len()));
        }
    }
}

/// Counts how a request at an endpoint ended.
fn count(traffic: &EndpointTraffic, health: Health) {
    match health {
        Health::Answered(status) if !status.is_server_error() => traffic.successes.add(1),
        Health::Answered(_) | Health::Failed => traffic.errors.add(1),
        Health::TimedOut => {
            traffic.timeouts.add(1);
            traffic.errors.add(1);
        }
    }
}

/// What metrics call the service of `cluster`: Istio's own clusters are named themselves.
fn called_service(cluster: &Cluster) -> Option<Hashed<CalledService>> {
    let own = [
        BLACK_HOLE,
        PASSTHROUGH,
        INBOUND_PASSTHROUGH,
        "InboundPassthroughClusterIpv4",
        "InboundPassthroughClusterIpv6",
    ];
    let called = if own.contains(&&*cluster.name) {
        CalledService {
            host: None,
            name: Some(Arc::clone(&cluster.name)),
        }
    } else {
        let service = cluster.service.as_ref()?;
        CalledService {
            host: Some(Arc::clone(&service.host)),
            name: Some(Arc::clone(&service.name)),
        }
    };
    Some(Hashed::new(called))
}

/// The original destination as an endpoint; nothing is remembered of it.
fn original(mut destination: SocketAddr, port: Option<u16>) -> Host {
    if let Some(port) = port {
        destination.set_port(port);
    }
    let endpoint = Endpoint {
        address: EndpointAddress::Socket(destination),
        weight: 1,
        health: DeclaredHealth::Healthy,
        hostname: Arc::from(""),
        workload: None,
    };
    Host::new(&Arc::new(endpoint), Arc::default())
}
