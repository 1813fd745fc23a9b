//! What stands behind a cluster.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use sealane_runtime::cluster::{Cluster, Discovery};
use sealane_runtime::endpoint::{Endpoint, EndpointAddress, Health};
use sealane_runtime::split::Part;

use super::super::outcome::End;
use super::Explorer;
use super::head::Head;

/// Who is where in the mesh.
pub trait Directory {
    /// The workloads that answer at an address: a pod's own, or those behind a Service's port (which is
    /// kube-proxy's doing, where a connection passes the mesh by).
    fn workloads(&self, address: SocketAddr) -> BTreeSet<String>;

    /// The address that a name stands for.
    fn lookup(&self, host: &str) -> Option<IpAddr>;
}

/// Who answers behind a cluster.
enum Behind {
    /// The cluster does not exist.
    NoCluster,
    /// It has no endpoint that takes calls.
    NoEndpoint,
    /// These workloads; none when its endpoints are nobody's.
    Workloads(BTreeSet<String>),
}

impl Explorer<'_> {
    /// The cluster as the access log names it.
    pub(super) fn logged(&self, cluster: &str) -> String {
        let known = self.runtime.cluster(cluster).is_some();
        (if known { cluster } else { "-" }).to_owned()
    }

    /// Where an HTTP request ends that goes to a destination.
    pub(super) fn http_end(&self, part: &Part, head: &Head, seen: (String, Option<String>)) -> End {
        let own = |flags: &str, body: Option<&str>| End::Own {
            status: head.status_of_reply(503),
            flags: flags.to_owned(),
            body: body.map(str::to_owned),
        };
        let silent = head.is_head() || head.is_grpc();
        match self.behind(&part.cluster) {
            Behind::NoCluster => own("NC", Some("")),
            Behind::NoEndpoint if silent => own("UH", Some("")),
            Behind::NoEndpoint => own("UH", Some("no healthy upstream")),
            Behind::Workloads(workloads) if workloads.is_empty() => End::Refused,
            Behind::Workloads(workloads) => End::Upstream {
                workloads,
                path: Some(seen.0),
                host: seen.1,
            },
        }
    }

    /// Where a connection ends that goes to a cluster.
    pub(super) fn tcp_end(&self, cluster: &str) -> End {
        let own = |flags: &str| End::Own {
            status: "none".to_owned(),
            flags: flags.to_owned(),
            body: None,
        };
        match self.behind(cluster) {
            Behind::NoCluster => own("NC"),
            Behind::NoEndpoint => own("UH"),
            Behind::Workloads(workloads) if workloads.is_empty() => End::Refused,
            Behind::Workloads(workloads) => End::Upstream {
                workloads,
                path: None,
                host: None,
            },
        }
    }

    /// The workloads that a cluster's endpoints belong to.
    pub(super) fn workloads(&self, cluster: &str) -> BTreeSet<String> {
        match self.behind(cluster) {
            Behind::NoCluster | Behind::NoEndpoint => BTreeSet::new(),
            Behind::Workloads(workloads) => workloads,
        }
    }

    fn behind(&self, name: &str) -> Behind {
        let Some(cluster) = self.runtime.cluster(name) else {
            return Behind::NoCluster;
        };
        if let Discovery::OriginalDestination { .. } = cluster.discovery {
            return Behind::Workloads(self.directory.workloads(self.info.destination));
        }
        let endpoints = in_use(cluster);
        if endpoints.is_empty() {
            return Behind::NoEndpoint;
        }
        let workloads = endpoints.iter().flat_map(|endpoint| self.at(endpoint));
        Behind::Workloads(workloads.collect())
    }

    fn at(&self, endpoint: &Endpoint) -> BTreeSet<String> {
        let address = match &endpoint.address {
            EndpointAddress::Socket(socket) => Some(*socket),
            EndpointAddress::Name { host, port } => self
                .directory
                .lookup(host)
                .map(|ip| SocketAddr::new(ip, *port)),
        };
        address
            .map(|address| self.directory.workloads(address))
            .unwrap_or_default()
    }
}

/// The endpoints that may take calls. Which priority does depends on health while serving: all count.
fn in_use(cluster: &Cluster) -> Vec<&Endpoint> {
    let all = cluster.endpoints.all().map(|endpoint| &**endpoint);
    all.filter(|endpoint| endpoint.health == Health::Healthy)
        .collect()
}
