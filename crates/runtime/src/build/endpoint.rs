//! Endpoints.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sealane_xds::Resources;
use sealane_xds::cluster::Cluster;
use sealane_xds::core::{HealthStatus, Locality};
use sealane_xds::endpoint::cluster_load_assignment::Policy;
use sealane_xds::endpoint::lb_endpoint::HostIdentifier;
use sealane_xds::endpoint::{self, ClusterLoadAssignment, LbEndpoint, LocalityLbEndpoints};

use crate::build::at::{At, fields};
use crate::build::matching::all;
use crate::build::metadata::workload;
use crate::build::scalar::{host_and_port, number};
use crate::endpoint::{Endpoint, EndpointAddress, Endpoints, Health, LocalityEndpoints};

/// Envoy's overprovisioning factor, in percent.
const OVERPROVISIONING: u32 = 140;

/// What a cluster's endpoints are read from, and whether that is a resource of its own.
pub(super) enum Assignment<'a> {
    /// Nothing says any.
    None,
    /// They stand in the cluster.
    Within(&'a ClusterLoadAssignment),
    /// They are a resource of this name.
    Beside(&'a str, &'a Arc<ClusterLoadAssignment>),
}

impl<'a> Assignment<'a> {
    /// The resource of its own.
    pub(super) const fn resource(&self) -> Option<&'a Arc<ClusterLoadAssignment>> {
        match self {
            Self::None | Self::Within(_) => None,
            Self::Beside(_, resource) => Some(resource),
        }
    }
}

/// What the endpoints of `cluster` are read from. A resource that is not there yet is as good as
/// one without endpoints.
pub(super) fn assignment_of<'a>(cluster: &'a Cluster, resources: &'a Resources) -> Assignment<'a> {
    let name = cluster
        .eds_cluster_config
        .as_ref()
        .map(|config| config.service_name.as_str())
        .filter(|name| !name.is_empty())
        .unwrap_or(&cluster.name);
    match (
        cluster.load_assignment.as_ref(),
        resources.endpoints.get(name),
    ) {
        (Some(within), _) => Assignment::Within(within),
        (None, Some(message)) if cluster.eds_cluster_config.is_some() => {
            Assignment::Beside(&message.cluster_name, message)
        }
        (None, _) => Assignment::None,
    }
}

pub(super) fn endpoints(at: &At<'_>, message: &ClusterLoadAssignment) -> Option<Endpoints> {
    fields! { at, message, ClusterLoadAssignment {
        read: [endpoints, policy],
        ignored: [cluster_name],
        refused: [named_endpoints],
    } }
    let overprovisioning = match policy.as_ref() {
        None => None,
        Some(policy) => {
            let at = at.field("policy");
            fields! { at, policy, Policy {
                read: [overprovisioning_factor],
                ignored: [endpoint_stale_after],
                refused: [drop_overloads, weighted_priority_health],
            } }
            number(overprovisioning_factor.as_ref())
        }
    };
    let localities = all(&at.field("endpoints"), endpoints, locality)?;
    Some(Endpoints {
        localities,
        overprovisioning: overprovisioning.unwrap_or(OVERPROVISIONING),
    })
}

fn locality(at: &At<'_>, message: &LocalityLbEndpoints) -> Option<LocalityEndpoints> {
    fields! { at, message, LocalityLbEndpoints {
        read: [locality, lb_endpoints, load_balancing_weight, priority],
        // Envoy uses neither for balancing.
        ignored: [metadata, proximity],
        refused: [lb_config],
    } }
    let endpoints = all(&at.field("lb_endpoints"), lb_endpoints, endpoint)?;
    Some(LocalityEndpoints {
        locality: locality_name(locality.as_ref()),
        priority: *priority,
        weight: number(load_balancing_weight.as_ref()),
        endpoints: endpoints.into_iter().map(Arc::new).collect(),
    })
}

/// `region/zone/subzone`, without the parts at the end that are not known.
fn locality_name(locality: Option<&Locality>) -> Arc<str> {
    let Some(locality) = locality else {
        return Arc::from("");
    };
    let name = [&*locality.region, &*locality.zone, &*locality.sub_zone].join("/");
    Arc::from(name.trim_end_matches('/'))
}

fn endpoint(at: &At<'_>, message: &LbEndpoint) -> Option<Endpoint> {
    let health = match HealthStatus::try_from(message.health_status) {
        // Degraded endpoints are a refinement of healthy ones: last choice, but of use.
        Ok(HealthStatus::Unknown | HealthStatus::Healthy | HealthStatus::Degraded) => {
            Some(Health::Healthy)
        }
        Ok(HealthStatus::Unhealthy | HealthStatus::Timeout) => Some(Health::Unhealthy),
        Ok(HealthStatus::Draining) => Some(Health::Draining),
        Err(_) => at.field("health_status").refuse("not one of its values"),
    };
    let Some(HostIdentifier::Endpoint(inner)) = message.host_identifier.as_ref() else {
        at.field("host_identifier").not_understood();
        return None;
    };
    let inner_at = at.field("endpoint");
    fields! { inner_at, inner, endpoint::Endpoint {
        read: [address, hostname],
        // Health checks are refused with the cluster; the other name is for display.
        ignored: [health_check_config, observability_name],
        refused: [additional_addresses],
    } }
    let (host, port) = host_and_port(&inner_at.field("address"), address.as_ref())?;
    let weight = number(message.load_balancing_weight.as_ref()).unwrap_or(1);
    if weight == 0 {
        return at.field("load_balancing_weight").refuse("is 0");
    }
    Some(Endpoint {
        address: host.parse::<IpAddr>().map_or_else(
            |_| EndpointAddress::Name {
                host: Arc::from(host),
                port,
            },
            |ip| EndpointAddress::Socket(SocketAddr::new(ip, port)),
        ),
        weight,
        health: health?,
        hostname: Arc::from(hostname.as_str()),
        workload: workload(message.metadata.as_ref()),
    })
}
