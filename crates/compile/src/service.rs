//! A service as rules see it: one host with ports, addresses and endpoints, whether a Kubernetes
//! Service or a ServiceEntry declared it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::kind::ObjectKey;

use crate::created::Created;
use crate::identity::{self, Locality};
use crate::protocol::Protocol;

/// The address of a service that has none of its own.
pub(crate) const NO_ADDRESS: &str = "0.0.0.0";

/// Who declared a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Registry {
    /// A Kubernetes Service.
    Kubernetes,
    /// A ServiceEntry.
    External,
}

/// How the endpoints of a service are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resolution {
    /// They are declared.
    Static,
    /// DNS, all addresses of the answer.
    Dns,
    /// DNS, one address of the answer.
    DnsRoundRobin,
    /// The caller has chosen: the original destination.
    Passthrough,
    /// DNS for whatever name the request asks for.
    DynamicDns,
    /// It is another name of another service.
    Alias,
}

/// Near endpoints first, without anybody's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum TrafficDistribution {
    /// All the same.
    #[default]
    Any,
    /// Those of the caller's zone first.
    PreferSameZone,
    /// Those of the caller's node first.
    PreferSameNode,
}

/// Who may see an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ExportTo(BTreeSet<String>);

impl ExportTo {
    /// The field `exportTo` of an object in `namespace`; when it is empty, the mesh's default.
    pub(crate) fn new<S: AsRef<str>>(field: &[S], default: &[String], namespace: &str) -> Self {
        let own = |text: &str| {
            if text == "." {
                namespace.to_owned()
            } else {
                text.to_owned()
            }
        };
        if field.is_empty() {
            Self(default.iter().map(|text| own(text)).collect())
        } else {
            Self(field.iter().map(|text| own(text.as_ref())).collect())
        }
    }

    /// Whether everybody sees it.
    pub(crate) fn is_public(&self) -> bool {
        self.0.contains("*")
    }

    /// Whether nobody sees it.
    pub(crate) fn is_nobody(&self) -> bool {
        !self.is_public() && self.0.contains("~")
    }

    /// Whether proxies of the namespace see it.
    pub(crate) fn includes(&self, namespace: &str) -> bool {
        self.is_public() || (!self.is_nobody() && self.0.contains(namespace))
    }
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Port {
    /// Its name; may be empty.
    pub name: String,
    /// Its number.
    pub number: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
}

/// The port of a workload that serves a port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Its number.
    Number(u16),
    /// The name of a container's port.
    Name(String),
}

/// Whether an endpoint takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    /// Nobody says, so it does.
    Unknown,
    /// It does.
    Healthy,
    /// It is not ready.
    Unhealthy,
    /// It finishes what it has; only sessions that hold on to it still go there.
    Draining,
}

/// Something that serves a port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// IP address, host name (DNS resolution) or `unix://` path.
    pub address: String,
    /// Its port; 0 for a Unix socket.
    pub port: u32,
    /// Whether it takes requests.
    pub health: Health,
    /// Labels of the workload and of its place.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Where it is.
    pub locality: Locality,
    /// Its weight among the endpoints; at least 1.
    pub weight: u32,
    /// The workload's name; may be empty.
    pub workload: String,
    /// The workload's namespace.
    pub namespace: String,
    /// `spiffe://…` of the workload's account, when known.
    pub identity: Option<String>,
    /// The node it runs on; may be empty.
    pub node: String,
}

impl Endpoint {
    /// Whether it belongs to a subset with these labels.
    pub(crate) fn has_labels(&self, wanted: &BTreeMap<String, String>) -> bool {
        identity::is_subset(wanted, &self.labels)
    }
}

/// Endpoints by the number of the service port that they serve.
pub(crate) type EndpointsByPort = BTreeMap<u16, Vec<Endpoint>>;

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service {
    /// The host that rules name.
    pub host: String,
    /// The Kubernetes name; of a ServiceEntry the host.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Who declared it.
    pub registry: Registry,
    /// The object that declared it.
    pub object: ObjectKey,
    /// When it was declared.
    pub created: Created,
    /// Its ports, in the order of the declaration.
    pub ports: Vec<Port>,
    /// Ports of the workloads behind it, by its own ports.
    pub targets: BTreeMap<u16, Target>,
    /// How its endpoints are found.
    pub resolution: Resolution,
    /// Whether it lies outside of the mesh.
    pub mesh_external: bool,
    /// Its virtual addresses; [`NO_ADDRESS`] alone when there is none. May be a range.
    pub addresses: Vec<String>,
    /// Other hosts by which it is known.
    pub aliases: Vec<String>,
    /// The host that an alias stands for.
    pub external_name: Option<String>,
    /// Who may see it.
    pub export_to: ExportTo,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Labels of the workloads behind it; empty when it has no selector.
    pub selector: BTreeMap<String, String>,
    /// Ports that a caller's original destination is changed to.
    pub port_overrides: BTreeMap<u16, u16>,
    /// Identities that its certificates may show.
    pub subject_alt_names: Vec<String>,
    /// Whether only endpoints of the caller's node serve it.
    pub node_local: bool,
    /// Whether near endpoints come first.
    pub distribution: TrafficDistribution,
    /// What serves it.
    pub endpoints: Arc<EndpointsByPort>,
}

impl Service {
    /// The port of this number.
    pub(crate) fn port(&self, number: u16) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// The first virtual address, [`NO_ADDRESS`] when there is none.
    pub(crate) fn address(&self) -> &str {
        self.addresses.first().map_or(NO_ADDRESS, String::as_str)
    }

    /// What serves a port, of any subset.
    pub(crate) fn endpoints_of(&self, port: u16) -> &[Endpoint] {
        self.endpoints.get(&port).map_or(&[], Vec::as_slice)
    }

    /// Whether requests that hold on to an endpoint may still reach it while it drains.
    pub(crate) fn keeps_sessions(&self) -> bool {
        self.labels
            .get("istio.io/persistent-session")
            .is_some_and(|value| !value.is_empty())
    }

    /// Whether a wildcard host is resolved request by request.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.resolution == Resolution::DynamicDns && crate::host::is_wildcard(&self.host)
    }
}
