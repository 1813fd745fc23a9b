//! The labels of Istio's standard metrics: whose traffic a series counts.
//!
//! <https://istio.io/latest/docs/reference/config/metrics/#labels>

use std::borrow::Cow;
use std::sync::Arc;

use super::super::flag::Flags;
use super::super::hashed::Hashed;
use super::super::workload::{UNKNOWN, Workload};

/// Which side of a hop counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reporter {
    /// The caller's proxy, or a gateway.
    Source,
    /// The proxy beside the workload that was called.
    Destination,
}

/// The service that was called; what is `None` is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CalledService {
    /// Its host.
    pub host: Option<Arc<str>>,
    /// Its name, or that of a cluster of Istio's own.
    pub name: Option<Arc<str>>,
}

/// Who called whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// Which side counted.
    pub reporter: Reporter,
    /// The caller.
    pub source: Hashed<Workload>,
    /// Who was called.
    pub destination: Hashed<Workload>,
    /// As what.
    pub service: Hashed<CalledService>,
}

/// What a series of HTTP and gRPC requests counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestLabels {
    /// Who called whom.
    pub hop: Hop,
    /// Whether they spoke gRPC.
    pub is_grpc: bool,
    /// The status; 0 when there was none, or none that HTTP has.
    pub status: u16,
    /// The status of a gRPC call.
    pub grpc_status: Option<u8>,
    /// Envoy's response flags.
    pub flags: Flags,
}

/// What a series of TCP connections counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionLabels {
    /// Who called whom.
    pub hop: Hop,
    /// Envoy's response flags.
    pub flags: Flags,
}

/// Labels as they are written.
pub(super) type Pairs<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// Labels that can be written.
pub(super) trait Written {
    /// The labels in Istio's order.
    fn pairs(&self) -> Pairs<'_>;
}

impl Written for Hop {
    fn pairs(&self) -> Pairs<'_> {
        let (source, destination) = (&*self.source, &*self.destination);
        // Who was called knows its own name, whatever it was called.
        let otherwise = match self.reporter {
            Reporter::Source => UNKNOWN,
            Reporter::Destination => &*destination.canonical_service,
        };
        let known = |text: &'_ Option<Arc<str>>| text.as_deref().unwrap_or(otherwise).to_owned();
        let (host, name) = (known(&self.service.host), known(&self.service.name));
        let reporter = match self.reporter {
            Reporter::Source => "source",
            Reporter::Destination => "destination",
        };
        let mut pairs = Vec::with_capacity(26);
        let mut add = |name, value| pairs.push((name, Cow::Borrowed(value)));
        add("reporter", reporter);
        add("source_workload", &*source.name);
        add("source_canonical_service", &source.canonical_service);
        add("source_canonical_revision", &source.canonical_revision);
        add("source_workload_namespace", &source.namespace);
        add("source_principal", UNKNOWN);
        add("source_app", &source.app);
        add("source_version", &source.version);
        add("source_cluster", &source.cluster);
        add("destination_workload", &destination.name);
        add("destination_workload_namespace", &destination.namespace);
        add("destination_principal", UNKNOWN);
        add("destination_app", &destination.app);
        add("destination_version", &destination.version);
        let canonical = &destination.canonical_service;
        add("destination_canonical_service", canonical);
        let revision = &destination.canonical_revision;
        add("destination_canonical_revision", revision);
        // As Istio has it: the namespace of the workload, not of the service.
        add("destination_service_namespace", &destination.namespace);
        add("destination_cluster", &destination.cluster);
        pairs.push(("destination_service", Cow::Owned(host)));
        pairs.push(("destination_service_name", Cow::Owned(name)));
        pairs
    }
}

impl Written for RequestLabels {
    fn pairs(&self) -> Pairs<'_> {
        let protocol = if self.is_grpc { "grpc" } else { "http" };
        let grpc_status = self.grpc_status.map(|status| status.to_string());
        let mut pairs = self.hop.pairs();
        pairs.push(("request_protocol", Cow::Borrowed(protocol)));
        pairs.push(("response_code", Cow::Owned(self.status.to_string())));
        let grpc_status = Cow::Owned(grpc_status.unwrap_or_default());
        pairs.push(("grpc_response_status", grpc_status));
        pairs.extend(ending(&self.hop, &self.flags));
        pairs
    }
}

impl Written for ConnectionLabels {
    fn pairs(&self) -> Pairs<'_> {
        let mut pairs = self.hop.pairs();
        pairs.push(("request_protocol", Cow::Borrowed("tcp")));
        pairs.extend(ending(&self.hop, &self.flags));
        pairs
    }
}

/// Only who was called can tell how the connection was secured.
fn ending(hop: &Hop, flags: &Flags) -> Pairs<'static> {
    let security = match hop.reporter {
        Reporter::Source => UNKNOWN,
        Reporter::Destination => "none",
    };
    vec![
        ("response_flags", Cow::Owned(flags.to_string())),
        ("connection_security_policy", Cow::Borrowed(security)),
    ]
}

/// The status as a label: one that HTTP does not have is none.
pub(crate) fn status_label(status: u16) -> u16 {
    if (100..600).contains(&status) {
        status
    } else {
        0
    }
}
