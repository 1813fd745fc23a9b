//! Why a proxy answered a request itself, and what to do about it, in the words of what was
//! declared.

mod endpoints;

use std::fmt::Display;

use sealane_control::Current;
use sealane_control::origins::Place;
use sealane_control::view::conditions;
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};
use sealane_model::suggest::nearest;
use sealane_proxy::telemetry::record::AccessRecord;
use sealane_world::world::World;
use sealane_xds::names::{ClusterName, PASSTHROUGH_CLUSTER};

/// The suffix of the hosts of Services.
const SUFFIX: &str = "svc.cluster.local";
/// Names that are listed at most.
const LISTED: usize = 8;

/// What the blame is looked for in.
pub(crate) struct Blame<'a> {
    /// What is declared.
    pub current: &'a Current,
    /// What runs.
    pub world: &'a World,
}

/// A fact, in the columns that they have.
fn fact(name: &str, what: impl Display) -> String {
    format!("  {name:<12} {what}")
}

impl Blame<'_> {
    /// What there is to say beyond flags, cluster and route, a fact a line.
    pub(crate) fn facts(&self, record: &AccessRecord) -> Vec<String> {
        let cluster = record.wanted_cluster.as_ref().or(record.cluster.as_ref());
        let cluster = cluster.map_or("", |cluster| &**cluster);
        let namespace = record.proxy.split('/').next().unwrap_or_default();
        let authority = record.authority.as_deref().unwrap_or_default();
        match (record.details.as_ref(), ClusterName::parse(cluster)) {
            ("route_not_found", _) => self.no_route(record, namespace),
            ("cluster_not_found", Some(name)) => self.no_cluster(&name),
            ("no_healthy_upstream", Some(name)) => self.no_endpoint(&name),
            _ if cluster == PASSTHROUGH_CLUSTER => self.not_in_mesh(authority, namespace),
            _ => Vec::new(),
        }
    }

    /// The cluster does not exist: its host, its port or its subset does not.
    fn no_cluster(&self, name: &ClusterName) -> Vec<String> {
        if !self.is_known(&name.host) {
            return self.unknown_host(&name.host);
        }
        let ports = self.ports(&name.host);
        if !ports
            .iter()
            .any(|(_, number)| *number == u32::from(name.port))
        {
            return self.unknown_port(&name.host, u32::from(name.port));
        }
        let Some(subset) = &name.subset else {
            return Vec::new();
        };
        self.unknown_subset(&name.host, subset)
    }

    fn unknown_subset(&self, host: &str, subset: &str) -> Vec<String> {
        let mut facts = Vec::new();
        let mut rules = Vec::new();
        for (object, rule) in self.rules_of(host) {
            let names: Vec<&str> = rule.subsets.iter().map(|it| it.name.as_str()).collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let place = Place::of(object, &FieldPath::root().field("subsets"));
            facts.push(fact(
                "subsets",
                format_args!("{place}  {}: {names}", object.key()),
            ));
            rules.push(object.key().to_string());
        }
        if let Some(rule) = rules.first() {
            facts.push(fact(
                "to fix",
                format_args!("add subset {subset} to {rule}, or route elsewhere"),
            ));
        } else {
            facts.push(fact(
                "subsets",
                format_args!("no DestinationRule has {host}"),
            ));
            let what = format_args!("define subset {subset} in a DestinationRule of {host}");
            facts.push(fact("to fix", what));
        }
        facts
    }

    fn unknown_host(&self, host: &str) -> Vec<String> {
        let known = self.hosts();
        let mut facts = vec![fact(
            "host",
            format_args!("{host} is no Service and no host of a ServiceEntry"),
        )];
        if !known.is_empty() {
            facts.push(fact("known", listed(&known)));
        }
        let near = nearest(host, known.iter().map(String::as_str));
        facts.push(match near {
            Some(near) => fact("to fix", format_args!("did you mean {near}?")),
            None => fact(
                "to fix",
                format_args!("declare {host}, or correct the name"),
            ),
        });
        facts
    }

    fn unknown_port(&self, host: &str, port: u32) -> Vec<String> {
        let ports = self.ports(host);
        let numbers: Vec<String> = ports.iter().map(|(_, port)| port.to_string()).collect();
        let mut facts = vec![fact("port", format_args!("{host} has no port {port}"))];
        if let Some((place, _)) = ports.first() {
            facts.push(fact(
                "ports",
                format_args!("{place}  {}", numbers.join(", ")),
            ));
        }
        if let Some(number) = numbers.first() {
            facts.push(fact(
                "to fix",
                format_args!("use port {number}, or declare {port}"),
            ));
        }
        facts
    }

    /// A call that left the mesh: nothing that is declared has the name and the port.
    fn not_in_mesh(&self, authority: &str, namespace: &str) -> Vec<String> {
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().unwrap_or(80)),
            None => (authority, 80),
        };
        let candidates = [
            name.to_owned(),
            format!("{name}.{namespace}.{SUFFIX}"),
            format!("{name}.{SUFFIX}"),
            format!("{name}.cluster.local"),
        ];
        match candidates.iter().find(|host| self.is_known(host)) {
            Some(host) => self.unknown_port(host, port),
            None if name.contains('.') => self.unknown_host(name),
            None => self.unknown_host(&format!("{name}.{namespace}.{SUFFIX}")),
        }
    }

    /// No virtual host, or none of its rules.
    fn no_route(&self, record: &AccessRecord, namespace: &str) -> Vec<String> {
        let host = record.virtual_host.as_deref();
        let Some(host) = host
            .and_then(|host| host.rsplit_once(':'))
            .map(|(host, _)| host)
        else {
            let authority = record.authority.as_deref().unwrap_or_default();
            let known = self.virtual_hosts();
            let mut facts = vec![fact("host", format_args!("nothing here has {authority:?}"))];
            if !known.is_empty() {
                facts.push(fact("known", listed(&known)));
            }
            return facts;
        };
        let mut facts = Vec::new();
        for stored in self.current.declared.iter() {
            let object = &*stored.object;
            let Body::VirtualService(rules) = &object.body else {
                continue;
            };
            let own = &object.meta.namespace;
            if !rules.hosts.iter().any(|name| names(name, own, host)) {
                continue;
            }
            for (index, rule) in rules.http.iter().enumerate().take(LISTED) {
                let path = FieldPath::root().field("http").index(index);
                let place = Place::of(object, &path);
                let wanted = conditions(rule).join(" | ");
                facts.push(fact("no match", format_args!("{place}  wants {wanted}")));
            }
        }
        if facts.is_empty() {
            return vec![fact(
                "host",
                format_args!("no rule of {host} is for {namespace}"),
            )];
        }
        facts.push(fact(
            "to fix",
            "add a last rule without `match`, or correct the request",
        ));
        facts
    }

    /// The Services' hosts and those of `ServiceEntries`, sorted.
    fn hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for stored in self.current.declared.iter() {
            match &stored.object.body {
                Body::Service(_) => hosts.push(host_of(&stored.object)),
                Body::ServiceEntry(entry) => hosts.extend(entry.hosts.iter().cloned()),
                _ => {}
            }
        }
        hosts.sort();
        hosts.dedup();
        hosts
    }

    fn virtual_hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for stored in self.current.declared.iter() {
            if let Body::VirtualService(rules) = &stored.object.body {
                hosts.extend(rules.hosts.iter().cloned());
            }
        }
        hosts.sort();
        hosts.dedup();
        hosts
    }

    fn is_known(&self, host: &str) -> bool {
        self.hosts().iter().any(|known| known == host)
    }

    /// The ports of a host, with the places where they are declared.
    fn ports(&self, host: &str) -> Vec<(Place, u32)> {
        let mut ports = Vec::new();
        for stored in self.current.declared.iter() {
            let object = &*stored.object;
            let numbers: Vec<u32> = match &object.body {
                Body::Service(service) if host_of(object) == host => {
                    service.spec.ports.iter().map(|port| port.port).collect()
                }
                Body::ServiceEntry(entry) if entry.hosts.iter().any(|own| own == host) => {
                    entry.ports.iter().map(|port| port.number).collect()
                }
                _ => continue,
            };
            let place = Place::of(object, &FieldPath::root());
            ports.extend(numbers.into_iter().map(|number| (place.clone(), number)));
        }
        ports
    }

    /// The `DestinationRules` of a host.
    fn rules_of(&self, host: &str) -> Vec<(&Object, &DestinationRule)> {
        let all = self.current.declared.iter();
        let rules = all.filter_map(|stored| match &stored.object.body {
            Body::DestinationRule(rule) => Some((&*stored.object, rule)),
            _ => None,
        });
        rules
            .filter(|(object, rule)| {
                let own = &object.meta.namespace;
                rule.host
                    .as_deref()
                    .is_some_and(|name| names(name, own, host))
            })
            .collect()
    }
}

/// Whether `name`, written in an object of `namespace`, is `host` or a wildcard over it.
pub(crate) fn names(name: &str, namespace: &str, host: &str) -> bool {
    match name.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None if name.contains('.') => name == host,
        None => format!("{name}.{namespace}.{SUFFIX}") == host,
    }
}

/// The host of a Service.
pub(crate) fn host_of(service: &Object) -> String {
    format!("{}.{}.{SUFFIX}", service.meta.name, service.meta.namespace)
}

/// The first names of a list, and how many more there are.
fn listed(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(LISTED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > LISTED {
        text = format!("{text} and {} more", names.len() - LISTED);
    }
    text
}
