//! What a scenario's options mean for the control plane.

use sealane_compile::{Locality, MeshSettings, ProxyIdentity, ProxyKind, Weights};
use sealane_model::networking::sidecar::OutboundTrafficPolicyMode;
use sealane_world::pods::Role;
use sealane_world::workloads::WorldPod;
use serde_json::Value;

use crate::scenario::options::{self, Options};

/// The settings of the mesh. A field of `mesh` that is not understood is an error: a scenario about it would
/// pass or fail for the wrong reason.
pub fn mesh(options: &Options) -> Result<MeshSettings, String> {
    let weights = match options.weights {
        options::Weights::Exact => Weights::Exact,
        options::Weights::Random => Weights::Random,
    };
    let mut settings = MeshSettings {
        weights,
        ..MeshSettings::default()
    };
    for (key, value) in options.mesh.as_object().into_iter().flatten() {
        field(&mut settings, key, value)?;
    }
    Ok(settings)
}

fn field(settings: &mut MeshSettings, key: &str, value: &Value) -> Result<(), String> {
    let bad = || format!("the mesh option `{key}: {value}` is not understood");
    match key {
        "outboundTrafficPolicy" => {
            settings.outbound_traffic_policy = match value.get("mode").and_then(Value::as_str) {
                Some("REGISTRY_ONLY") => OutboundTrafficPolicyMode::RegistryOnly,
                Some("ALLOW_ANY") | None => OutboundTrafficPolicyMode::AllowAny,
                Some(_) => return Err(bad()),
            };
        }
        "rootNamespace" => value
            .as_str()
            .ok_or_else(bad)?
            .clone_into(&mut settings.root_namespace),
        "defaultServiceExportTo" => {
            settings.default_service_export_to = texts(value).ok_or_else(bad)?;
        }
        "defaultVirtualServiceExportTo" => {
            settings.default_virtual_service_export_to = texts(value).ok_or_else(bad)?;
        }
        "defaultDestinationRuleExportTo" => {
            settings.default_destination_rule_export_to = texts(value).ok_or_else(bad)?;
        }
        _ => return Err(bad()),
    }
    Ok(())
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value
        .as_array()?
        .iter()
        .map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// The identity of the proxy of a pod.
pub fn identity(pod: &WorldPod, options: &Options) -> ProxyIdentity {
    let kind = match pod.role() {
        Role::Workload => ProxyKind::Sidecar,
        Role::Gateway => ProxyKind::Router,
    };
    let mut identity = ProxyIdentity::new(kind, pod.namespace(), pod.name());
    identity.labels.clone_from(pod.labels());
    identity.ip = pod.address.to_string();
    identity.locality = Locality::parse(&pod.locality);
    pod.node().clone_into(&mut identity.node);
    identity.inbound = options.inbound && kind == ProxyKind::Sidecar;
    identity
}
