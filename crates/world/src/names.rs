//! Cluster DNS: what a name means to a program of a namespace. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sealane_model::core::endpoints::EndpointSlice;
use sealane_model::resource::{Body, Object};

use crate::endpoints::{AddressedPod, SERVICE_NAME};

/// What the names of Services end with.
pub(crate) const SUFFIX: &str = "svc.cluster.local";
/// `ExternalName`s that are followed one after the other, at most.
const ALIASES: usize = 5;

/// What DNS answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The addresses of the name, in the order of the answer; never empty.
    Addresses(Vec<IpAddr>),
    /// The name exists and has no address: a headless Service without ready pods.
    NoAddress,
    /// No object of the mesh has this name, which is the whole one, in lower case. The world
    /// outside may know it.
    Unknown(String),
}

/// The names of one generation.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// What the full names of Services and of pods of headless Services mean.
    exact: BTreeMap<String, Target>,
    /// Hosts of `ServiceEntries`, in the order of the objects.
    entries: Vec<(String, Vec<IpAddr>)>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Addresses(Vec<IpAddr>),
    Alias(String),
}

impl Names {
    /// The names of these objects. `declared` is sorted by key.
    pub fn new(
        declared: &[&Object],
        services: &[Object],
        slices: &[Object],
        pods: &[AddressedPod<'_>],
    ) -> Self {
        let mut names = Self::default();
        for object in services {
            names.add_service(object, slices, pods);
        }
        for object in declared {
            let Body::ServiceEntry(entry) = &object.body else {
                continue;
            };
            let addresses: Vec<IpAddr> = entry
                .addresses
                .iter()
                .filter_map(|address| address.parse().ok())
                .collect();
            for host in &entry.hosts {
                let entry = (host.to_ascii_lowercase(), addresses.clone());
                names.entries.push(entry);
            }
        }
        names
    }

    fn add_service(&mut self, object: &Object, slices: &[Object], pods: &[AddressedPod<'_>]) {
        let Body::Service(service) = &object.body else {
            return;
        };
        let name = full_name(&object.meta.namespace, &object.meta.name);
        let spec = &service.spec;
        let target = if spec.is_external_name() {
            Target::Alias(spec.external_name.clone().unwrap_or_default())
        } else if spec.is_headless() {
            for addressed in pods {
                self.add_pod(&name, object, &spec.selector, *addressed);
            }
            Target::Addresses(ready_addresses(object, slices))
        } else {
            let address = spec.cluster_ip.as_ref();
            let address = address.and_then(|address| address.parse().ok());
            Target::Addresses(address.into_iter().collect())
        };
        self.exact.insert(name, target);
    }

    /// A pod of a headless Service has a name below it: its own, and its host name.
    fn add_pod(
        &mut self,
        service_name: &str,
        service: &Object,
        selector: &BTreeMap<String, String>,
        addressed: AddressedPod<'_>,
    ) {
        let pod = addressed.pod;
        let is_behind = !selector.is_empty()
            && pod.namespace == service.meta.namespace
            && pod.has_labels(selector);
        let address: Option<IpAddr> = addressed.address.parse().ok();
        let Some(address) = address.filter(|_| is_behind) else {
            return;
        };
        for label in [Some(&pod.name), pod.spec.hostname.as_ref()] {
            let name = label.map(|label| format!("{label}.{service_name}").to_ascii_lowercase());
            if let Some(name) = name {
                self.exact
                    .entry(name)
                    .or_insert_with(|| Target::Addresses(vec![address]));
            }
        }
    }

    /// What `host` means to a program of `namespace`. An address means itself.
    pub fn resolve(&self, host: &str, namespace: &str) -> Answer {
        let mut host = host.to_ascii_lowercase();
        for _ in 0..=ALIASES {
            match self.step(&host, namespace) {
                Ok(answer) => return answer,
                Err(alias) => host = alias,
            }
        }
        Answer::NoAddress
    }

    /// One look-up; the error is the name to go on with.
    fn step(&self, host: &str, namespace: &str) -> Result<Answer, String> {
        if let Ok(address) = host.parse() {
            return Ok(Answer::Addresses(vec![address]));
        }
        for name in candidates(host, namespace) {
            match self.exact.get(&name) {
                Some(Target::Alias(host)) => return Err(host.to_ascii_lowercase()),
                Some(Target::Addresses(addresses)) => return Ok(answer(addresses)),
                None => {}
            }
        }
        let whole = host.trim_end_matches('.');
        let mut entries = self.entries.iter();
        let entry = entries
            .find(|(pattern, addresses)| !addresses.is_empty() && is_host_of(pattern, whole));
        Ok(entry.map_or_else(
            || Answer::Unknown(whole.to_owned()),
            |(_, addresses)| answer(addresses),
        ))
    }
}

fn answer(addresses: &[IpAddr]) -> Answer {
    if addresses.is_empty() {
        Answer::NoAddress
    } else {
        Answer::Addresses(addresses.to_vec())
    }
}

/// The full name of a Service, as cluster DNS has it.
pub fn full_name(namespace: &str, name: &str) -> String {
    format!("{name}.{namespace}.{SUFFIX}").to_ascii_lowercase()
}

/// The names that a resolver tries, in its order. A name with a dot at its end is a whole one.
fn candidates(host: &str, namespace: &str) -> Vec<String> {
    if let Some(whole) = host.strip_suffix('.') {
        return vec![whole.to_owned()];
    }
    vec![
        format!("{host}.{namespace}.{SUFFIX}"),
        format!("{host}.{SUFFIX}"),
        format!("{host}.cluster.local"),
        host.to_owned(),
    ]
}

pub(crate) fn is_host_of(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => host.ends_with(end) && host.len() > end.len(),
        None => pattern == host,
    }
}

/// The addresses of a Service's endpoints that take traffic, in the order of the slices.
fn ready_addresses(service: &Object, slices: &[Object]) -> Vec<IpAddr> {
    let of_service = slices.iter().filter(|slice| {
        slice.meta.namespace == service.meta.namespace
            && slice.meta.labels.get(SERVICE_NAME) == Some(&service.meta.name)
    });
    of_service
        .filter_map(|slice| match &slice.body {
            Body::EndpointSlice(slice) => Some(slice),
            _ => None,
        })
        .flat_map(first_addresses)
        .collect()
}

fn first_addresses(slice: &EndpointSlice) -> impl Iterator<Item = IpAddr> + '_ {
    let ready = slice.endpoints.iter().filter(|endpoint| {
        let conditions = endpoint.conditions.as_ref();
        conditions.and_then(|conditions| conditions.ready) != Some(false)
    });
    ready.filter_map(|endpoint| endpoint.addresses.first()?.parse().ok())
}

#[cfg(test)]
mod tests;
