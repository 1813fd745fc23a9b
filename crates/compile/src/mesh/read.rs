//! Mesh settings from a document in the shape of Istio's `MeshConfig`.

use sealane_model::diagnostic::Diagnostic;
use sealane_model::duration::Duration;
use sealane_model::networking::connection_pool::H2UpgradePolicy;
use sealane_model::networking::mesh_config::{
    MeshConfig, MeshOutboundTrafficPolicyMode, NormalizationType,
};
use sealane_model::networking::sidecar::OutboundTrafficPolicyMode;
use sealane_model::schema::{Context, Data};
use sealane_model::tree::Node;

use crate::mesh::{MeshSettings, PathNormalization};

/// The settings that a document declares, over the defaults, and what is wrong in it.
pub(super) fn read(node: &Node) -> (MeshSettings, Vec<Diagnostic>) {
    let mut cx = Context::default();
    let config = MeshConfig::decode(node, &mut cx).unwrap_or_default();
    (of(config), cx.into_diagnostics())
}

fn of(config: MeshConfig) -> MeshSettings {
    let mut mesh = MeshSettings::default();
    set(&mut mesh.root_namespace, config.root_namespace);
    set(&mut mesh.trust_domain, config.trust_domain);
    set_port(&mut mesh.proxy_listen_port, config.proxy_listen_port);
    set_port(
        &mut mesh.proxy_inbound_listen_port,
        config.proxy_inbound_listen_port,
    );
    set_port(&mut mesh.proxy_http_port, config.proxy_http_port);
    set(
        &mut mesh.connect_timeout,
        config.connect_timeout.map(Duration::std),
    );
    let detection = config.protocol_detection_timeout.map(Duration::std);
    set(&mut mesh.protocol_detection_timeout, detection);
    mesh.tcp_keepalive = config.tcp_keepalive;
    let mode = config
        .outbound_traffic_policy
        .map(|policy| match policy.mode.unwrap_or_default() {
            MeshOutboundTrafficPolicyMode::RegistryOnly => OutboundTrafficPolicyMode::RegistryOnly,
            MeshOutboundTrafficPolicyMode::AllowAny => OutboundTrafficPolicyMode::AllowAny,
        });
    set(&mut mesh.outbound_traffic_policy, mode);
    if config.locality_lb_setting.is_some() {
        mesh.locality_lb_setting = config.locality_lb_setting;
    }
    mesh.zone_aware_lb_setting = config.zone_aware_lb_setting;
    set(
        &mut mesh.h2_upgrade_policy,
        config.h2_upgrade_policy.map(H2UpgradePolicy::from),
    );
    set(
        &mut mesh.dns_refresh_rate,
        config.dns_refresh_rate.map(Duration::std),
    );
    set_list(
        &mut mesh.default_service_export_to,
        config.default_service_export_to,
    );
    set_list(
        &mut mesh.default_virtual_service_export_to,
        config.default_virtual_service_export_to,
    );
    set_list(
        &mut mesh.default_destination_rule_export_to,
        config.default_destination_rule_export_to,
    );
    mesh.default_http_retry_policy = config.default_http_retry_policy;
    mesh.default_inbound_http_retry_policy = config.default_inbound_http_retry_policy;
    let limits = config.default_traffic_policy.unwrap_or_default();
    mesh.default_connection_pool = limits.connection_pool;
    mesh.default_outlier_detection = limits.outlier_detection;
    let paths = config
        .path_normalization
        .and_then(|paths| paths.normalization);
    set(&mut mesh.path_normalization, paths.map(normalization));
    mesh
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn set_list(slot: &mut Vec<String>, value: Vec<String>) {
    if !value.is_empty() {
        *slot = value;
    }
}

fn set_port(slot: &mut u16, value: Option<u32>) {
    set(slot, value.and_then(|value| u16::try_from(value).ok()));
}

fn normalization(kind: NormalizationType) -> PathNormalization {
    match kind {
        NormalizationType::Default | NormalizationType::Base => PathNormalization::Base,
        NormalizationType::None => PathNormalization::None,
        NormalizationType::MergeSlashes => PathNormalization::MergeSlashes,
        NormalizationType::DecodeAndMergeSlashes => PathNormalization::DecodeAndMergeSlashes,
    }
}
