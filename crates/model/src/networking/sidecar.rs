//! Sidecar: what the proxies of some workloads listen to and see.

use crate::networking::connection_pool::ConnectionPoolSettings;
use crate::networking::destination::Destination;
use crate::networking::port::SidecarPort;
use crate::networking::server_tls::ServerTlsSettings;
use crate::networking::workload_selector::WorkloadSelector;
use crate::schema::{choices, object};

object! {
    /// The spec of a Sidecar.
    pub struct Sidecar = "Sidecar" {
        /// The workloads; absent is the whole namespace.
        workload_selector: Option<WorkloadSelector> = "workloadSelector",
        /// Inbound listeners; none means those of the services.
        ingress: Vec<IstioIngressListener> = "ingress",
        /// Outbound listeners and the services that they know; none means all.
        egress: Vec<IstioEgressListener> = "egress",
        /// Limits of inbound traffic.
        inbound_connection_pool: Option<ConnectionPoolSettings> = "inboundConnectionPool",
        /// What happens to traffic for unknown hosts.
        outbound_traffic_policy: Option<OutboundTrafficPolicy> = "outboundTrafficPolicy",
    }
}

object! {
    /// An inbound listener.
    pub struct IstioIngressListener = "IstioIngressListener" {
        /// Its port.
        port: SidecarPort = "port" [required: true],
        /// Its address; absent is every one.
        bind: Option<String> = "bind",
        /// How traffic comes to it.
        capture_mode: Option<CaptureMode> = "captureMode",
        /// Where the traffic goes; absent is the same port of the workload.
        default_endpoint: Option<String> = "defaultEndpoint",
        /// TLS.
        tls: Option<ServerTlsSettings> = "tls",
        /// Limits.
        connection_pool: Option<ConnectionPoolSettings> = "connectionPool",
    }
}

object! {
    /// An outbound listener.
    pub struct IstioEgressListener = "IstioEgressListener" {
        /// Its port; absent is every port of the hosts.
        port: Option<SidecarPort> = "port",
        /// Its address.
        bind: Option<String> = "bind",
        /// How traffic comes to it.
        capture_mode: Option<CaptureMode> = "captureMode",
        /// The hosts: `namespace/name`; `~` before an entry excludes.
        hosts: Vec<String> = "hosts" [required: true],
    }
}

choices! {
    /// How traffic comes to a listener.
    pub enum CaptureMode {
        /// As the mesh says.
        #[default]
        Default = "DEFAULT",
        /// Captured.
        Iptables = "IPTABLES",
        /// Callers connect to the listener itself.
        None = "NONE",
    }
}

object! {
    /// What happens to traffic for unknown hosts.
    pub struct OutboundTrafficPolicy = "OutboundTrafficPolicy" {
        /// The mode; absent is `REGISTRY_ONLY`.
        mode: Option<OutboundTrafficPolicyMode> = "mode",
        /// Where such traffic goes instead of its address.
        egress_proxy: Option<Destination> = "egressProxy",
    }
}

choices! {
    /// Whether unknown hosts may be called.
    pub enum OutboundTrafficPolicyMode {
        /// They may not.
        #[default]
        RegistryOnly = "REGISTRY_ONLY",
        /// They may.
        AllowAny = "ALLOW_ANY",
    }
}
