//! Endpoints of a cluster: which of a service's endpoints belong to it, grouped by place, the
//! nearer groups first.

pub(crate) mod locality;

use std::collections::{BTreeMap, BTreeSet};

use sealane_xds::core::{HealthStatus, Locality as XdsLocality, Metadata};
use sealane_xds::endpoint::lb_endpoint::HostIdentifier;
use sealane_xds::endpoint::{
    ClusterLoadAssignment, Endpoint as XdsEndpoint, LbEndpoint, LocalityLbEndpoints,
};

use crate::canonical::{canonical_revision, canonical_service};
use crate::identity::{Locality, ProxyIdentity};
use crate::mesh::MeshSettings;
use crate::message::{self, ISTIO};
use crate::policy;
use crate::service::{Endpoint, Health, Service, TrafficDistribution};
use crate::snapshot::destination_rules::MergedRule;
use locality::Group;

/// What the endpoints of a cluster are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndpointInput<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) service: &'a Service,
    pub(crate) rule: Option<&'a MergedRule>,
    /// Empty for all of the service.
    pub(crate) subset: &'a str,
    pub(crate) port: u16,
    /// Whether TLS of the mesh goes there unopened.
    pub(crate) by_sni: bool,
}

impl<'a> EndpointInput<'a> {
    /// The endpoints that may get requests.
    fn members(self) -> impl Iterator<Item = &'a Endpoint> {
        let none = BTreeMap::new();
        let subset = self
            .rule
            .and_then(|rule| policy::subset(&rule.spec, self.subset));
        let labels = subset.map_or(none, |subset| subset.labels.clone());
        let with_unhealthy = self.shows_unhealthy();
        let near =
            |endpoint: &Endpoint| !self.service.node_local || endpoint.node == self.proxy.node;
        let endpoints = self.service.endpoints_of(self.port).iter();
        endpoints.filter(move |endpoint| {
            endpoint.has_labels(&labels)
                && near(endpoint)
                && (with_unhealthy || endpoint.health != Health::Unhealthy)
        })
    }

    /// Unready endpoints are shown as such, unless a least share of healthy ones is asked for.
    fn shows_unhealthy(self) -> bool {
        if self.service.distribution != TrafficDistribution::Any {
            return true;
        }
        let policy = self
            .rule
            .and_then(|rule| policy::resolved(&rule.spec, self.subset, self.port));
        let outlier = policy.and_then(|policy| policy.outlier_detection);
        outlier
            .and_then(|outlier| outlier.min_health_percent)
            .unwrap_or_default()
            <= 0
    }

    /// Whether the subset (or the service) has no endpoint at all.
    pub(crate) fn is_empty(self) -> bool {
        self.members().next().is_none()
    }

    /// The groups of endpoints in order of their places, with priorities.
    pub(crate) fn groups(self) -> Vec<LocalityLbEndpoints> {
        let mut by_place: BTreeMap<String, Vec<&Endpoint>> = BTreeMap::new();
        for endpoint in self.members() {
            by_place
                .entry(endpoint.locality.to_string())
                .or_default()
                .push(endpoint);
        }
        let groups = by_place.into_values().filter_map(|members| {
            let locality = members.first()?.locality.clone();
            Some(Group::new(locality, members))
        });
        let policy = self
            .rule
            .and_then(|rule| policy::resolved(&rule.spec, self.subset, self.port));
        let balancer = policy
            .as_ref()
            .and_then(|policy| policy.load_balancer.as_ref());
        let ejects = policy
            .as_ref()
            .is_some_and(|policy| policy.outlier_detection.is_some());
        let preference = locality::preference(balancer, self.service, self.mesh);
        let mut groups = preference.apply(groups.collect(), self.proxy, ejects);
        if self.by_sni {
            groups.iter_mut().for_each(keep_openers);
        }
        groups
            .iter()
            .map(|group| xds_group(group, self.mesh))
            .collect()
    }

    /// The endpoints as a resource.
    pub(crate) fn load_assignment(self, cluster: &str) -> ClusterLoadAssignment {
        ClusterLoadAssignment {
            cluster_name: cluster.to_owned(),
            endpoints: self.groups(),
            ..ClusterLoadAssignment::default()
        }
    }
}

/// Keeps the workloads that can open TLS of the mesh.
fn keep_openers(group: &mut Group<'_>) {
    let opens = |endpoint: &&Endpoint| {
        let mode = endpoint.labels.get("security.istio.io/tlsMode");
        mode.is_some_and(|mode| mode == "istio")
    };
    let members = group.members.iter().copied().filter(opens).collect();
    let priority = group.priority;
    *group = Group {
        priority,
        ..Group::new(group.locality.clone(), members)
    };
}

/// The identities of everything that serves a service, sorted.
pub(crate) fn identities(service: &Service) -> Vec<String> {
    let own = service.subject_alt_names.iter().cloned();
    let of_endpoints = service.endpoints.values().flatten();
    let of_endpoints = of_endpoints.filter_map(|endpoint| endpoint.identity.clone());
    let all: BTreeSet<String> = own.chain(of_endpoints).collect();
    all.into_iter().collect()
}

fn xds_group(group: &Group<'_>, mesh: &MeshSettings) -> LocalityLbEndpoints {
    LocalityLbEndpoints {
        locality: Some(xds_locality(&group.locality)),
        lb_endpoints: group
            .members
            .iter()
            .map(|member| xds_endpoint(member, mesh))
            .collect(),
        load_balancing_weight: (group.weight > 0).then(|| message::u32_value(group.weight)),
        priority: group.priority,
        ..LocalityLbEndpoints::default()
    }
}

fn xds_locality(locality: &Locality) -> XdsLocality {
    XdsLocality {
        region: locality.region.clone(),
        zone: locality.zone.clone(),
        sub_zone: locality.subzone.clone(),
    }
}

fn xds_endpoint(endpoint: &Endpoint, mesh: &MeshSettings) -> LbEndpoint {
    let health = match endpoint.health {
        Health::Unknown => HealthStatus::Unknown,
        Health::Healthy => HealthStatus::Healthy,
        Health::Unhealthy => HealthStatus::Unhealthy,
        Health::Draining => HealthStatus::Draining,
    };
    let mut metadata = Metadata::default();
    let workload = message::text_value(&workload(endpoint, mesh));
    message::put_metadata(&mut metadata, ISTIO, "workload", workload);
    LbEndpoint {
        health_status: health as i32,
        metadata: Some(metadata),
        load_balancing_weight: Some(message::u32_value(endpoint.weight)),
        host_identifier: Some(HostIdentifier::Endpoint(XdsEndpoint {
            address: Some(message::address(&endpoint.address, endpoint.port)),
            ..XdsEndpoint::default()
        })),
    }
}

/// `NAME;NAMESPACE;CANONICAL NAME;CANONICAL REVISION;CLUSTER`, for telemetry.
fn workload(endpoint: &Endpoint, mesh: &MeshSettings) -> String {
    let name = canonical_service(&endpoint.labels, &endpoint.workload);
    let revision = canonical_revision(&endpoint.labels).unwrap_or_default();
    [
        &*endpoint.workload,
        &*endpoint.namespace,
        name,
        revision,
        &*mesh.cluster_id,
    ]
    .join(";")
}
