//! TCP chains.

use std::rc::Rc;
use std::time::Duration;

use sealane_runtime::Runtime;
use sealane_runtime::cluster::{Cluster, Discovery};
use sealane_runtime::listener::{Network, TcpProxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{SERVICE, cluster, forward, listener, runtime, table};
use crate::fixture::{Bench, run};

const A: &str = "127.10.0.8:80";
const B: &str = "127.10.0.9:80";

fn tcp(parts: &[(&str, u64)], idle: Option<Duration>, clusters: Vec<Cluster>) -> Runtime {
    let proxy = TcpProxy {
        stat_prefix: "tcp".into(),
        split: forward(parts).split,
        idle_timeout: idle,
        max_duration: None,
        hash_source_ip: false,
    };
    let listener = listener(Network::Tcp(proxy.into()));
    runtime(listener, table("*", vec![]), clusters)
}

/// Answers with a word and what it read.
fn words(bench: &Bench, at: &str, word: &'static str) {
    bench.raw(at, move |mut io| async move {
        let mut read = String::new();
        io.read_to_string(&mut read).await.unwrap();
        io.write_all(format!("{word} {read}").as_bytes())
            .await
            .unwrap();
    });
}

async fn say(bench: &Bench, text: &str) -> String {
    let mut io = bench.connect(SERVICE);
    io.write_all(text.as_bytes()).await.unwrap();
    // Half of the connection is closed; the other half brings the answer.
    io.shutdown().await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn connections_are_split_and_half_closed_ones_are_answered() {
    run(async {
        let clusters = vec![cluster("a", &[A]), cluster("b", &[B])];
        let bench = Bench::new(tcp(&[("a", 1), ("b", 1)], None, clusters));
        words(&bench, A, "a");
        words(&bench, B, "b");
        let mut answers = vec![say(&bench, "hi").await, say(&bench, "hi").await];
        answers.sort();
        assert_eq!(answers, ["a hi", "b hi"]);
        for record in bench.records(2).await {
            assert_eq!((record.bytes_received, record.bytes_sent), (2, 4));
            let line = record.to_text();
            let start = "[2026-11-21T10:44:35.000Z] \"- - -\" 0 - - - \"-\" 2 4 0 - \"-\" \"-\" \
                         \"-\" \"-\" \"127.10.0.";
            assert!(line.starts_with(start), "{line}");
            assert!(
                line.ends_with(" 127.20.0.1:80 127.10.0.1:40000 - -\n"),
                "{line}"
            );
        }
    });
}

#[test]
fn what_cannot_be_reached_is_closed_and_logged() {
    run(async {
        for (clusters, flags, cluster) in [
            (vec![], "NC", "-"),
            (vec![cluster("a", &[])], "UH", "a"),
            (vec![cluster("a", &[A])], "UF,URX", "a"),
        ] {
            let bench = Bench::new(tcp(&[("a", 1)], None, clusters));
            assert_eq!(say(&bench, "hi").await, "");
            let record = bench.record().await;
            assert_eq!(record.flags.to_string(), flags);
            assert_eq!(record.cluster.as_deref().unwrap_or("-"), cluster);
        }
    });
}

#[test]
fn a_connection_beyond_the_limit_is_closed_with_uo() {
    run(async {
        let mut upstream = cluster("a", &[A]);
        upstream.limits.connections = 0;
        let bench = Bench::new(tcp(&[("a", 1)], None, vec![upstream]));
        words(&bench, A, "a");
        assert_eq!(say(&bench, "hi").await, "");
        assert_eq!(bench.record().await.flags.to_string(), "UO");
    });
}

#[test]
fn a_passthrough_connection_goes_where_the_caller_wanted_to_go() {
    run(async {
        let mut passthrough = cluster("PassthroughCluster", &[]);
        passthrough.discovery = Discovery::OriginalDestination { port: None };
        let bench = Bench::new(tcp(&[("PassthroughCluster", 1)], None, vec![passthrough]));
        words(&bench, SERVICE, "itself");
        assert_eq!(say(&bench, "hi").await, "itself hi");
        let record = bench.record().await;
        assert_eq!(record.upstream_host, Some(SERVICE.parse().unwrap()));
    });
}

#[test]
fn a_silent_connection_ends() {
    run(async {
        let idle = Some(Duration::from_mins(1));
        let bench = Bench::new(tcp(&[("a", 1)], idle, vec![cluster("a", &[A])]));
        let forever = Rc::new(tokio::sync::Notify::new());
        bench.raw(A, move |io| {
            let forever = Rc::clone(&forever);
            async move {
                forever.notified().await;
                drop(io);
            }
        });
        let mut io = bench.connect(SERVICE);
        tokio::time::sleep(Duration::from_secs(50)).await;
        io.write_all(b"still here").await.unwrap();
        let started = tokio::time::Instant::now();
        assert_eq!(io.read(&mut [0; 10]).await.unwrap(), 0);
        assert_eq!(started.elapsed().as_secs(), 60);
        assert_eq!(bench.record().await.flags.to_string(), "-");
    });
}
