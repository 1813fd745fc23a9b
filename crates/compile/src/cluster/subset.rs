//! The clusters of a service: for each port one of the whole service and one of each subset.

use std::collections::HashMap;

use sealane_model::diagnostic::Code;
use sealane_model::networking::destination_rule::Subset;
use sealane_model::networking::traffic_policy::{ClientTlsMode, TrafficPolicy};
use sealane_model::path::FieldPath;
use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{DiscoveryType, EdsClusterConfig, LbPolicy};
use sealane_xds::core::Metadata;
use sealane_xds::endpoint::ClusterLoadAssignment;

use crate::cluster::discovery::DiscoveryInput;
use crate::cluster::tls::TlsInput;
use crate::cluster::upstream::Upstream;
use crate::cluster::{balance, outlier, pool, tls};
use crate::endpoint::{self, EndpointInput, locality};
use crate::finding;
use crate::identity::{ProxyIdentity, ProxyKind};
use crate::mesh::MeshSettings;
use crate::message::{self, ISTIO};
use crate::names;
use crate::notes::Notes;
use crate::origin::{self, Origin};
use crate::policy;
use crate::protocol::Protocol;
use crate::service::{Port, Resolution, Service};
use crate::snapshot::destination_rules::MergedRule;

/// What the clusters of a service are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceClusters<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) service: &'a Service,
    pub(crate) rule: Option<&'a MergedRule>,
    /// Whether these are the clusters of a gateway that passes TLS of the mesh through.
    pub(crate) by_sni: bool,
}

/// One of the clusters.
#[derive(Clone, Copy)]
struct One<'a> {
    all: ServiceClusters<'a>,
    port: &'a Port,
    subset: Option<&'a Subset>,
}

impl<'a> ServiceClusters<'a> {
    /// The clusters, and the endpoints of those that find them by a resource of their own.
    pub(crate) fn build(self, notes: &mut Notes) -> (Vec<Cluster>, Vec<ClusterLoadAssignment>) {
        let (mut clusters, mut assignments) = (Vec::new(), Vec::new());
        if self.service.resolution == Resolution::Alias {
            return (clusters, assignments);
        }
        let subsets = self
            .rule
            .map(|rule| rule.spec.subsets.as_slice())
            .unwrap_or_default();
        let ports = self
            .service
            .ports
            .iter()
            .filter(|port| port.protocol != Protocol::Udp);
        for port in ports {
            let mut add = |one: One<'a>, notes: &mut Notes| {
                let Some(cluster) = one.build(notes) else {
                    return;
                };
                let by_resource = cluster.eds_cluster_config.is_some();
                if by_resource
                    && !clusters
                        .iter()
                        .any(|other: &Cluster| other.name == cluster.name)
                {
                    assignments.push(one.endpoints().load_assignment(&cluster.name));
                }
                clusters.push(cluster);
            };
            add(
                One {
                    all: self,
                    port,
                    subset: None,
                },
                notes,
            );
            if !self.service.is_dynamic() {
                for subset in subsets {
                    add(
                        One {
                            all: self,
                            port,
                            subset: Some(subset),
                        },
                        notes,
                    );
                }
            }
        }
        (clusters, assignments)
    }
}

impl<'a> One<'a> {
    fn subset_name(self) -> &'a str {
        self.subset.map_or("", |subset| subset.name.as_str())
    }

    fn endpoints(self) -> EndpointInput<'a> {
        EndpointInput {
            proxy: self.all.proxy,
            mesh: self.all.mesh,
            service: self.all.service,
            rule: self.all.rule,
            subset: self.subset_name(),
            port: self.port.number,
            by_sni: self.all.by_sni,
        }
    }

    /// The policy of the port and subset, with the mesh's defaults.
    fn policy(self) -> TrafficPolicy {
        let rule = self.all.rule.map(|rule| &rule.spec);
        let top = rule.and_then(|rule| rule.traffic_policy.as_ref());
        let whole = policy::at_port(top, self.port.number);
        let whole = policy::with_mesh_defaults(whole, self.all.mesh);
        let own = self
            .subset
            .and_then(|subset| subset.traffic_policy.as_ref());
        policy::of_subset(Some(whole), own, self.port.number).unwrap_or_default()
    }

    fn build(self, notes: &mut Notes) -> Option<Cluster> {
        let service = self.all.service;
        let name = if self.all.by_sni {
            names::sni_cluster(&service.host, self.subset_name(), self.port.number)
        } else {
            names::cluster(&service.host, self.subset_name(), self.port.number)
        };
        let policy = self.policy();
        let found = DiscoveryInput {
            endpoints: self.endpoints(),
            port: self.port,
            simple: policy::simple_of(policy.load_balancer.as_ref()),
        };
        let mut upstream = found.cluster(&name)?;
        self.version(&mut upstream);
        let pool = policy.connection_pool.as_ref();
        pool::upgrade(&mut upstream, self.port.protocol, pool, self.all.mesh);
        pool::apply(
            &mut upstream,
            pool,
            policy.retry_budget.as_ref(),
            self.all.mesh,
        );
        outlier::apply(&mut upstream, policy.outlier_detection.as_ref());
        if upstream.discovery().is_some() {
            let balancer = policy.load_balancer.as_ref();
            let preference = locality::preference(balancer, service, self.all.mesh);
            balance::apply(&mut upstream, balancer, &preference);
        }
        if !self.all.by_sni {
            self.secure(&mut upstream, &policy, notes);
            tls::proxy_protocol(&mut upstream, policy.proxy_protocol.as_ref());
        }
        self.finish(&mut upstream, &policy);
        self.warn_of_empty(&upstream, notes);
        Some(upstream.build())
    }

    /// HTTP/2 where it is declared; the caller's version where nothing is (gateways have callers
    /// of their own, so that this says nothing there).
    fn version(self, upstream: &mut Upstream) {
        if self.port.protocol.is_http2() {
            upstream.use_http2();
        } else if self.port.protocol == Protocol::Unsupported
            && self.all.proxy.kind == ProxyKind::Sidecar
        {
            upstream.use_downstream();
        }
    }

    fn secure(self, upstream: &mut Upstream, policy: &TrafficPolicy, notes: &mut Notes) {
        let (Some(settings), Some(rule)) = (&policy.tls, self.all.rule) else {
            return;
        };
        let service = self.all.service;
        let identities = endpoint::identities(service);
        let input = TlsInput {
            settings,
            proxy: self.all.proxy.kind,
            selects: rule.spec.workload_selector.is_some(),
            registry: service.registry,
            identities: &identities,
            mesh_sni: &names::sni_cluster(&service.host, self.subset_name(), self.port.number),
        };
        if input.drops_credential() {
            let text = format!(
                "calls of sidecars to `{}` are in plain text: `credentialName` acts only where \
                 the DestinationRule has a workloadSelector",
                service.host
            );
            notes.finding(finding::about(Code::SilentlyDropped, rule.object(), text));
        }
        input.apply(upstream);
    }

    fn finish(self, upstream: &mut Upstream, policy: &TrafficPolicy) {
        let service = self.all.service;
        match upstream.discovery() {
            Some(DiscoveryType::OriginalDst) => {
                upstream.cluster.lb_policy = LbPolicy::ClusterProvided as i32;
            }
            Some(DiscoveryType::Eds) => {
                upstream.cluster.eds_cluster_config = Some(EdsClusterConfig {
                    eds_config: Some(message::ads_source()),
                    service_name: upstream.cluster.name.clone(),
                });
            }
            Some(DiscoveryType::Static | DiscoveryType::StrictDns | DiscoveryType::LogicalDns)
            | None => {}
        }
        let metadata = upstream.cluster.metadata.get_or_insert_default();
        if !service.is_dynamic() {
            let list = message::list_value(vec![described(service)]);
            put(metadata, "services", list);
        }
        if service.mesh_external && self.subset.is_none() {
            put(metadata, "external", message::flag_value(true));
        }
        let Some(rule) = self.all.rule else { return };
        put(
            metadata,
            "config",
            message::text_value(&origin::api_path(rule.object())),
        );
        if let Some(subset) = self.subset {
            put(metadata, "subset", message::text_value(&subset.name));
        }
        let mode = policy.tls.as_ref().map(|tls| tls.mode.unwrap_or_default());
        if matches!(mode, Some(ClientTlsMode::Simple | ClientTlsMode::Mutual)) {
            put(metadata, "alpn_override", message::text_value("false"));
        }
    }

    /// A subset of a service with endpoints that has none itself is most likely a typing error.
    fn warn_of_empty(self, upstream: &Upstream, notes: &mut Notes) {
        let (Some(subset), Some(rule)) = (self.subset, self.all.rule) else {
            return;
        };
        let whole = EndpointInput {
            subset: "",
            ..self.endpoints()
        };
        let by_resource = upstream.discovery() == Some(DiscoveryType::Eds);
        if !by_resource || !self.endpoints().is_empty() || whole.is_empty() {
            return;
        }
        let place = rule
            .spec
            .subsets
            .iter()
            .position(|other| other.name == subset.name);
        let from = place.and_then(|place| rule.subsets_from.get(place));
        let Some((object, index)) = from else { return };
        let origin = Origin {
            object: object.clone(),
            path: FieldPath::root()
                .field("subsets")
                .index(*index)
                .field("labels"),
        };
        let text = format!(
            "no workload of `{}` has the labels of subset `{}`",
            self.all.service.host, subset.name
        );
        notes.finding(finding::at(Code::EmptySubset, &origin, text));
    }
}

fn put(metadata: &mut Metadata, key: &str, value: sealane_xds::protobuf::Value) {
    message::put_metadata(metadata, ISTIO, key, value);
}

fn described(service: &Service) -> sealane_xds::protobuf::Value {
    let fields: HashMap<String, _> = [
        ("host", &service.host),
        ("name", &service.name),
        ("namespace", &service.namespace),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), message::text_value(value)))
    .collect();
    message::struct_value(fields)
}
