//! EndpointSlices (and the older Endpoints) as endpoints of a Kubernetes Service's ports.

use std::collections::{BTreeMap, BTreeSet};

use sealane_model::core::endpoints::{EndpointConditions, EndpointPort, EndpointSlice, Endpoints};

use crate::service::{Endpoint, EndpointsByPort, Health, Port};
use crate::snapshot::workloads::{Item, Workload};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MULTI_CLUSTER_SERVICE: &str = "multicluster.kubernetes.io/service-name";

/// Slices and Endpoints by the Service that they belong to.
#[derive(Debug, Default)]
pub(super) struct Slices<'a> {
    slices: BTreeMap<(&'a str, &'a str), Vec<Item<'a, EndpointSlice>>>,
    older: BTreeMap<(&'a str, &'a str), Item<'a, Endpoints>>,
}

/// What the endpoints of one Service are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct SliceInput<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) ports: &'a [Port],
    pub(super) keeps_sessions: bool,
    pub(super) workloads: &'a BTreeMap<String, Workload>,
}

impl<'a> Slices<'a> {
    pub(super) fn new(slices: &[Item<'a, EndpointSlice>], older: &[Item<'a, Endpoints>]) -> Self {
        let mut all = Self::default();
        for slice in slices {
            let labels = &slice.meta.labels;
            let Some(name) = labels.get(SERVICE_NAME) else {
                continue;
            };
            let foreign = labels.contains_key(MULTI_CLUSTER_SERVICE);
            if foreign || slice.body.address_type == "FQDN" {
                continue;
            }
            all.slices
                .entry((&slice.meta.namespace, name))
                .or_default()
                .push(*slice);
        }
        for slices in all.slices.values_mut() {
            slices.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        }
        for item in older {
            all.older
                .insert((&item.meta.namespace, &item.meta.name), *item);
        }
        all
    }

    /// The endpoints of a Service.
    pub(super) fn endpoints(&self, input: SliceInput<'_>) -> EndpointsByPort {
        let mut found = Found {
            input,
            seen: BTreeSet::new(),
            endpoints: BTreeMap::new(),
        };
        let key = (input.namespace, input.name);
        if let Some(slices) = self.slices.get(&key) {
            for slice in slices {
                found.add_slice(slice.body);
            }
        } else if let Some(older) = self.older.get(&key) {
            found.add_older(older.body);
        }
        found.endpoints
    }
}

struct Found<'a> {
    input: SliceInput<'a>,
    seen: BTreeSet<(String, u16)>,
    endpoints: EndpointsByPort,
}

impl Found<'_> {
    fn add_slice(&mut self, slice: &EndpointSlice) {
        for endpoint in &slice.endpoints {
            let conditions = endpoint.conditions.clone().unwrap_or_default();
            let Some(health) = health(&conditions, self.input.keeps_sessions) else {
                continue;
            };
            let node = endpoint.node_name.as_deref().unwrap_or_default();
            for address in &endpoint.addresses {
                self.add(address, health, node, &slice.ports);
            }
        }
    }

    /// What a cluster makes of Endpoints tells of the addresses that are not ready nothing but
    /// that, so they are on their way out (see [`health`]).
    fn add_older(&mut self, endpoints: &Endpoints) {
        for subset in &endpoints.subsets {
            for address in &subset.addresses {
                let node = address.node_name.as_deref().unwrap_or_default();
                self.add(&address.ip, Health::Healthy, node, &subset.ports);
            }
        }
    }

    /// Adds an address to every port of the Service that has the name of one of `ports`.
    fn add(&mut self, address: &str, health: Health, node: &str, ports: &[EndpointPort]) {
        for port in ports {
            let Some(number) = port.port else { continue };
            let name = port.name.as_deref().unwrap_or_default();
            for service_port in self.input.ports.iter().filter(|own| own.name == name) {
                if !self.seen.insert((address.to_owned(), service_port.number)) {
                    continue;
                }
                let endpoint = self.endpoint(address, number, health, node);
                self.endpoints
                    .entry(service_port.number)
                    .or_default()
                    .push(endpoint);
            }
        }
    }

    fn endpoint(&self, address: &str, port: u32, health: Health, node: &str) -> Endpoint {
        let workload = self.input.workloads.get(address);
        let own = |part: fn(&Workload) -> String| workload.map(part).unwrap_or_default();
        Endpoint {
            address: address.to_owned(),
            port,
            health,
            labels: workload
                .map(|workload| workload.labels.clone())
                .unwrap_or_default(),
            locality: workload
                .map(|workload| workload.locality.clone())
                .unwrap_or_default(),
            weight: 1,
            workload: own(|workload| workload.made_by.clone()),
            namespace: own(|workload| workload.namespace.clone()),
            identity: workload.and_then(|workload| workload.identity.clone()),
            node: if node.is_empty() {
                own(|workload| workload.node.clone())
            } else {
                node.to_owned()
            },
        }
    }
}

/// What conditions say; `None` for an endpoint that is on its way out. What conditions do not say
/// counts as Istio has it: ready, and when it is not ready, serving and going away.
fn health(conditions: &EndpointConditions, keeps_sessions: bool) -> Option<Health> {
    let terminating = conditions.terminating.unwrap_or(true);
    let serving = conditions.serving.unwrap_or(true);
    if conditions.ready.unwrap_or(true) {
        Some(Health::Healthy)
    } else if terminating {
        (serving && keeps_sessions).then_some(Health::Draining)
    } else {
        Some(Health::Unhealthy)
    }
}
