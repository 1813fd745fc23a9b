//! Which hosts rules name, with the ports and subsets that they say of them.

use std::collections::BTreeMap;

use sealane_model::networking::destination::{Destination, RouteDestination};
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::networking::http_route::HttpRoute;
use sealane_model::networking::virtual_service::VirtualService;
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};

use crate::names::SUFFIX;

/// A Service by namespace and name.
pub(super) type Host = (String, String);

/// The port of a Service when no rule names one.
const DEFAULT_PORT: u32 = 80;
/// The gateway that stands for all sidecars.
const MESH: &str = "mesh";

/// What is spoken on a port, as far as rules tell. The first one that is told wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wire {
    Http,
    Tls,
    Tcp,
    /// A port that is named without saying what for.
    Untold,
}

/// What rules say of one host.
#[derive(Debug)]
pub(super) struct Named<'a> {
    ports: BTreeMap<u32, Wire>,
    /// What is spoken to the host, where no port is named.
    wire: Wire,
    /// Its subsets with their labels, each name once, in the order of the rules.
    pub(super) subsets: Vec<(String, BTreeMap<String, String>)>,
    /// Where it is named first.
    pub(super) place: (&'a Object, FieldPath),
}

impl Named<'_> {
    /// The ports of the Service.
    pub(super) fn service_ports(&self) -> BTreeMap<u32, Wire> {
        if self.ports.is_empty() {
            return BTreeMap::from([(DEFAULT_PORT, self.wire)]);
        }
        self.ports.clone()
    }
}

/// The Services that rules name. `declared` is sorted by key.
pub(super) fn named<'a>(declared: &[&'a Object]) -> BTreeMap<Host, Named<'a>> {
    let mut found = Found::default();
    for object in declared {
        match &object.body {
            Body::VirtualService(rule) => found.virtual_service(object, rule),
            Body::DestinationRule(rule) => found.destination_rule(object, rule),
            _ => {}
        }
    }
    found.0
}

#[derive(Default)]
struct Found<'a>(BTreeMap<Host, Named<'a>>);

impl<'a> Found<'a> {
    fn virtual_service(&mut self, object: &'a Object, rule: &VirtualService) {
        let in_mesh = rule.gateways.is_empty() || rule.gateways.iter().any(|it| it == MESH);
        if in_mesh {
            let ports = listener_ports(rule);
            let wire = if rule.http.is_empty() {
                Wire::Tcp
            } else {
                Wire::Http
            };
            for (index, host) in rule.hosts.iter().enumerate() {
                let path = FieldPath::root().field("hosts").index(index);
                self.name(object, host, wire, &path);
                for (port, wire) in &ports {
                    self.port(object, host, *port, *wire);
                }
            }
        }
        for (index, route) in rule.http.iter().enumerate() {
            let path = FieldPath::root().field("http").index(index);
            self.http_route(object, route, &path);
        }
        let tls = rule.tls.iter().map(|it| ("tls", Wire::Tls, &it.route));
        let tcp = rule.tcp.iter().map(|it| ("tcp", Wire::Tcp, &it.route));
        for (field, wire, route) in tls.chain(tcp) {
            self.destinations(object, route, wire, &FieldPath::root().field(field));
        }
    }

    fn http_route(&mut self, object: &'a Object, route: &HttpRoute, path: &FieldPath) {
        for (index, to) in route.route.iter().enumerate() {
            let path = path.field("route").index(index).field("destination");
            self.destination(object, &to.destination, Wire::Http, &path);
        }
        if let Some(mirror) = &route.mirror {
            self.destination(object, mirror, Wire::Http, &path.field("mirror"));
        }
        for (index, mirror) in route.mirrors.iter().enumerate() {
            let path = path.field("mirrors").index(index).field("destination");
            self.destination(object, &mirror.destination, Wire::Http, &path);
        }
    }

    fn destinations(
        &mut self,
        object: &'a Object,
        route: &[RouteDestination],
        wire: Wire,
        path: &FieldPath,
    ) {
        for to in route {
            self.destination(object, &to.destination, wire, path);
        }
    }

    fn destination(&mut self, object: &'a Object, to: &Destination, wire: Wire, path: &FieldPath) {
        self.name(object, &to.host, wire, &path.field("host"));
        if let Some(port) = to.port_number() {
            self.port(object, &to.host, port, wire);
        }
    }

    fn destination_rule(&mut self, object: &'a Object, rule: &DestinationRule) {
        let Some(host) = &rule.host else {
            return;
        };
        self.name(object, host, Wire::Untold, &FieldPath::root().field("host"));
        let own = rule.traffic_policy.iter();
        let policies = own.chain(
            rule.subsets
                .iter()
                .filter_map(|it| it.traffic_policy.as_ref()),
        );
        for setting in policies.flat_map(|policy| &policy.port_level_settings) {
            if let Some(port) = setting.port.as_ref().and_then(|port| port.number) {
                self.port(object, host, port, Wire::Untold);
            }
        }
        let service = service_of(host, &object.meta.namespace);
        if let Some(named) = service.and_then(|service| self.0.get_mut(&service)) {
            for subset in &rule.subsets {
                if !named.subsets.iter().any(|(name, _)| *name == subset.name) {
                    let labels = subset.labels.clone();
                    named.subsets.push((subset.name.clone(), labels));
                }
            }
        }
    }

    fn name(&mut self, object: &'a Object, host: &str, wire: Wire, path: &FieldPath) {
        let Some(service) = service_of(host, &object.meta.namespace) else {
            return;
        };
        let named = self.0.entry(service).or_insert_with(|| Named {
            ports: BTreeMap::new(),
            wire,
            subsets: Vec::new(),
            place: (object, path.clone()),
        });
        named.wire = named.wire.min(wire);
    }

    fn port(&mut self, object: &Object, host: &str, port: u32, wire: Wire) {
        let service = service_of(host, &object.meta.namespace);
        let named = service.and_then(|service| self.0.get_mut(&service));
        if let Some(named) = named.filter(|_| (1..=65535).contains(&port)) {
            let known = named.ports.entry(port).or_insert(wire);
            *known = (*known).min(wire);
        }
    }
}

/// The ports of its hosts that a rule's conditions name.
fn listener_ports(rule: &VirtualService) -> Vec<(u32, Wire)> {
    let http = rule.http.iter().flat_map(|route| &route.matches);
    let tls = rule.tls.iter().flat_map(|route| &route.matches);
    let tcp = rule.tcp.iter().flat_map(|route| &route.matches);
    let http = http.filter_map(|it| Some((it.port?, Wire::Http)));
    let tls = tls.filter_map(|it| Some((it.port?, Wire::Tls)));
    let tcp = tcp.filter_map(|it| Some((it.port?, Wire::Tcp)));
    http.chain(tls).chain(tcp).collect()
}

/// The Service that a rule of `namespace` means by `host`. `None` for names of the world outside,
/// wildcards, addresses, and the two names that every machine or cluster has.
fn service_of(host: &str, namespace: &str) -> Option<Host> {
    let (name, namespace) = match host.split_once('.') {
        None => (host, namespace),
        Some((name, rest)) => (name, rest.strip_suffix(SUFFIX)?.strip_suffix('.')?),
    };
    let is_everywhere = name == "localhost" || (name == "kubernetes" && namespace == "default");
    let is_service = is_label(name) && name.starts_with(|first: char| first.is_ascii_lowercase());
    (is_service && is_label(namespace) && !is_everywhere)
        .then(|| (namespace.to_owned(), name.to_owned()))
}

/// Whether it is a label of DNS, as names of Services and namespaces are.
fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
