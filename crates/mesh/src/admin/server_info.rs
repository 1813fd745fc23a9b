//! `/server_info`, `/memory` and `/certs`: the process.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use sealane_compile::{ProxyIdentity, ProxyKind, canonical_service};
use serde::Deserialize;
use serde_json::{Value, json};

use super::select::{Selected, select};
use super::{Problem, json as json_of};
use crate::mesh::Mesh;

/// What is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    proxy: Option<String>,
}

pub(super) async fn server_info(
    State(mesh): State<Arc<Mesh>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let selected = select(&mesh, asked.proxy.as_deref())?;
    let received = selected.proxy.as_ref().and_then(|proxy| proxy.received());
    let state = if received.is_some() {
        "LIVE"
    } else {
        "PRE_INITIALIZING"
    };
    let uptime = mesh.seats().staff().roster().uptime().as_secs();
    let node = node(&mesh, &selected);
    let info = json!({
        "version": version(),
        "state": state,
        "uptime_all_epochs": format!("{uptime}s"),
        "uptime_current_epoch": format!("{uptime}s"),
        "hot_restart_version": "disabled",
        "command_line_options": { "service_node": node["id"], "service_cluster": node["cluster"] },
        "node": node,
    });
    Ok(json_of(&selected.id, &info))
}

/// `REVISION/VERSION/STATUS/BUILD/TLS`, as Envoy has it.
fn version() -> String {
    format!("sealane/{}/Clean/RELEASE/none", env!("CARGO_PKG_VERSION"))
}

/// What a proxy says of itself to its control plane, as Istio's proxies do.
pub(super) fn node(mesh: &Mesh, selected: &Selected) -> Value {
    let ProxyIdentity {
        kind,
        name,
        namespace,
        labels,
        ip,
        locality,
        ..
    } = &selected.identity;
    let kind = match kind {
        ProxyKind::Sidecar => "sidecar",
        ProxyKind::Router => "router",
    };
    let world = mesh.world();
    let mut pods = world.pods.iter();
    let pod = pods.find(|pod| pod.name() == name && pod.namespace() == namespace);
    let workload = pod.map_or(&**name, |pod| pod.workload());
    let current = mesh.control().current();
    let settings = &current.snapshot.mesh;
    json!({
        "id": format!("{kind}~{ip}~{name}.{namespace}~{namespace}.svc.{}", settings.domain_suffix),
        "cluster": format!("{}.{namespace}", canonical_service(labels, workload)),
        "metadata": {
            "NAME": name,
            "NAMESPACE": namespace,
            "WORKLOAD_NAME": workload,
            "CLUSTER_ID": settings.cluster_id,
            "LABELS": labels,
            "INSTANCE_IPS": ip,
        },
        "locality": {
            "region": locality.region,
            "zone": locality.zone,
            "sub_zone": locality.subzone,
        },
        "user_agent_name": "sealane",
        "user_agent_version": env!("CARGO_PKG_VERSION"),
    })
}

/// The memory of the process, which all proxies share.
pub(super) async fn memory() -> Response {
    let resident = resident_bytes().to_string();
    let memory = json!({
        "allocated": resident,
        "heap_size": resident,
        "pageheap_unmapped": "0",
        "pageheap_free": "0",
        "total_thread_cache": "0",
        "total_physical_bytes": resident,
    });
    json_of("all", &memory)
}

/// What the process has in memory; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default().saturating_mul(1024)
}

pub(super) async fn certs() -> Response {
    json_of("all", &json!({ "certificates": [] }))
}
