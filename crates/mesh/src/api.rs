//! The mesh's own part of the admin API: what runs, where it is reached, what would become of a
//! request. The rest is `control`'s.

mod logs;
mod show;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, middleware};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use sealane_compile::compile;
use sealane_control::api::guard::{Gate, guard, guard_in_text};
use sealane_control::api::status::Refusal;
use sealane_control::origins::Place;
use sealane_runtime::Runtime;
use sealane_world::pods::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use self::logs::WithLogs;
use crate::admin;
use crate::foresee::{Imagined, foresee};
use crate::mesh::{Mesh, rule_at};
use crate::replies::Replies;

/// What the API stands on.
#[derive(Clone)]
pub struct Shared {
    /// The mesh.
    pub mesh: Arc<Mesh>,
    /// What proxies said themselves.
    pub replies: Arc<Replies>,
    /// Who is let in.
    pub gate: Gate,
}

/// The whole admin API, closed to others as its gate says.
pub fn router(shared: Shared) -> Router {
    let gate = shared.gate.clone();
    let objects = sealane_control::api::router(Arc::new(WithLogs(Arc::clone(&shared.mesh))));
    let admin = admin::router(Arc::clone(&shared.mesh));
    let own = Router::new()
        .route("/ready", get(ready))
        .route("/sealane/v1/workloads", get(workloads))
        .route("/sealane/v1/gateways", get(gateways))
        .route("/sealane/v1/env", get(env))
        .route("/sealane/v1/decide", post(decide))
        .route("/sealane/v1/replies/{id}", get(reply))
        .merge(show::router())
        .with_state(shared);
    let in_text = middleware::from_fn_with_state(gate.clone(), guard_in_text);
    own.merge(objects)
        .layer(middleware::from_fn_with_state(gate, guard))
        .merge(admin.layer(in_text))
}

async fn ready(State(shared): State<Shared>) -> Response {
    let control = shared.mesh.control();
    if control.live_generation() > 0 {
        "LIVE\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "PRE_INITIALIZING\n").into_response()
    }
}

async fn workloads(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.mesh.world();
    let captures = shared.mesh.captures();
    let all = world.workloads();
    let all = all
        .iter()
        .filter(|workload| workload.role == Role::Workload);
    let all = all.map(|workload| {
        let name = (workload.namespace.to_owned(), workload.name.to_owned());
        let pods = workload.pods.iter().map(
            |pod| json!({ "name": pod.name(), "address": pod.address, "ready": pod.is_ready() }),
        );
        json!({
            "namespace": workload.namespace,
            "name": workload.name,
            "kind": workload.kind.as_str(),
            "capture": captures.get(&name).map(ToString::to_string),
            "pods": pods.collect::<Vec<_>>(),
        })
    });
    Json(all.collect())
}

/// The servers of each Gateway, with the address where each is bound.
async fn gateways(State(shared): State<Shared>) -> Json<Value> {
    let current = shared.mesh.control().current();
    let servers = sealane_control::view::servers(&current);
    let servers = servers.iter().map(|server| {
        let address = shared.mesh.server_address(&server.selector, server.port);
        let mut value = serde_json::to_value(server).unwrap_or_default();
        if let Value::Object(fields) = &mut value {
            fields.insert("address".to_owned(), json!(address.map(|a| a.to_string())));
        }
        value
    });
    Json(servers.collect())
}

async fn env(State(shared): State<Shared>) -> Json<Value> {
    let selector = ["istio=ingressgateway".to_owned()];
    let at = |port| shared.mesh.placed_at(&selector, port);
    let plain = at(80);
    Json(json!({
        "INGRESS_HOST": plain.map(|address| address.ip().to_string()).unwrap_or_default(),
        "INGRESS_PORT": plain.map(|address| address.port().to_string()).unwrap_or_default(),
        "SECURE_INGRESS_PORT": at(443).map(|a| a.port().to_string()).unwrap_or_default(),
        "TCP_INGRESS_PORT": at(31400).map(|a| a.port().to_string()).unwrap_or_default(),
        "GATEWAY_URL": plain.map(|address| address.to_string()).unwrap_or_default(),
    }))
}

/// A request that somebody thinks of.
#[derive(Debug, Deserialize)]
struct Thought {
    #[serde(default)]
    from: String,
    url: String,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    method: Option<String>,
}

async fn decide(
    State(shared): State<Shared>,
    Json(thought): Json<Thought>,
) -> Result<Json<Value>, Refusal> {
    let mesh = &shared.mesh;
    let uri: Uri = thought
        .url
        .parse()
        .map_err(|error| Refusal::bad_request(format!("{}: {error}", thought.url)))?;
    let host = uri.host().unwrap_or_default().to_owned();
    let port = uri.port_u16().unwrap_or(80);
    let socket = host.replace("localhost", "127.0.0.1").parse::<IpAddr>();
    let edge = socket
        .ok()
        .and_then(|ip| mesh.gateway_at(SocketAddr::new(ip, port)));
    let target = edge.map_or_else(|| call_of(mesh, &thought.from, (&host, port)), Ok);
    let (proxy, destination) = target?;
    let mut headers = parse_headers(&thought.headers)?;
    let authority = headers.remove(http::header::HOST);
    let authority = authority.and_then(|value| value.to_str().ok().map(str::to_owned));
    let request = Imagined {
        method: method(thought.method.as_deref())?,
        authority: authority.unwrap_or_else(|| match port {
            80 => host.clone(),
            port => format!("{host}:{port}"),
        }),
        path: uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
        headers,
        destination,
    };
    let current = mesh.control().current();
    let identity = current.identities.get(&proxy);
    let identity = identity.ok_or_else(|| Refusal::bad_request(format!("no proxy {proxy}")))?;
    let compiled = compile(&current.snapshot, identity);
    let runtime = Runtime::build(&compiled.resources, None);
    let runtime = runtime.map_err(|errors| Refusal::invalid(format!("{errors:?}")))?;
    let mut foresight = foresee(&runtime, &mesh.world(), &request);
    let origin = compiled.origins.get(foresight.origin.as_str());
    let rule = origin.and_then(|origin| {
        let object = current.object(&origin.object)?;
        Some(rule_at(&Place::of(object, &origin.path)))
    });
    foresight.rule = rule.unwrap_or_default();
    Ok(Json(serde_json::to_value(&foresight).unwrap_or_default()))
}

/// The proxy of a workload that calls, and where its call to `host:port` goes.
fn call_of(
    mesh: &Mesh,
    from: &str,
    (host, port): (&str, u16),
) -> Result<(String, SocketAddr), Refusal> {
    let pod = mesh.pod_of(from);
    let (namespace, name, _) =
        pod.ok_or_else(|| Refusal::bad_request(format!("there is no workload {from:?}")))?;
    let ip = mesh.names(&namespace).address(host);
    let ip = ip.ok_or_else(|| Refusal::bad_request(format!("{host} has no address")))?;
    Ok((format!("{namespace}/{name}"), SocketAddr::new(ip, port)))
}

fn method(text: Option<&str>) -> Result<Method, Refusal> {
    let parsed = text.map_or(Ok(Method::GET), |text| Method::from_bytes(text.as_bytes()));
    parsed.map_err(|_ignored| Refusal::bad_request("the method is no token"))
}

fn parse_headers(lines: &[String]) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let pair = line.split_once(':').and_then(|(name, value)| {
            let name: HeaderName = name.trim().parse().ok()?;
            let value: HeaderValue = value.trim().parse().ok()?;
            Some((name, value))
        });
        let (name, value) =
            pair.ok_or_else(|| Refusal::bad_request(format!("{line:?}: want NAME: VALUE")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

async fn reply(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let record = shared.replies.find(&id).ok_or_else(Refusal::no_path)?;
    Ok(Json(
        json!({ "lines": shared.replies.explain(&shared.mesh, &record) }),
    ))
}
