//! Sealane with a split at its gateway.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::peer::{Peer, free_port};

/// Starts it before the two origins.
pub(crate) async fn start(binary: &Path, origins: [u16; 2], threads: usize) -> Result<Peer> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("split.yaml"), manifests(origins))?;
    let port = free_port()?;
    let mut command = Command::new(binary);
    command
        .arg("up")
        .arg(folder.path())
        .args(["--admin-port", "0", "--no-watch"])
        .args(["--gateway-port", &format!("80={port}")])
        .args(["--threads", &threads.to_string()])
        // Not the place where commands look for a mesh.
        .env("SEALANE_RUNTIME_DIR", folder.path());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Peer::start("sealane", &mut command, folder, address).await
}

fn manifests([first, second]: [u16; 2]) -> String {
    let entry = |version: &str, port: u16| {
        format!(
            "  - {{ address: 127.0.0.1, labels: {{ version: {version} }}, ports: {{ http: {port} }} }}\n"
        )
    };
    format!(
        "apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{ name: edge }}
spec:
  selector: {{ istio: ingressgateway }}
  servers: [{{ port: {{ number: 80, name: http, protocol: HTTP }}, hosts: ['*'] }}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{ name: origin }}
spec:
  hosts: [origin.example.com]
  ports: [{{ number: 80, name: http, protocol: HTTP }}]
  resolution: STATIC
  endpoints:
{}{}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{ name: origin }}
spec:
  host: origin.example.com
  subsets:
  - {{ name: v1, labels: {{ version: v1 }} }}
  - {{ name: v2, labels: {{ version: v2 }} }}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: origin }}
spec:
  hosts: ['*']
  gateways: [edge]
  http:
  - route:
    - {{ destination: {{ host: origin.example.com, subset: v1 }}, weight: 90 }}
    - {{ destination: {{ host: origin.example.com, subset: v2 }}, weight: 10 }}
",
        entry("v1", first),
        entry("v2", second)
    )
}
