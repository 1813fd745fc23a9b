//! `MeshConfig`: settings of the whole mesh.

use crate::duration::Duration;
use crate::networking::connection_pool::{ConnectionPoolSettings, H2UpgradePolicy, TcpKeepalive};
use crate::networking::http_route::HttpRetry;
use crate::networking::load_balancer::{LocalityLoadBalancerSetting, ZoneAwareLoadBalancerSetting};
use crate::networking::outlier::OutlierDetection;
use crate::schema::{Present, choices, object};

object! {
    /// Settings of the whole mesh, in the words of Istio's
    /// [`MeshConfig`](https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/). Of the
    /// fields about telemetry and identities only the presence is read.
    pub struct MeshConfig = "MeshConfig" {
        /// The namespace whose objects apply to all namespaces.
        root_namespace: Option<String> = "rootNamespace",
        /// The trust domain of identities.
        trust_domain: Option<String> = "trustDomain",
        /// The port to which outgoing connections are redirected.
        proxy_listen_port: Option<u32> = "proxyListenPort",
        /// The port to which incoming connections are redirected.
        proxy_inbound_listen_port: Option<u32> = "proxyInboundListenPort",
        /// The port of an explicit HTTP proxy; 0 for none.
        proxy_http_port: Option<u32> = "proxyHttpPort",
        /// How long connecting to an endpoint may take.
        connect_timeout: Option<Duration> = "connectTimeout",
        /// How long to wait for the first bytes of a connection.
        protocol_detection_timeout: Option<Duration> = "protocolDetectionTimeout",
        /// Keep-alive of upstream connections.
        tcp_keepalive: Option<TcpKeepalive> = "tcpKeepalive",
        /// What happens to calls of undeclared destinations.
        outbound_traffic_policy: Option<MeshOutboundTrafficPolicy> = "outboundTrafficPolicy",
        /// Which endpoints come first.
        locality_lb_setting: Option<LocalityLoadBalancerSetting> = "localityLbSetting",
        /// Envoy's own preference for the same zone.
        zone_aware_lb_setting: Option<ZoneAwareLoadBalancerSetting> = "zoneAwareLbSetting",
        /// Whether HTTP/1.1 is upgraded between proxies.
        h2_upgrade_policy: Option<MeshH2UpgradePolicy> = "h2UpgradePolicy",
        /// How often names are resolved anew.
        dns_refresh_rate: Option<Duration> = "dnsRefreshRate",
        /// `exportTo` of services that have none.
        default_service_export_to: Vec<String> = "defaultServiceExportTo",
        /// `exportTo` of VirtualServices that have none.
        default_virtual_service_export_to: Vec<String> = "defaultVirtualServiceExportTo",
        /// `exportTo` of DestinationRules that have none.
        default_destination_rule_export_to: Vec<String> = "defaultDestinationRuleExportTo",
        /// Retries of routes that say nothing about them.
        default_http_retry_policy: Option<HttpRetry> = "defaultHttpRetryPolicy",
        /// Retries from a proxy to its own workload.
        default_inbound_http_retry_policy: Option<HttpRetry> = "defaultInboundHttpRetryPolicy",
        /// Limits where no rule says any.
        default_traffic_policy: Option<MeshTrafficPolicy> = "defaultTrafficPolicy",
        /// How paths are made comparable before they are matched.
        path_normalization: Option<ProxyPathNormalization> = "pathNormalization",
        /// Whether TLS between workloads is set up without rules.
        enable_auto_mtls: Option<bool> = "enableAutoMtls",
        /// Where the access log goes.
        access_log_file: Option<String> = "accessLogFile",
        /// How the access log is written.
        access_log_encoding: Option<String> = "accessLogEncoding",
        /// What the access log says.
        access_log_format: Option<String> = "accessLogFormat",
        /// Whether requests are traced.
        enable_tracing: Option<bool> = "enableTracing",
        /// Settings of proxies.
        default_config: Option<Present> = "defaultConfig",
        /// Providers of telemetry and authorization.
        extension_providers: Option<Present> = "extensionProviders",
        /// The providers in use.
        default_providers: Option<Present> = "defaultProviders",
    }
}

object! {
    /// What happens to calls of undeclared destinations.
    pub struct MeshOutboundTrafficPolicy = "MeshConfig.OutboundTrafficPolicy" {
        /// Refused, or passed through.
        mode: Option<MeshOutboundTrafficPolicyMode> = "mode",
    }
}

choices! {
    /// What happens to calls of undeclared destinations.
    pub enum MeshOutboundTrafficPolicyMode {
        /// They are refused.
        #[default]
        RegistryOnly = "REGISTRY_ONLY",
        /// They pass through.
        AllowAny = "ALLOW_ANY",
    }
}

choices! {
    /// Whether HTTP/1.1 is upgraded between proxies.
    pub enum MeshH2UpgradePolicy {
        /// It is not.
        #[default]
        DoNotUpgrade = "DO_NOT_UPGRADE",
        /// It is, on ports that are declared as HTTP.
        Upgrade = "UPGRADE",
    }
}

impl From<MeshH2UpgradePolicy> for H2UpgradePolicy {
    fn from(policy: MeshH2UpgradePolicy) -> Self {
        match policy {
            MeshH2UpgradePolicy::DoNotUpgrade => Self::DoNotUpgrade,
            MeshH2UpgradePolicy::Upgrade => Self::Upgrade,
        }
    }
}

object! {
    /// Limits where no rule says any.
    pub struct MeshTrafficPolicy = "MeshConfig.DefaultTrafficPolicy" {
        /// Limits of connections and requests.
        connection_pool: Option<ConnectionPoolSettings> = "connectionPool",
        /// When an endpoint that fails is left out.
        outlier_detection: Option<OutlierDetection> = "outlierDetection",
    }
}

object! {
    /// How paths are made comparable before they are matched.
    pub struct ProxyPathNormalization = "MeshConfig.ProxyPathNormalization" {
        /// How much is done.
        normalization: Option<NormalizationType> = "normalization",
    }
}

choices! {
    /// How much is done to a path before it is matched.
    pub enum NormalizationType {
        /// [`Self::Base`].
        #[default]
        Default = "DEFAULT",
        /// Nothing.
        None = "NONE",
        /// Dot segments and backslashes are resolved.
        Base = "BASE",
        /// And slashes in a row become one.
        MergeSlashes = "MERGE_SLASHES",
        /// And escaped slashes are decoded first.
        DecodeAndMergeSlashes = "DECODE_AND_MERGE_SLASHES",
    }
}
