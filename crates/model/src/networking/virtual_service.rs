//! VirtualService: which requests to a host go where.

use std::collections::BTreeMap;

use crate::networking::destination::RouteDestination;
use crate::networking::http_route::HttpRoute;
use crate::schema::object;

object! {
    /// The spec of a VirtualService.
    pub struct VirtualService = "VirtualService" {
        /// The hosts it applies to; none in a delegate.
        hosts: Vec<String> = "hosts",
        /// The gateways it applies at, `mesh` for the sidecars; none means `mesh` alone.
        gateways: Vec<String> = "gateways",
        /// The routes of HTTP traffic; the first that matches wins.
        http: Vec<HttpRoute> = "http",
        /// The routes of TLS traffic that is passed through.
        tls: Vec<TlsRoute> = "tls",
        /// The routes of other TCP traffic.
        tcp: Vec<TcpRoute> = "tcp",
        /// The namespaces that see it; none means the mesh's default.
        export_to: Vec<String> = "exportTo",
    }
}

object! {
    /// A route of TLS traffic by its SNI.
    pub struct TlsRoute = "TLSRoute" {
        /// Its conditions; one of them must hold.
        matches: Vec<TlsMatchAttributes> = "match" [required: true],
        /// Where the connections go.
        route: Vec<RouteDestination> = "route",
    }
}

object! {
    /// A condition of a [`TlsRoute`]; all that is set must hold.
    pub struct TlsMatchAttributes = "TLSMatchAttributes" {
        /// Server names, wildcards allowed.
        sni_hosts: Vec<String> = "sniHosts" [required: true],
        /// Destination addresses in CIDR notation.
        destination_subnets: Vec<String> = "destinationSubnets",
        /// The port of the listener.
        port: Option<u32> = "port",
        /// Labels that the calling workload has.
        source_labels: BTreeMap<String, String> = "sourceLabels",
        /// The gateways at which it applies.
        gateways: Vec<String> = "gateways",
        /// The namespace of the calling workload.
        source_namespace: Option<String> = "sourceNamespace",
    }
}

object! {
    /// A route of TCP traffic.
    pub struct TcpRoute = "TCPRoute" {
        /// Its conditions; one of them must hold. None means every connection.
        matches: Vec<L4MatchAttributes> = "match",
        /// Where the connections go.
        route: Vec<RouteDestination> = "route",
    }
}

object! {
    /// A condition of a [`TcpRoute`]; all that is set must hold.
    pub struct L4MatchAttributes = "L4MatchAttributes" {
        /// Destination addresses in CIDR notation.
        destination_subnets: Vec<String> = "destinationSubnets",
        /// The port of the listener.
        port: Option<u32> = "port",
        /// Source address in CIDR notation; Istio never implemented it.
        source_subnet: Option<String> = "sourceSubnet",
        /// Labels that the calling workload has.
        source_labels: BTreeMap<String, String> = "sourceLabels",
        /// The gateways at which it applies.
        gateways: Vec<String> = "gateways",
        /// The namespace of the calling workload.
        source_namespace: Option<String> = "sourceNamespace",
    }
}
