//! A VirtualService after its short names are made whole and its delegates are merged in.

use sealane_model::networking::http_route::HttpRoute;
use sealane_model::networking::virtual_service::{TcpRoute, TlsRoute};

use crate::declared::Declared;
use crate::origin::RuleOrigin;
use crate::service::ExportTo;

/// The gateway of all sidecars.
pub(crate) const MESH: &str = "mesh";

/// An HTTP rule and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HttpRule {
    /// The rule, with whole hosts and gateways.
    pub route: HttpRoute,
    /// Where it was written.
    pub origin: RuleOrigin,
}

/// A TLS rule and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TlsRule {
    /// The rule, with whole hosts and gateways.
    pub route: TlsRoute,
    /// Where it was written.
    pub origin: RuleOrigin,
}

/// A TCP rule and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TcpRule {
    /// The rule, with whole hosts and gateways.
    pub route: TcpRoute,
    /// Where it was written.
    pub origin: RuleOrigin,
}

/// What a VirtualService says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    /// The hosts it is about, whole.
    pub hosts: Vec<String>,
    /// Where it acts: `mesh`, or a Gateway as `NAMESPACE/NAME`. Never empty.
    pub gateways: Vec<String>,
    /// Who may see it.
    pub export_to: ExportTo,
    /// HTTP rules in order.
    pub http: Vec<HttpRule>,
    /// TLS rules in order.
    pub tls: Vec<TlsRule>,
    /// TCP rules in order.
    pub tcp: Vec<TcpRule>,
    /// Whether its weights are drawn at random for each request.
    pub random_weights: bool,
}

impl Declared<Rules> {
    /// Whether it acts at this gateway.
    pub(crate) fn acts_at(&self, gateway: &str) -> bool {
        self.spec.gateways.iter().any(|name| name == gateway)
    }
}
