//! Whether anything that is declared may treat workloads by their labels.

use sealane_model::resource::Object;
use serde_json::Value;

use crate::mesh::MeshSettings;

/// Fields by which a rule tells workloads apart, wherever they stand.
const BY_LABELS: [&str; 6] = [
    "sourceLabels",
    "workloadSelector",
    "localityLbSetting",
    "zoneAwareLbSetting",
    "trafficDistribution",
    "networking.istio.io/traffic-distribution",
];

/// Whether anything in these objects or settings may treat workloads by their labels.
pub(super) fn read(objects: &[&Object], mesh: &MeshSettings) -> bool {
    let of_mesh = mesh.zone_aware_lb_setting.is_some()
        || mesh
            .locality_lb_setting
            .as_ref()
            .is_some_and(|setting| !setting.failover_priority.is_empty());
    of_mesh || objects.iter().any(|object| mentions(&object.raw))
}

fn mentions(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| BY_LABELS.contains(&key.as_str()) || mentions(value)),
        Value::Array(items) => items.iter().any(mentions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
