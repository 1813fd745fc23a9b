//! What the mesh shows to people beside objects: the rules that are served, and descriptions.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use sealane_control::api::status::Refusal;
use sealane_model::suggest::nearest;
use sealane_world::workloads::WorldPod;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::describe::{describe, key_of};
use crate::served::{self, ServedHost};
use crate::tally::Answered;

/// How long somebody may wait for a generation.
const LONGEST: Duration = Duration::from_hours(1);

/// The routes of this part.
pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sealane/v1/live", get(live))
        .route("/sealane/v1/traffic", get(traffic))
        .route("/sealane/v1/routes", get(routes))
        .route(
            "/sealane/v1/describe/{kind}/{namespace}/{name}",
            get(describe_one),
        )
}

/// What is waited for, and how long.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Awaited {
    generation: u64,
    timeout_ms: u64,
}

/// Whether a generation is live on every proxy that runs, as soon as it is or the time is over.
async fn live(State(shared): State<Shared>, Query(awaited): Query<Awaited>) -> Json<Value> {
    let control = shared.mesh.control();
    let time = Duration::from_millis(awaited.timeout_ms).min(LONGEST);
    let waited = tokio::time::timeout(time, control.wait_live(awaited.generation)).await;
    let reason = match &waited {
        Ok(Err(refused)) => refused.to_string(),
        Ok(Ok(())) | Err(_) => String::new(),
    };
    let generation = control.live_generation();
    Json(json!({
        "generation": generation,
        "live": reason.is_empty() && generation >= awaited.generation,
        "reason": reason,
    }))
}

/// Who answered the mesh's requests since somebody first asked.
async fn traffic(State(shared): State<Shared>) -> Json<Vec<Answered>> {
    Json(shared.replies.tally().look(&shared.mesh))
}

/// Who calls.
#[derive(Debug, Deserialize)]
struct Caller {
    #[serde(default = "client")]
    from: String,
}

fn client() -> String {
    "client".to_owned()
}

/// The hosts of all gateways and of one workload's sidecar, with their rules in order.
async fn routes(
    State(shared): State<Shared>,
    Query(caller): Query<Caller>,
) -> Result<Json<Vec<ServedHost>>, Refusal> {
    let mesh = &shared.mesh;
    let (current, world) = (mesh.control().current(), mesh.world());
    let (namespace, pod, _) = mesh.pod_of(&caller.from).ok_or_else(|| {
        let names: Vec<&str> = world.pods.iter().map(WorldPod::workload).collect();
        let near = nearest(&caller.from, names);
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Refusal::bad_request(format!("there is no workload {:?}{hint}", caller.from))
    })?;
    let mut hosts = Vec::new();
    for proxy in served::gateways(&current) {
        hosts.extend(served::hosts(&current, &world, &proxy));
    }
    hosts.extend(served::hosts(
        &current,
        &world,
        &format!("{namespace}/{pod}"),
    ));
    Ok(Json(hosts))
}

async fn describe_one(
    State(shared): State<Shared>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    Query(caller): Query<Caller>,
) -> Result<Json<Value>, Refusal> {
    let mesh = &shared.mesh;
    let key = key_of(mesh, &kind, &namespace, &name)
        .ok_or_else(|| nothing(format!("there is no {kind} {name:?}")))?;
    let described = describe(mesh, &key, &caller.from);
    let described = described.ok_or_else(|| Refusal::no_object(key.kind.into(), &name))?;
    Ok(Json(serde_json::to_value(&described).unwrap_or_default()))
}

fn nothing(message: String) -> Refusal {
    Refusal {
        message,
        ..Refusal::no_path()
    }
}
