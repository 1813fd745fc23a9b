//! The rules that proxies serve, in the order in which they try them: not what was declared but what
//! came of it, each rule with the place where it was written.

mod words;

use std::sync::Arc;

use sealane_compile::{Compiled, ProxyKind, compile};
use sealane_control::Current;
use sealane_control::origins::Place;
use sealane_model::kind::ObjectKey;
use sealane_model::resource::Body;
use sealane_runtime::Runtime;
use sealane_runtime::route::{Action, Route};
use sealane_runtime::split::Split;
use sealane_runtime::table::VirtualHost;
use sealane_world::world::World;
use sealane_xds::names::{ALLOW_ANY_HOST, BLOCK_ALL_HOST, ClusterName};
use serde::Serialize;

use crate::blame::host_of;
use crate::foresee::{WorkloadShare, answering, ratio};

/// A host as one proxy serves it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedHost {
    /// The proxy, `NAMESPACE/NAME`.
    pub proxy: String,
    /// Whether the proxy is a gateway. The others are sidecars: their rules are for calls inside
    /// the mesh.
    pub gateway: bool,
    /// The host: a service's whole name, or what a VirtualService names.
    pub host: String,
    /// The port that callers call; for a gateway the one that it listens on.
    pub port: u16,
    /// The authorities that mean this host.
    pub domains: Vec<String>,
    /// The rules; the first that matches serves.
    pub rules: Vec<ServedRule>,
}

/// A rule, or one of its matches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedRule {
    /// Its place in the order, from 1.
    pub number: usize,
    /// What it asks of a request; `everything` when it asks nothing.
    pub matches: String,
    /// What the proxy does instead of forwarding; empty when it forwards.
    pub action: String,
    /// Where requests go.
    pub shares: Vec<ServedShare>,
    /// Whether the shares are drawn at random instead of exactly.
    pub random: bool,
    /// Timeouts, retries, faults, mirrors, rewrites: a text for each.
    pub also: Vec<String>,
    /// The kind of the object that declares it.
    pub kind: String,
    /// The namespace of that object.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `FILE:LINE`; empty for objects of the API.
    pub place: String,
}

/// A destination with its share.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedShare {
    /// The host.
    pub host: String,
    /// The subset; empty for the whole host.
    pub subset: String,
    /// The port.
    pub port: u16,
    /// Between 0 and 1.
    pub share: f64,
    /// Envoy's name for it.
    pub cluster: String,
    /// Why nobody answers there; empty when somebody does.
    pub problem: String,
    /// Who answers, with shares that add up to 1.
    pub workloads: Vec<WorkloadShare>,
}

/// What one proxy is told, compiled and built.
pub struct Told {
    /// What was compiled.
    pub compiled: Compiled,
    /// What it serves by.
    pub runtime: Runtime,
}

impl Told {
    /// What this proxy is told; `None` when there is no such proxy, or it would refuse it.
    pub fn of(current: &Current, proxy: &str) -> Option<Self> {
        let identity = current.identities.get(proxy)?;
        let compiled = compile(&current.snapshot, identity);
        let runtime = Runtime::build(&compiled.resources, None).ok()?;
        Some(Self { compiled, runtime })
    }
}

/// The gateways' ids.
pub fn gateways(current: &Current) -> Vec<String> {
    let routers = current
        .identities
        .iter()
        .filter(|(_, identity)| identity.kind == ProxyKind::Router);
    routers.map(|(id, _)| id.clone()).collect()
}

/// The hosts that a proxy serves to those who call through it, by port and name.
pub fn hosts(current: &Current, world: &World, proxy: &str) -> Vec<ServedHost> {
    let Some(told) = Told::of(current, proxy) else {
        return Vec::new();
    };
    let identity = current.identities.get(proxy);
    let gateway = identity.is_some_and(|identity| identity.kind == ProxyKind::Router);
    let mut hosts: Vec<ServedHost> = Vec::new();
    for table in told.runtime.tables.values() {
        for virtual_host in &table.virtual_hosts {
            let reader = Reader {
                current,
                world,
                told: &told,
            };
            let Some(host) = reader.host(proxy, gateway, virtual_host) else {
                continue;
            };
            // A service whose protocol is sniffed stands in two tables.
            let known = |other: &&ServedHost| (&other.host, other.port) == (&host.host, host.port);
            if !hosts.iter().any(|other| known(&other)) {
                hosts.push(host);
            }
        }
    }
    hosts.sort_by(|a, b| (a.port, &a.host).cmp(&(b.port, &b.host)));
    hosts
}

struct Reader<'a> {
    current: &'a Current,
    world: &'a World,
    told: &'a Told,
}

impl Reader<'_> {
    fn host(&self, proxy: &str, gateway: bool, served: &Arc<VirtualHost>) -> Option<ServedHost> {
        if [ALLOW_ANY_HOST, BLOCK_ALL_HOST].contains(&&*served.name) {
            return None;
        }
        let (host, port) = served.name.rsplit_once(':')?;
        let port = port.parse().ok()?;
        if !gateway && self.lacks_port(host, port) {
            return None;
        }
        let routes = served.routes.iter().enumerate();
        Some(ServedHost {
            proxy: proxy.to_owned(),
            gateway,
            host: host.to_owned(),
            port,
            domains: served.domains.iter().map(ToString::to_string).collect(),
            rules: routes.map(|(at, route)| self.rule(at + 1, route)).collect(),
        })
    }

    /// Whether the host is a Service without this port. Istio gives its VirtualService a virtual host
    /// there too, which nobody means.
    fn lacks_port(&self, host: &str, port: u16) -> bool {
        let mut objects = self.world.objects.iter();
        let service = objects.find_map(|object| match &object.body {
            Body::Service(service) if host_of(object) == host => Some(service),
            _ => None,
        });
        let number = u32::from(port);
        service.is_some_and(|it| it.spec.ports.iter().all(|port| port.port != number))
    }

    fn rule(&self, number: usize, route: &Route) -> ServedRule {
        let (object, place) = self.declared(route).unzip();
        let (shares, random) = match &route.action {
            Action::Forward(forward) => (self.shares(&forward.split), forward.split.random),
            Action::Redirect(_) | Action::Direct(_) => (Vec::new(), false),
        };
        ServedRule {
            number,
            matches: words::matches(route),
            action: words::action(route),
            shares,
            random,
            also: words::also(route),
            kind: object
                .as_ref()
                .map_or_else(String::new, |it: &ObjectKey| it.kind.to_string()),
            namespace: object
                .as_ref()
                .map_or_else(String::new, |it| it.namespace.clone()),
            name: object.map_or_else(String::new, |it| it.name),
            place: place.unwrap_or_default(),
        }
    }

    /// The object and the place of a route.
    fn declared(&self, route: &Route) -> Option<(ObjectKey, String)> {
        let origin = route.origin.as_ref()?;
        let origin = self.told.compiled.origins.get(&*origin.0)?;
        let object = self.current.object(&origin.object);
        let place = object.map(|object| Place::of(object, &origin.path));
        Some((
            origin.object.clone(),
            place.map_or_else(String::new, |it| file_and_line(&it)),
        ))
    }

    fn shares(&self, split: &Split) -> Vec<ServedShare> {
        let share = |part: &sealane_runtime::split::Part| {
            let name = ClusterName::parse(&part.cluster);
            let cluster = self.told.runtime.cluster(&part.cluster);
            let workloads = answering(cluster.map(|cluster| &**cluster), self.world);
            let subset = name.as_ref().and_then(|name| name.subset.clone());
            let problem = match (cluster, workloads.is_empty(), &subset) {
                (None, _, Some(subset)) => format!("no DestinationRule defines {subset}"),
                (None, _, None) => "there is no such host and port".to_owned(),
                (Some(_), true, _) => "no pod answers".to_owned(),
                (Some(_), false, _) => String::new(),
            };
            ServedShare {
                host: name
                    .as_ref()
                    .map_or_else(|| part.cluster.to_string(), |it| it.host.clone()),
                subset: subset.unwrap_or_default(),
                port: name.map_or(0, |it| it.port),
                share: ratio(part.weight, split.total),
                cluster: part.cluster.to_string(),
                problem,
                workloads,
            }
        };
        split.parts.iter().map(share).collect()
    }
}

/// `FILE:LINE`; empty for objects of the API.
pub fn file_and_line(place: &Place) -> String {
    let file = place.file.as_ref();
    file.map_or_else(String::new, |file| format!("{file}:{}", place.line))
}
