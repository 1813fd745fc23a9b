//! Settings of the whole mesh, in the words of Istio's `MeshConfig`.

mod read;

use std::time::Duration;

use sealane_model::diagnostic::Diagnostic;
use sealane_model::networking::connection_pool::{
    ConnectionPoolSettings, H2UpgradePolicy, TcpKeepalive,
};
use sealane_model::networking::http_route::HttpRetry;
use sealane_model::networking::load_balancer::{
    LocalityLoadBalancerSetting, ZoneAwareLoadBalancerSetting,
};
use sealane_model::networking::outlier::OutlierDetection;
use sealane_model::networking::sidecar::OutboundTrafficPolicyMode;
use sealane_model::tree::Node;
use serde_json::Value;

use crate::host;

/// How paths are made comparable before they are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum PathNormalization {
    /// As they came.
    None,
    /// Dot segments and backslashes are resolved.
    #[default]
    Base,
    /// And slashes in a row become one.
    MergeSlashes,
    /// And `%2F` and `%5C` are decoded first.
    DecodeAndMergeSlashes,
}

/// How one of several weighted destinations is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Weights {
    /// In an order that keeps every destination's count next to its share.
    #[default]
    Exact,
    /// At random, as Istio does.
    Random,
}

/// Settings of the whole mesh. [`Default`] gives Istio's defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshSettings {
    /// Its objects apply to all namespaces.
    pub root_namespace: String,
    /// What hosts of Kubernetes Services end with.
    pub domain_suffix: String,
    /// The trust domain of identities.
    pub trust_domain: String,
    /// The name of the cluster.
    pub cluster_id: String,
    /// The port to which outgoing connections are redirected.
    pub proxy_listen_port: u16,
    /// The port to which incoming connections are redirected.
    pub proxy_inbound_listen_port: u16,
    /// The port of an explicit HTTP proxy; 0 for none.
    pub proxy_http_port: u16,
    /// How long connecting to an endpoint may take.
    pub connect_timeout: Duration,
    /// How long to wait for the first bytes of a connection whose protocol is not declared; 0 is
    /// for ever.
    pub protocol_detection_timeout: Duration,
    /// Keep-alive of upstream connections.
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// What happens to calls of undeclared destinations.
    pub outbound_traffic_policy: OutboundTrafficPolicyMode,
    /// Which endpoints come first.
    pub locality_lb_setting: Option<LocalityLoadBalancerSetting>,
    /// Envoy's own preference for the same zone.
    pub zone_aware_lb_setting: Option<ZoneAwareLoadBalancerSetting>,
    /// Whether HTTP/1.1 is upgraded to HTTP/2 between proxies.
    pub h2_upgrade_policy: H2UpgradePolicy,
    /// How often names are resolved anew, where DNS gives no time.
    pub dns_refresh_rate: Duration,
    /// `exportTo` of services that have none.
    pub default_service_export_to: Vec<String>,
    /// `exportTo` of VirtualServices that have none.
    pub default_virtual_service_export_to: Vec<String>,
    /// `exportTo` of DestinationRules that have none.
    pub default_destination_rule_export_to: Vec<String>,
    /// Retries of routes that say nothing about them.
    pub default_http_retry_policy: Option<HttpRetry>,
    /// Retries from a proxy to its own workload.
    pub default_inbound_http_retry_policy: Option<HttpRetry>,
    /// Connection limits where no rule says any.
    pub default_connection_pool: Option<ConnectionPoolSettings>,
    /// Ejection where no rule says any.
    pub default_outlier_detection: Option<OutlierDetection>,
    /// How paths are made comparable.
    pub path_normalization: PathNormalization,
    /// How weighted destinations are chosen.
    pub weights: Weights,
}

impl Default for MeshSettings {
    fn default() -> Self {
        let everybody = || vec!["*".to_owned()];
        Self {
            root_namespace: "istio-system".to_owned(),
            domain_suffix: "cluster.local".to_owned(),
            trust_domain: "cluster.local".to_owned(),
            cluster_id: "Kubernetes".to_owned(),
            proxy_listen_port: 15001,
            proxy_inbound_listen_port: 15006,
            proxy_http_port: 0,
            connect_timeout: Duration::from_secs(10),
            protocol_detection_timeout: Duration::ZERO,
            tcp_keepalive: None,
            outbound_traffic_policy: OutboundTrafficPolicyMode::AllowAny,
            locality_lb_setting: Some(LocalityLoadBalancerSetting::default()),
            zone_aware_lb_setting: None,
            h2_upgrade_policy: H2UpgradePolicy::DoNotUpgrade,
            dns_refresh_rate: Duration::from_mins(1),
            default_service_export_to: everybody(),
            default_virtual_service_export_to: everybody(),
            default_destination_rule_export_to: everybody(),
            default_http_retry_policy: None,
            default_inbound_http_retry_policy: None,
            default_connection_pool: None,
            default_outlier_detection: None,
            path_normalization: PathNormalization::Base,
            weights: Weights::Exact,
        }
    }
}

impl MeshSettings {
    /// The settings that a document in the shape of Istio's `MeshConfig` declares, over the
    /// defaults, and what is wrong in it (at its places in the document).
    pub fn from_node(node: &Node) -> (Self, Vec<Diagnostic>) {
        read::read(node)
    }

    /// As [`Self::from_node`], for JSON; null gives the defaults.
    pub fn from_json(value: &Value) -> (Self, Vec<Diagnostic>) {
        if value.is_null() {
            return (Self::default(), Vec::new());
        }
        read::read(&Node::from_json(value))
    }

    /// The whole name of what an object of `namespace` calls `host`: a name without a dot becomes
    /// a Service of that namespace.
    pub fn whole_host(&self, host: &str, namespace: &str) -> String {
        host::whole(host, namespace, &self.domain_suffix)
    }
}
