//! A mesh in memory serves what its manifests say.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are not seen as tests"
)]

use std::sync::Arc;
use std::time::SystemTime;

use sealane_mesh::{Carrier, Mesh, Options};
use sealane_model::parse::{Options as ParseOptions, SourceFile};
use sealane_seam::{Connection, SeededRandom, TokioClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;

const REVIEWS: &str = "
apiVersion: v1
kind: Service
metadata: { name: reviews }
spec: { selector: { app: reviews }, ports: [{ name: http, port: 9080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews-v1 }
spec:
  selector: { matchLabels: { app: reviews, version: v1 } }
  template:
    metadata: { labels: { app: reviews, version: v1 } }
    spec: { containers: [{ name: r, image: r }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews-v2 }
spec:
  selector: { matchLabels: { app: reviews, version: v2 } }
  template:
    metadata: { labels: { app: reviews, version: v2 } }
    spec: { containers: [{ name: r, image: r }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http: [{ route: [{ destination: { host: reviews, subset: v2 } }] }]
";

fn options(inbound: bool) -> Options {
    let clock = TokioClock::starting_at(SystemTime::UNIX_EPOCH);
    let random = SeededRandom::new(1);
    let mut options = Options::new(Carrier::Memory, Arc::new(clock), Arc::new(random));
    options.inbound = inbound;
    options
}

async fn call(mesh: &Mesh, text: &str) -> String {
    let timeout = std::time::Duration::from_mins(1);
    tokio::time::timeout(timeout, exchange(mesh, text))
        .await
        .unwrap_or_else(|_elapsed| panic!("{:?}", mesh.control().statuses()))
}

async fn exchange(mesh: &Mesh, text: &str) -> String {
    let (ours, theirs) = tokio::io::duplex(65536);
    let service = mesh.names("default").address("reviews").unwrap();
    let pod = ("default".to_owned(), "client".to_owned());
    let connection = Connection {
        io: Box::new(theirs),
        local: std::net::SocketAddr::new(service, 9080),
        peer: std::net::SocketAddr::from(([127, 10, 0, 2], 40000)),
    };
    assert!(mesh.seats().call_from(&pod, connection).await);
    let (mut read, mut write) = tokio::io::split(ours);
    write
        .write_all(text.as_bytes())
        .await
        .unwrap_or_else(|error| panic!("{error} {:?}", mesh.control().statuses()));
    let mut answer = String::new();
    read.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn answers_from_the_subset(inbound: bool) {
    let local = LocalSet::new();
    local
        .run_until(async {
            let mesh = Mesh::start(&options(inbound)).unwrap();
            let file = (SourceFile::new("m.yaml", REVIEWS), ParseOptions::default());
            let applied = mesh.control().apply_texts(&[file]).await;
            let applied = applied.unwrap_or_else(|refusal| panic!("{}", refusal.reason));
            assert_eq!(applied.record.generation, 1);
            let get = "GET /x HTTP/1.1\r\nhost: reviews:9080\r\nconnection: close\r\n\r\n";
            let answer = call(&mesh, get).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.contains("\"workload\":\"reviews-v2\""), "{answer}");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_subset_answers_straight() {
    answers_from_the_subset(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_subset_answers_behind_its_inbound_proxy() {
    answers_from_the_subset(true).await;
}
