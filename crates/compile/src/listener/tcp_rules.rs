//! The `tls` and `tcp` rules of VirtualServices as filter chains of a sidecar.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealane_model::networking::virtual_service::{L4MatchAttributes, TlsMatchAttributes};
use sealane_xds::core::Metadata;

use crate::declared::Declared;
use crate::dynamic_dns;
use crate::host;
use crate::identity::ProxyIdentity;
use crate::listener::chains::Chain;
use crate::listener::tcp::{self, RoutedBy, TcpInput};
use crate::message::{self, ISTIO, SEALANE};
use crate::names;
use crate::notes::Notes;
use crate::origin::{self, RuleOrigin};
use crate::protocol::Protocol;
use crate::rule::{MESH, Rules};
use crate::service::{NO_ADDRESS, Service};

/// What the chains of a service's port are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServiceChains<'a> {
    pub(super) input: TcpInput<'a>,
    pub(super) service: &'a Arc<Service>,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    /// Ranges of the service's addresses, where they are no single addresses.
    pub(super) ranges: &'a [String],
    /// The address that the listener binds.
    pub(super) bind: &'a str,
    /// VirtualServices about the service's host.
    pub(super) rules: &'a [Arc<Declared<Rules>>],
    /// What hosts of Kubernetes Services end with.
    pub(super) domain_suffix: &'a str,
}

/// The labels, namespace, port and gateways that a match asks for. Unlike HTTP matches, all of
/// them count.
struct Conditions<'a> {
    port: Option<u32>,
    gateways: &'a [String],
    source_namespace: Option<&'a str>,
    source_labels: &'a std::collections::BTreeMap<String, String>,
}

impl Conditions<'_> {
    fn hold(&self, proxy: &ProxyIdentity, port: u16) -> bool {
        let namespace = self.source_namespace.unwrap_or_default();
        let wanted = self.port.unwrap_or_default();
        (self.gateways.is_empty() || self.gateways.iter().any(|gateway| gateway == MESH))
            && proxy.has_labels(self.source_labels)
            && (wanted == 0 || wanted == u32::from(port))
            && (namespace.is_empty() || namespace == proxy.namespace)
    }
}

fn tls_conditions(entry: &TlsMatchAttributes) -> Conditions<'_> {
    Conditions {
        port: entry.port,
        gateways: &entry.gateways,
        source_namespace: entry.source_namespace.as_deref(),
        source_labels: &entry.source_labels,
    }
}

fn tcp_conditions(entry: &L4MatchAttributes) -> Conditions<'_> {
    Conditions {
        port: entry.port,
        gateways: &entry.gateways,
        source_namespace: entry.source_namespace.as_deref(),
        source_labels: &entry.source_labels,
    }
}

impl ServiceChains<'_> {
    /// The chains of the port: those of rules, then the service's own where they leave room.
    pub(super) fn build(self, notes: &mut Notes) -> Vec<Chain> {
        if self.protocol.is_tls() {
            self.tls(notes)
        } else {
            self.tcp(notes)
        }
    }

    fn tls(self, notes: &mut Notes) -> Vec<Chain> {
        let mut chains = Vec::new();
        let mut seen: BTreeSet<(Vec<String>, Vec<String>)> = BTreeSet::new();
        let mut ranges = self.ranges.to_vec();
        let rules = self
            .rules
            .iter()
            .flat_map(|rules| rules.spec.tls.iter().map(move |rule| (rules, rule)));
        for (rules, rule) in rules.filter(|(_, rule)| !rule.route.route.is_empty()) {
            let holds = |entry: &&TlsMatchAttributes| {
                tls_conditions(entry).hold(self.input.proxy, self.port)
            };
            for entry in rule.route.matches.iter().filter(holds) {
                let subnets = &entry.destination_subnets;
                if !subnets.is_empty() && self.port > 0 {
                    ranges.clone_from(subnets);
                }
                if !seen.insert((entry.sni_hosts.clone(), subnets.clone())) {
                    continue;
                }
                let chain = self.rule_chain(rules, &rule.origin, &rule.route.route, notes);
                chains.extend(chain.map(|chain| Chain {
                    sni_hosts: entry.sni_hosts.clone(),
                    ranges: ranges.clone(),
                    ..chain
                }));
            }
        }
        if chains.is_empty() {
            let sni_hosts = self.own_names();
            chains.push(Chain {
                sni_hosts,
                ranges,
                ..self.own_chain()
            });
        }
        chains
    }

    fn tcp(self, notes: &mut Notes) -> Vec<Chain> {
        let mut chains = Vec::new();
        let rules = self
            .rules
            .iter()
            .flat_map(|rules| rules.spec.tcp.iter().map(move |rule| (rules, rule)));
        for (rules, rule) in rules.filter(|(_, rule)| !rule.route.route.is_empty()) {
            let Some(subnets) = self.subnets(&rule.route.matches) else {
                continue;
            };
            let chain = self.rule_chain(rules, &rule.origin, &rule.route.route, notes);
            let whole = subnets.is_empty();
            let mut own = self.ranges.to_vec();
            own.sort();
            let same = own == subnets;
            let ranges = if whole { self.ranges.to_vec() } else { subnets };
            chains.extend(chain.map(|mut chain| {
                chain.ranges = ranges;
                if !whole && let Some(metadata) = &mut chain.metadata {
                    // Istio does not say here which object it was.
                    metadata.filter_metadata.remove(ISTIO);
                }
                chain
            }));
            // Nothing is left for other rules, or for the service itself.
            if whole || same {
                return chains;
            }
        }
        chains.push(Chain {
            ranges: self.ranges.to_vec(),
            ..self.own_chain()
        });
        chains
    }

    /// The ranges, sorted, that a rule is for: none of them when it is for all connections.
    /// `None` when no match holds here.
    fn subnets(self, matches: &[L4MatchAttributes]) -> Option<Vec<String>> {
        if matches.is_empty() {
            return Some(Vec::new());
        }
        let holds =
            |entry: &&L4MatchAttributes| tcp_conditions(entry).hold(self.input.proxy, self.port);
        let mut subnets = Vec::new();
        let mut any = false;
        for entry in matches.iter().filter(holds) {
            if entry.destination_subnets.is_empty() || self.port == 0 {
                return Some(Vec::new());
            }
            any = true;
            subnets.extend(entry.destination_subnets.iter().cloned());
        }
        subnets.sort();
        any.then_some(subnets)
    }

    fn rule_chain(
        self,
        rules: &Declared<Rules>,
        origin: &RuleOrigin,
        routes: &[sealane_model::networking::destination::RouteDestination],
        notes: &mut Notes,
    ) -> Option<Chain> {
        let object = &rules.object;
        let stat_prefix = format!("{}.{}", object.name, object.namespace);
        let by = RoutedBy {
            origin,
            stat_prefix: &stat_prefix,
        };
        let filter = tcp::to_destinations(routes, self.port, by, self.input, notes)?;
        Some(Chain {
            metadata: Some(metadata(rules, origin)),
            ..Chain::of(filter)
        })
    }

    fn own_chain(self) -> Chain {
        let port = match self.service.ports.as_slice() {
            [only] => only.number,
            _ => self.port,
        };
        let cluster = names::cluster(&self.service.host, "", port);
        let host = &self.service.host;
        let mut chain = Chain::of(tcp::to_service(&cluster, host, self.input));
        if self.service.is_dynamic() {
            chain
                .filters
                .insert(0, dynamic_dns::by_sni(host, self.port));
        }
        chain
    }

    /// The names of the service, where its address does not tell it apart.
    fn own_names(self) -> Vec<String> {
        let address = self.service.address();
        let no_address = address.contains('/') || address.is_empty();
        let shared = address == NO_ADDRESS && self.bind == NO_ADDRESS;
        if self.ranges.is_empty() && !no_address && !shared && !self.service.is_dynamic() {
            return Vec::new();
        }
        let mut all = vec![self.service.host.clone()];
        for alias in &self.service.aliases {
            all.push(alias.clone());
            all.extend(host::short_forms(
                alias,
                &self.input.proxy.namespace,
                self.domain_suffix,
            ));
        }
        all
    }
}

/// Istio's note of the object that a chain was made from, and the rule's origin.
fn metadata(rules: &Declared<Rules>, origin: &RuleOrigin) -> Metadata {
    let mut metadata = sealane_metadata(rules, origin);
    let path = origin::api_path(&rules.object);
    message::put_metadata(&mut metadata, ISTIO, "config", message::text_value(&path));
    metadata
}

/// The origin of a rule that has become a chain.
pub(super) fn sealane_metadata(rules: &Declared<Rules>, origin: &RuleOrigin) -> Metadata {
    let mut metadata = Metadata::default();
    let mut put = |key: &str, value: &str| {
        message::put_metadata(&mut metadata, SEALANE, key, message::text_value(value));
    };
    put("origin", &origin.id);
    if rules.spec.random_weights {
        put("weights", "random");
    }
    metadata
}
