//! A stock Envoy with the same split, and nothing else: no access log, no statistics sinks, no
//! filters but the router.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::peer::{Peer, free_port};

/// Starts it before the two origins.
pub(crate) async fn start(binary: &Path, origins: [u16; 2], threads: usize) -> Result<Peer> {
    let folder = tempfile::tempdir()?;
    let (port, file) = (free_port()?, folder.path().join("bootstrap.json"));
    fs::write(&file, bootstrap(port, origins).to_string())?;
    let mut command = Command::new(binary);
    command
        .args(["--concurrency", &threads.to_string()])
        .args(["--log-level", "error", "--disable-hot-restart"])
        .arg("--config-path")
        .arg(&file);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Peer::start("envoy", &mut command, folder, address).await
}

fn socket(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

fn cluster(name: &str, port: u16) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": socket(port) } }] }],
        },
    })
}

fn bootstrap(port: u16, [first, second]: [u16; 2]) -> Value {
    let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    let manager = "type.googleapis.com/envoy.extensions.filters.network.\
                   http_connection_manager.v3.HttpConnectionManager";
    let split = json!([{ "name": "v1", "weight": 90 }, { "name": "v2", "weight": 10 }]);
    let http = json!({
        "@type": manager,
        "stat_prefix": "edge",
        "http_filters": [{ "name": "router", "typed_config": { "@type": router } }],
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{
                "match": { "prefix": "/" },
                "route": { "weighted_clusters": { "clusters": split } },
            }],
        }] },
    });
    let chain = json!({ "filters": [{ "name": "http", "typed_config": http }] });
    json!({ "static_resources": {
        "listeners": [{ "name": "edge", "address": socket(port), "filter_chains": [chain] }],
        "clusters": [cluster("v1", first), cluster("v2", second)],
    } })
}
