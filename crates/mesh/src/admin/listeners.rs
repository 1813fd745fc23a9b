//! `/listeners`: the listeners of a proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::select::select;
use super::{Format, Problem, json as json_of, of};
use crate::mesh::Mesh;

/// What is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    proxy: Option<String>,
    format: Option<String>,
}

/// Each listener with its address in the mesh, and with the socket of this machine where it has
/// one, in the place where Envoy has further addresses.
pub(super) async fn listeners(
    State(mesh): State<Arc<Mesh>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let format = Format::parse(asked.format.as_deref())?;
    let selected = select(&mesh, asked.proxy.as_deref())?;
    let mut listeners = selected.running()?.listeners();
    for listener in &mut listeners {
        let socket = listener.bound.map(|at| mesh.socket_of(at).unwrap_or(at));
        listener.bound = socket;
    }
    if format == Format::Json {
        let statuses = listeners.iter().map(|listener| {
            let more: Vec<Value> = listener.bound.map(address).into_iter().collect();
            json!({
                "name": &*listener.name,
                "local_address": address(listener.address),
                "additional_local_addresses": more,
            })
        });
        let statuses: Value = statuses.collect();
        let all = json!({ "listener_statuses": statuses });
        return Ok(json_of(&selected.id, &all));
    }
    let lines = listeners.iter().map(|listener| {
        let more = listener.bound.map(|bound| format!(",{bound}"));
        let (name, address) = (&listener.name, listener.address);
        format!("{name}::{address}{}\n", more.unwrap_or_default())
    });
    Ok(of(&selected.id, lines.collect::<String>()))
}

fn address(address: SocketAddr) -> Value {
    json!({ "socket_address": {
        "address": address.ip().to_string(),
        "port_value": address.port(),
    } })
}
