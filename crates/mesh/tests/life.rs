//! A mesh that has ended leaves nothing behind: no descriptor, no thread, no task.
//!
//! `SEALANE_STRESS_ROUNDS` says how often it starts and ends.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are not seen as tests"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sealane_mesh::{Carrier, Mesh, Options};
use sealane_model::parse::{Options as ParseOptions, SourceFile};
use sealane_seam::{SystemRandom, TcpTransport, TokioClock, Transport as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Handle;

const MANIFESTS: &str = "
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: shop } }
  template: { metadata: { labels: { app: shop } } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: ['*']
  gateways: [edge]
  http: [{ route: [{ destination: { host: shop } }] }]
";

/// Rounds in the suite.
const FEW: usize = 20;
/// Rounds after which everything that is made once is there.
const WARM: usize = 3;

/// What a process has of the system and of tokio.
#[derive(Debug, PartialEq, Eq)]
struct Holdings {
    descriptors: usize,
    threads: usize,
    tasks: usize,
}

impl Holdings {
    fn now() -> Self {
        let count = |folder: &str| std::fs::read_dir(folder).map_or(0, Iterator::count);
        Self {
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }
}

async fn ask(gateway: SocketAddr) -> String {
    let mut connection = TcpTransport.connect(gateway).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    connection.io.write_all(request).await.unwrap();
    let mut answer = String::new();
    connection.io.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn live_once() {
    let carrier = Carrier::Sockets { threads: 2 };
    let (clock, random) = (TokioClock::real(), SystemRandom::new());
    let mut options = Options::new(carrier, Arc::new(clock), Arc::new(random));
    options.gateway_ports = None;
    let mesh = Mesh::start(&options).unwrap();
    let file = (
        SourceFile::new("m.yaml", MANIFESTS),
        ParseOptions::default(),
    );
    let applied = mesh.control().apply_texts(&[file]).await;
    let applied = applied.unwrap_or_else(|refusal| panic!("{}", refusal.reason));
    mesh.control()
        .wait_live(applied.record.generation)
        .await
        .unwrap();
    let selector = ["istio=ingressgateway".to_owned()];
    let gateway = mesh.server_address(&selector, 80).unwrap();
    let answer = ask(gateway).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    mesh.stop().await;
    mesh.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_lives_leave_nothing_behind() {
    let rounds = std::env::var("SEALANE_STRESS_ROUNDS");
    let rounds = rounds.map_or(FEW, |rounds| rounds.parse().unwrap());
    for _ in 0..WARM {
        live_once().await;
    }
    let before = Holdings::now();
    for _ in 0..rounds {
        live_once().await;
    }
    let end = tokio::time::Instant::now() + Duration::from_mins(1);
    // The system takes a moment to forget a thread that was joined.
    while Holdings::now() != before && tokio::time::Instant::now() < end {
        tokio::task::yield_now().await;
    }
    println!(
        "{rounds} starts and stops: before {before:?}, after {:?}",
        Holdings::now()
    );
    assert_eq!(Holdings::now(), before);
}
