//! The clusters of a service: for each port one of the whole service and one of each subset.

use std::collections::HashMap;
use std::time::Duration;

use sealane_model::diagnostic::Code;
use sealane_model::networking::destination_rule::Subset;
use sealane_model::networking::load_balancer::SimpleLb;
use sealane_model::networking::traffic_policy::{ClientTlsMode, TrafficPolicy};
use sealane_model::path::FieldPath;
use sealane_xds::any;
use sealane_xds::cluster::Cluster;
use sealane_xds::cluster::cluster::{
    DiscoveryType, DnsLookupFamily, EdsClusterConfig, LbConfig, LbPolicy, OriginalDstLbConfig,
};
use sealane_xds::core::{Metadata, TypedExtensionConfig};
use sealane_xds::endpoint::ClusterLoadAssignment;
use sealane_xds::envoy::envoy::extensions::network::dns_resolver::cares::v3::CaresDnsResolverConfig;

use crate::cluster::tls::TlsInput;
use crate::cluster::upstream::{self, Upstream};
use crate::cluster::{balance, outlier, pool, tls};
use crate::dynamic_dns;
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
        let mut upstream = match self.discovery(&policy) {
            None => self.dynamic(&name)?,
            Some(discovery) => self.found_by(&name, discovery)?,
        };
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

    /// How endpoints are found; `None` for hosts that are resolved request by request.
    fn discovery(self, policy: &TrafficPolicy) -> Option<DiscoveryType> {
        if self.all.service.is_dynamic() {
            return None;
        }
        let passes = policy::simple_of(policy.load_balancer.as_ref()) == SimpleLb::Passthrough;
        if passes && self.subset.is_some() {
            return Some(DiscoveryType::OriginalDst);
        }
        Some(match self.all.service.resolution {
            Resolution::Dns => DiscoveryType::StrictDns,
            Resolution::DnsRoundRobin => DiscoveryType::LogicalDns,
            Resolution::Passthrough if self.all.proxy.kind == ProxyKind::Sidecar => {
                DiscoveryType::OriginalDst
            }
            Resolution::Passthrough
            | Resolution::Static
            | Resolution::DynamicDns
            | Resolution::Alias => DiscoveryType::Eds,
        })
    }

    /// A cluster whose endpoints are found this way; `None` where DNS has nothing to resolve.
    fn found_by(self, name: &str, discovery: DiscoveryType) -> Option<Upstream> {
        let mut upstream = Upstream::new(name, discovery);
        upstream.common_lb();
        let cluster = &mut upstream.cluster;
        match discovery {
            DiscoveryType::StrictDns | DiscoveryType::LogicalDns | DiscoveryType::Static => {
                let endpoints = self.endpoints().groups();
                if endpoints.is_empty() {
                    return None;
                }
                if discovery != DiscoveryType::Static {
                    self.resolve(cluster);
                }
                cluster.load_assignment = Some(ClusterLoadAssignment {
                    cluster_name: name.to_owned(),
                    endpoints,
                    ..ClusterLoadAssignment::default()
                });
            }
            DiscoveryType::OriginalDst => {
                let port = self.all.service.port_overrides.get(&self.port.number);
                cluster.lb_config = port.map(|port| {
                    LbConfig::OriginalDstLbConfig(OriginalDstLbConfig {
                        upstream_port_override: Some(message::u32_value(u32::from(*port))),
                        ..OriginalDstLbConfig::default()
                    })
                });
            }
            DiscoveryType::Eds => {}
        }
        Some(upstream)
    }

    #[expect(deprecated, reason = "Istio sets these fields, and Envoy reads them")]
    fn resolve(self, cluster: &mut Cluster) {
        let settings = CaresDnsResolverConfig {
            udp_max_queries: Some(message::u32_value(100)),
            ..CaresDnsResolverConfig::default()
        };
        cluster.dns_lookup_family = DnsLookupFamily::V4Only as i32;
        cluster.typed_dns_resolver_config = Some(TypedExtensionConfig {
            name: "envoy.network.dns_resolver.cares".to_owned(),
            typed_config: Some(any::pack(&settings)),
        });
        cluster.dns_jitter = Some(message::duration(Duration::from_millis(100)));
        cluster.dns_refresh_rate = Some(message::duration(self.all.mesh.dns_refresh_rate));
        cluster.respect_dns_ttl = true;
    }

    /// A cluster that resolves the host of each request.
    fn dynamic(self, name: &str) -> Option<Upstream> {
        let protocol = self.port.protocol;
        if !matches!(
            protocol,
            Protocol::Http | Protocol::Http2 | Protocol::Grpc | Protocol::Tls
        ) {
            return None;
        }
        let mut upstream = Upstream::new(name, DiscoveryType::Static);
        upstream.cluster.lb_policy = LbPolicy::ClusterProvided as i32;
        let discovery = dynamic_dns::discovery(&self.all.service.host);
        upstream.cluster.cluster_discovery_type = Some(discovery);
        Some(upstream)
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

/// Istio's own clusters: nothing, and for sidecars the original destination.
pub(crate) fn built_in(proxy: ProxyKind, mesh: &MeshSettings) -> Vec<Cluster> {
    let mut black_hole = Upstream::new(names::BLACK_HOLE, DiscoveryType::Static);
    black_hole.cluster.connect_timeout = Some(message::duration(mesh.connect_timeout));
    let mut all = vec![black_hole.build()];
    if proxy == ProxyKind::Sidecar {
        all.push(passthrough(mesh).build());
    }
    all
}

/// The original destination, as the caller speaks.
pub(super) fn passthrough(mesh: &MeshSettings) -> Upstream {
    let mut cluster = Upstream::new(names::PASSTHROUGH, DiscoveryType::OriginalDst);
    cluster.cluster.lb_policy = LbPolicy::ClusterProvided as i32;
    pool::apply(
        &mut cluster,
        mesh.default_connection_pool.as_ref(),
        None,
        mesh,
    );
    let options = cluster.http();
    options.upstream_protocol_options = Some(upstream::downstream());
    let common = options.common_http_protocol_options.get_or_insert_default();
    common.idle_timeout = Some(message::duration(Duration::from_mins(5)));
    cluster
}
