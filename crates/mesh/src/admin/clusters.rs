//! `/clusters`: the clusters of a proxy, and how their endpoints are doing.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use sealane_proxy::inspect::{ClusterView, EndpointView};
use sealane_runtime::endpoint::{EndpointAddress, Health};
use serde::Deserialize;
use serde_json::{Value, json};

use super::select::select;
use super::{Format, Problem, json as json_of, of};
use crate::mesh::Mesh;

/// Envoy's limits where nothing else is said: connections, pending requests, requests, retries.
/// Nothing is ever routed with the high priority.
const HIGH_PRIORITY: [u32; 4] = [1024, 1024, 1024, 3];

/// What is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    proxy: Option<String>,
    format: Option<String>,
}

pub(super) async fn clusters(
    State(mesh): State<Arc<Mesh>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let format = Format::parse(asked.format.as_deref())?;
    let selected = select(&mesh, asked.proxy.as_deref())?;
    let clusters = selected.running()?.clusters();
    if format == Format::Json {
        let statuses: Value = clusters.iter().map(cluster_json).collect();
        let all = json!({ "cluster_statuses": statuses });
        return Ok(json_of(&selected.id, &all));
    }
    let mut text = String::new();
    for cluster in &clusters {
        // Writing to a string cannot fail.
        cluster_text(&mut text, cluster).unwrap_or_default();
    }
    Ok(of(&selected.id, text))
}

fn limits(cluster: &ClusterView) -> [u32; 4] {
    let limits = &cluster.limits;
    [
        limits.connections,
        limits.pending,
        limits.requests,
        limits.retries,
    ]
}

const LIMITS: [&str; 4] = [
    "max_connections",
    "max_pending_requests",
    "max_requests",
    "max_retries",
];

fn cluster_text(out: &mut String, cluster: &ClusterView) -> fmt::Result {
    let name = &cluster.name;
    writeln!(out, "{name}::observability_name::{name}")?;
    let priorities = [
        ("default_priority", limits(cluster)),
        ("high_priority", HIGH_PRIORITY),
    ];
    for (priority, limits) in priorities {
        for (key, limit) in LIMITS.iter().zip(limits) {
            writeln!(out, "{name}::{priority}::{key}::{limit}")?;
        }
    }
    writeln!(out, "{name}::added_via_api::true")?;
    for endpoint in &cluster.endpoints {
        endpoint_text(out, name, endpoint)?;
    }
    Ok(())
}

fn endpoint_text(out: &mut String, cluster: &str, view: &EndpointView) -> fmt::Result {
    let address = &view.endpoint.address;
    let mut line =
        |key: &str, value: &dyn fmt::Display| writeln!(out, "{cluster}::{address}::{key}::{value}");
    for (key, _, value) in numbers(view) {
        line(key, &value)?;
    }
    let [region, zone, sub_zone] = place(view);
    line("hostname", &view.endpoint.hostname)?;
    line("health_flags", &health_flags(view))?;
    line("weight", &view.endpoint.weight)?;
    line("region", &region)?;
    line("zone", &zone)?;
    line("sub_zone", &sub_zone)?;
    line("canary", &false)?;
    line("priority", &view.priority)?;
    // Success rates are not judged by: only failures in a row are.
    line("success_rate", &-1)?;
    line("local_origin_success_rate", &-1)
}

/// Envoy's counts of an endpoint, in its order; true for those that shrink.
fn numbers(view: &EndpointView) -> [(&'static str, bool, u64); 8] {
    [
        ("cx_active", true, view.cx_active),
        ("cx_connect_fail", false, view.cx_connect_fail),
        ("cx_total", false, view.cx_total),
        ("rq_active", true, view.rq_active),
        ("rq_error", false, view.rq_error),
        ("rq_success", false, view.rq_success),
        ("rq_timeout", false, view.rq_timeout),
        ("rq_total", false, view.rq_total),
    ]
}

fn health_flags(view: &EndpointView) -> String {
    let eds = match view.endpoint.health {
        Health::Healthy => None,
        Health::Unhealthy => Some("/failed_eds_health"),
        Health::Draining => Some("/eds_status_draining"),
    };
    let outlier = view.ejected.then_some("/failed_outlier_check");
    let flags: String = outlier.into_iter().chain(eds).collect();
    if flags.is_empty() {
        "healthy".to_owned()
    } else {
        flags
    }
}

fn place(view: &EndpointView) -> [&str; 3] {
    let mut parts = view.locality.splitn(3, '/');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn cluster_json(cluster: &ClusterView) -> Value {
    let endpoints: Value = cluster.endpoints.iter().map(endpoint_json).collect();
    let thresholds = |limits: [u32; 4]| {
        let pairs = LIMITS.iter().zip(limits);
        let pairs = pairs.map(|(key, limit)| ((*key).to_owned(), json!(limit)));
        Value::Object(pairs.collect())
    };
    let mut high = thresholds(HIGH_PRIORITY);
    if let Value::Object(fields) = &mut high {
        fields.insert("priority".to_owned(), json!("HIGH"));
    }
    json!({
        "name": &*cluster.name,
        "observability_name": &*cluster.name,
        "added_via_api": true,
        "circuit_breakers": { "thresholds": [thresholds(limits(cluster)), high] },
        "host_statuses": endpoints,
    })
}

fn endpoint_json(view: &EndpointView) -> Value {
    let [region, zone, sub_zone] = place(view);
    let (host, port) = match &view.endpoint.address {
        EndpointAddress::Socket(address) => (address.ip().to_string(), address.port()),
        EndpointAddress::Name { host, port } => (host.to_string(), *port),
    };
    let stats = numbers(view).map(|(name, is_gauge, value)| {
        // Protobuf writes 64 bits as text.
        let value = value.to_string();
        if is_gauge {
            json!({ "name": name, "type": "GAUGE", "value": value })
        } else {
            json!({ "name": name, "value": value })
        }
    });
    let eds = match view.endpoint.health {
        Health::Healthy => "HEALTHY",
        Health::Unhealthy => "UNHEALTHY",
        Health::Draining => "DRAINING",
    };
    let mut health = json!({ "eds_health_status": eds });
    if let Value::Object(fields) = &mut health
        && view.ejected
    {
        fields.insert("failed_outlier_check".to_owned(), json!(true));
    }
    json!({
        "address": { "socket_address": { "address": host, "port_value": port } },
        "stats": stats,
        "health_status": health,
        "weight": view.endpoint.weight,
        "hostname": &*view.endpoint.hostname,
        "priority": view.priority,
        "locality": { "region": region, "zone": zone, "sub_zone": sub_zone },
    })
}
