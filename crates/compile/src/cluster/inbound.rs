//! The clusters from a proxy to its own workload.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use sealane_model::networking::connection_pool::ConnectionPoolSettings;
use sealane_model::networking::sidecar::{IstioIngressListener, Sidecar};
use sealane_model::networking::traffic_policy::{RetryBudget, TrafficPolicy};
use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{DiscoveryType, LbPolicy};
use sealane_xds::core::BindConfig;
use sealane_xds::endpoint::lb_endpoint::HostIdentifier;
use sealane_xds::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints};

use crate::cluster::built_in;
use crate::cluster::pool;
use crate::cluster::upstream::Upstream;
use crate::identity::ProxyIdentity;
use crate::mesh::MeshSettings;
use crate::message::{self, ISTIO};
use crate::names;
use crate::origin;
use crate::policy;
use crate::protocol::Protocol;
use crate::service::Service;
use crate::targets::ServiceTarget;
use crate::visibility::Scope;

/// The source address of a proxy's connections to its own workload, so that they are told from
/// the workload's own.
const OWN_SOURCE: &str = "127.0.0.6";

/// What the inbound clusters of a sidecar are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InboundClusters<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) scope: &'a Scope,
    pub(crate) targets: &'a [ServiceTarget],
}

/// One port of the workload.
struct InboundPort<'a> {
    number: u16,
    protocol: Protocol,
    limits: Option<ConnectionPoolSettings>,
    retry_budget: Option<RetryBudget>,
    /// Where its connections go, when not where they were meant to.
    endpoint: Option<(String, u32)>,
    services: Vec<&'a Service>,
}

impl InboundClusters<'_> {
    /// One cluster for each port of the workload, and one for the rest.
    pub(crate) fn build(self) -> Vec<Cluster> {
        let sidecar = self.scope.sidecar.as_ref().map(|sidecar| &sidecar.spec);
        let declared = sidecar.filter(|sidecar| !sidecar.ingress.is_empty());
        let mut clusters = match declared {
            Some(sidecar) => self.of_ingress(sidecar),
            None => self.of_services(),
        };
        let mut rest = built_in::passthrough(self.mesh);
        names::INBOUND_PASSTHROUGH.clone_into(&mut rest.cluster.name);
        rest.cluster.upstream_bind_config = Some(own_source());
        clusters.push(rest.build());
        clusters
    }

    fn of_services(self) -> Vec<Cluster> {
        let mut by_port: BTreeMap<u16, Vec<&ServiceTarget>> = BTreeMap::new();
        for target in self
            .targets
            .iter()
            .filter(|t| t.port.protocol != Protocol::Udp)
        {
            by_port.entry(target.target).or_default().push(target);
        }
        let clusters = by_port.into_iter().filter_map(|(port, targets)| {
            let first = targets.first()?;
            let services: Vec<&Service> = targets
                .iter()
                .filter(|target| target.port.number == first.port.number)
                .map(|target| target.service.as_ref())
                .collect();
            let settings = self.limits(port, Some(first));
            let retry_budget = self
                .rule_policy(first)
                .and_then(|policy| policy.retry_budget);
            Some(self.cluster(&InboundPort {
                number: port,
                protocol: first.port.protocol,
                limits: settings,
                retry_budget,
                endpoint: None,
                services,
            }))
        });
        clusters.collect()
    }

    fn of_ingress(self, sidecar: &Sidecar) -> Vec<Cluster> {
        let clusters = sidecar.ingress.iter().filter_map(|listener| {
            let port = u16::try_from(listener.port.number?).ok()?;
            let protocol = Protocol::parse(listener.port.protocol.as_deref().unwrap_or_default());
            let target = self.targets.iter().find(|target| target.target == port);
            let settings = self.limits(port, target);
            let policy = target.and_then(|target| self.rule_policy(target));
            let retry_budget = policy.and_then(|policy| policy.retry_budget);
            let services: Vec<&Service> = target
                .map(|target| target.service.as_ref())
                .into_iter()
                .collect();
            let endpoint = self.default_endpoint(listener);
            Some(self.cluster(&InboundPort {
                number: port,
                protocol,
                limits: settings,
                retry_budget,
                endpoint,
                services,
            }))
        });
        clusters.collect()
    }

    /// The address that an ingress listener forwards to, when it names one.
    fn default_endpoint(self, listener: &IstioIngressListener) -> Option<(String, u32)> {
        let text = listener
            .default_endpoint
            .as_deref()
            .filter(|text| !text.is_empty())?;
        if text.starts_with("unix://") {
            return Some((text.to_owned(), 0));
        }
        if let Some(port) = text.strip_prefix(':') {
            // Without an address the connection goes where it was meant to go.
            return port.parse::<u16>().ok().and(None);
        }
        let address: SocketAddr = text.parse().ok()?;
        let ip = address.ip();
        let host = if ip.is_unspecified() {
            self.proxy.ip.clone()
        } else {
            ip.to_string()
        };
        Some((host, u32::from(address.port())))
    }

    /// The policy of the DestinationRule for calls that reach a port.
    fn rule_policy(self, target: &ServiceTarget) -> Option<TrafficPolicy> {
        let rule = self.scope.inbound_destination_rule(&target.service.host)?;
        policy::at_port(rule.spec.traffic_policy.as_ref(), target.port.number)
    }

    /// The limits of a port: of its ingress listener, else of the Sidecar, else of the
    /// DestinationRule of the first service there, else of the mesh.
    fn limits(self, port: u16, target: Option<&ServiceTarget>) -> Option<ConnectionPoolSettings> {
        let sidecar = self.scope.sidecar.as_ref().map(|sidecar| &sidecar.spec);
        let of_listener = sidecar.and_then(|sidecar| {
            let mut listeners = sidecar.ingress.iter();
            let own = listeners.find(|l| l.port.number == Some(u32::from(port)))?;
            own.connection_pool.clone()
        });
        let of_sidecar = || sidecar.and_then(|sidecar| sidecar.inbound_connection_pool.clone());
        let of_rule = || self.rule_policy(target?)?.connection_pool;
        of_listener
            .or_else(of_sidecar)
            .or_else(of_rule)
            .or_else(|| self.mesh.default_connection_pool.clone())
    }

    fn cluster(self, port: &InboundPort<'_>) -> Cluster {
        let name = names::inbound_cluster(port.number);
        let discovery = if port.endpoint.is_some() {
            DiscoveryType::Static
        } else {
            DiscoveryType::OriginalDst
        };
        let mut upstream = Upstream::new(&name, discovery);
        upstream.common_lb();
        if port.protocol.is_http2() {
            upstream.use_http2();
        } else if port.protocol == Protocol::Unsupported {
            upstream.use_downstream();
        }
        let budget = port.retry_budget.as_ref();
        pool::apply(&mut upstream, port.limits.as_ref(), budget, self.mesh);
        let local = port
            .endpoint
            .as_ref()
            .is_some_and(|(host, _)| host == "127.0.0.1");
        if !local {
            upstream.cluster.upstream_bind_config = Some(own_source());
        }
        if let Some((host, number)) = &port.endpoint {
            upstream.cluster.load_assignment = Some(assignment(&name, host, *number));
        } else {
            upstream.cluster.lb_policy = LbPolicy::ClusterProvided as i32;
            // The longest time that Envoy takes: connections of a port are never forgotten.
            upstream.cluster.cleanup_interval =
                Some(message::duration(Duration::from_secs(9_223_372_035)));
        }
        if port.services.is_empty() {
            return upstream.build();
        }
        let described = port.services.iter().map(|service| described(service));
        let described = described.collect();
        let metadata = upstream.cluster.metadata.get_or_insert_default();
        message::put_metadata(metadata, ISTIO, "services", message::list_value(described));
        let host = port.services.first().map(|service| service.host.as_str());
        let rule = host.and_then(|host| self.scope.inbound_destination_rule(host));
        if let Some(rule) = rule.filter(|rule| rule.spec.traffic_policy.is_some()) {
            let path = message::text_value(&origin::api_path(rule.object()));
            message::put_metadata(metadata, ISTIO, "config", path);
        }
        upstream.build()
    }
}

fn described(service: &Service) -> sealane_xds::protobuf::Value {
    let fields = [
        ("host", &service.host),
        ("name", &service.name),
        ("namespace", &service.namespace),
    ];
    let fields = fields.map(|(key, value)| (key.to_owned(), message::text_value(value)));
    message::struct_value(HashMap::from(fields))
}

fn own_source() -> BindConfig {
    BindConfig {
        source_address: Some(message::socket_address(OWN_SOURCE, 0)),
        ..BindConfig::default()
    }
}

fn assignment(name: &str, host: &str, port: u32) -> ClusterLoadAssignment {
    let endpoint = LbEndpoint {
        host_identifier: Some(HostIdentifier::Endpoint(Endpoint {
            address: Some(message::address(host, port)),
            ..Endpoint::default()
        })),
        ..LbEndpoint::default()
    };
    ClusterLoadAssignment {
        cluster_name: name.to_owned(),
        endpoints: vec![LocalityLbEndpoints {
            lb_endpoints: vec![endpoint],
            ..LocalityLbEndpoints::default()
        }],
        ..ClusterLoadAssignment::default()
    }
}
