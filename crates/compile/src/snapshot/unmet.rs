//! Names and selectors that nothing declared meets. Istio takes them without a word.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::diagnostic::Code;
use sealane_model::networking::gateway::Gateway;
use sealane_model::path::FieldPath;

use crate::declared::Declared;
use crate::finding::{self, Finding};
use crate::host;
use crate::identity;
use crate::origin::Origin;
use crate::rule::{MESH, Rules};
use crate::snapshot::Snapshot;

/// What is named or selected, and is not there.
pub(super) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let rules = snapshot.virtual_services.iter();
    let mut found: Vec<Finding> = rules
        .flat_map(|rules| of_gateways(rules, &snapshot.gateways))
        .collect();
    // Rules that are looked at without workloads are not wrong in selecting none.
    if !snapshot.workloads.is_empty() {
        found.extend(of_selectors(snapshot));
    }
    found
}

/// Gateways that a VirtualService names and that are not there, or serve none of its hosts.
fn of_gateways(rules: &Declared<Rules>, gateways: &[Arc<Declared<Gateway>>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, name) in rules.spec.gateways.iter().enumerate() {
        if name == MESH {
            continue;
        }
        let mut same = gateways.iter().filter(|gateway| {
            let object = &gateway.object;
            name.split_once('/') == Some((&object.namespace, &object.name))
        });
        let Some(gateway) = same.next() else {
            let text = format!("there is no Gateway `{name}`: the rules do not act there");
            let path = FieldPath::root().field("gateways").index(index);
            found.push(finding::at(
                Code::UnknownGateway,
                &origin(rules, path),
                text,
            ));
            continue;
        };
        for (index, host) in rules.spec.hosts.iter().enumerate() {
            if !serves(gateway, host, &rules.object.namespace) {
                let text = format!("no server of Gateway `{name}` is for host `{host}`");
                let path = FieldPath::root().field("hosts").index(index);
                found.push(finding::at(
                    Code::HostNotInGateway,
                    &origin(rules, path),
                    text,
                ));
            }
        }
    }
    found
}

/// Whether a server of a Gateway is for the host, and for VirtualServices of the namespace.
fn serves(gateway: &Declared<Gateway>, wanted: &str, namespace: &str) -> bool {
    let own = &gateway.object.namespace;
    let mut hosts = gateway.spec.servers.iter().flat_map(|server| &server.hosts);
    hosts.any(|written| {
        let (scope, name) = written.split_once('/').unwrap_or(("*", written));
        let scope = if scope == "." { own } else { scope };
        (scope == "*" || scope == namespace) && host::overlaps(name, wanted)
    })
}

/// Selectors of Gateways and Sidecars without a workload.
fn of_selectors(snapshot: &Snapshot) -> Vec<Finding> {
    let mut found = Vec::new();
    for gateway in &snapshot.gateways {
        let selector = Selector {
            labels: &gateway.spec.selector,
            namespace: None,
        };
        if !selector.matches_any(snapshot) {
            let path = FieldPath::root().field("selector");
            found.push(nothing(&origin(gateway, path), selector));
        }
    }
    for sidecar in &snapshot.sidecars {
        let Some(labels) = &sidecar.spec.workload_selector else {
            continue;
        };
        let namespace = &sidecar.object.namespace;
        let selector = Selector {
            labels: &labels.labels,
            namespace: (*namespace != snapshot.mesh.root_namespace).then_some(namespace),
        };
        if !selector.matches_any(snapshot) {
            let path = FieldPath::root().field("workloadSelector");
            found.push(nothing(&origin(sidecar, path), selector));
        }
    }
    found
}

/// Labels, and the only namespace whose workloads count.
#[derive(Clone, Copy)]
struct Selector<'a> {
    labels: &'a BTreeMap<String, String>,
    namespace: Option<&'a String>,
}

impl Selector<'_> {
    fn matches_any(self, snapshot: &Snapshot) -> bool {
        let mut workloads = snapshot.workloads.values();
        workloads.any(|workload| {
            self.namespace.is_none_or(|own| *own == workload.namespace)
                && identity::is_subset(self.labels, &workload.labels)
        })
    }
}

fn nothing(origin: &Origin, selector: Selector<'_>) -> Finding {
    let place = selector
        .namespace
        .map(|namespace| format!(" of namespace `{namespace}`"))
        .unwrap_or_default();
    let labels: Vec<String> = selector
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let text = format!("no workload{place} has the labels {}", labels.join(", "));
    finding::at(Code::NothingSelected, origin, text)
}

fn origin<T>(declared: &Declared<T>, path: FieldPath) -> Origin {
    Origin {
        object: declared.object.clone(),
        path,
    }
}
