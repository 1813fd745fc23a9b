//! What applies to all traffic to a host, a subset or a port.

use crate::duration::Duration;
use crate::networking::connection_pool::ConnectionPoolSettings;
use crate::networking::destination::PortSelector;
use crate::networking::load_balancer::LoadBalancerSettings;
use crate::networking::outlier::OutlierDetection;
use crate::schema::{choices, object};

object! {
    /// What applies to all traffic to a host or a subset.
    pub struct TrafficPolicy = "TrafficPolicy" {
        /// How endpoints are picked.
        load_balancer: Option<LoadBalancerSettings> = "loadBalancer",
        /// Limits.
        connection_pool: Option<ConnectionPoolSettings> = "connectionPool",
        /// When endpoints are left out.
        outlier_detection: Option<OutlierDetection> = "outlierDetection",
        /// TLS to the host; absent is what the mesh decides.
        tls: Option<ClientTlsSettings> = "tls",
        /// What applies to single ports; it replaces the blocks above for that port.
        port_level_settings: Vec<PortTrafficPolicy> = "portLevelSettings",
        /// TCP through an HTTP tunnel.
        tunnel: Option<TunnelSettings> = "tunnel",
        /// The PROXY protocol's header to the host.
        proxy_protocol: Option<ProxyProtocol> = "proxyProtocol",
        /// A limit of retries as a share of the requests.
        retry_budget: Option<RetryBudget> = "retryBudget",
    }
}

object! {
    /// What applies to one port.
    pub struct PortTrafficPolicy = "TrafficPolicy.PortTrafficPolicy" {
        /// The service port.
        port: Option<PortSelector> = "port",
        /// How endpoints are picked.
        load_balancer: Option<LoadBalancerSettings> = "loadBalancer",
        /// Limits.
        connection_pool: Option<ConnectionPoolSettings> = "connectionPool",
        /// When endpoints are left out.
        outlier_detection: Option<OutlierDetection> = "outlierDetection",
        /// TLS to the host.
        tls: Option<ClientTlsSettings> = "tls",
    }
}

object! {
    /// TLS to a host.
    pub struct ClientTlsSettings = "ClientTLSSettings" {
        /// Whether and how; absent is DISABLE.
        mode: Option<ClientTlsMode> = "mode",
        /// File of the client's certificate.
        client_certificate: Option<String> = "clientCertificate",
        /// File of the client's key.
        private_key: Option<String> = "privateKey",
        /// File of the authorities; absent is the system's.
        ca_certificates: Option<String> = "caCertificates",
        /// Name of the secret that holds them instead.
        credential_name: Option<String> = "credentialName",
        /// Names of which the server's certificate must hold one.
        subject_alt_names: Vec<String> = "subjectAltNames",
        /// The server name that is asked for.
        sni: Option<String> = "sni",
        /// Whether the server's certificate is believed unseen.
        insecure_skip_verify: Option<bool> = "insecureSkipVerify",
        /// File of revoked certificates.
        ca_crl: Option<String> = "caCrl",
    }
}

choices! {
    /// Whether and how TLS is used to a host.
    pub enum ClientTlsMode {
        /// Plaintext.
        #[default]
        Disable = "DISABLE",
        /// TLS without a client certificate.
        Simple = "SIMPLE",
        /// TLS with a client certificate.
        Mutual = "MUTUAL",
        /// TLS with the mesh's own identities.
        IstioMutual = "ISTIO_MUTUAL",
    }
}

object! {
    /// TCP through an HTTP tunnel.
    pub struct TunnelSettings = "TrafficPolicy.TunnelSettings" {
        /// `CONNECT` or `POST`; absent is `CONNECT`.
        protocol: Option<String> = "protocol",
        /// Where the tunnel leads.
        target_host: String = "targetHost" [required: true],
        /// The port there.
        target_port: u32 = "targetPort" [required: true],
    }
}

object! {
    /// The PROXY protocol's header.
    pub struct ProxyProtocol = "TrafficPolicy.ProxyProtocol" {
        /// The version; absent is V1.
        version: Option<ProxyProtocolVersion> = "version",
    }
}

choices! {
    /// A version of the PROXY protocol.
    pub enum ProxyProtocolVersion {
        /// The readable one.
        #[default]
        V1 = "V1",
        /// The binary one.
        V2 = "V2",
    }
}

object! {
    /// A limit of retries as a share of the requests.
    pub struct RetryBudget = "TrafficPolicy.RetryBudget" {
        /// The share in percent; absent is 20.
        percent: Option<f64> = "percent",
        /// Retries at a time that are always allowed; absent is 3.
        min_retry_concurrency: Option<u32> = "minRetryConcurrency",
        /// The time over which requests are counted.
        budget_interval: Option<Duration> = "budgetInterval",
    }
}
