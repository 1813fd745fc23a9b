//! What lives on from request to request: ejections, breakers, balancing, swaps.

use std::sync::Arc;
use std::time::Duration;

use sealane_runtime::cluster::{Balance, Cluster, Outlier};

use crate::build::{cluster, forward, sidecar};
use crate::fixture::{Bench, get, response, run};

const A: &str = "127.10.0.8:80";
const B: &str = "127.10.0.9:80";

fn outlier(max_percent: u8) -> Outlier {
    Outlier {
        consecutive_5xx: Some(3),
        consecutive_gateway: None,
        consecutive_local: None,
        split_local: false,
        interval: Duration::from_secs(10),
        base_time: Duration::from_secs(30),
        max_time: Duration::from_mins(5),
        max_percent,
        error_statuses: Vec::new(),
    }
}

fn with_outlier(max_percent: u8) -> Cluster {
    let mut upstream = cluster("v1", &[A, B]);
    upstream.outlier = Some(Arc::new(outlier(max_percent)));
    upstream
}

#[test]
fn an_endpoint_that_keeps_failing_is_left_out_for_a_time_that_grows() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![with_outlier(50)]));
        let bad = bench.workload(A, |_| async { response(500, "bad") });
        bench.echo(B, "good");
        let statuses = async |count: usize| {
            let mut failed = 0;
            for _ in 0..count {
                failed += usize::from(bench.get("/").await.status == 500);
            }
            failed
        };
        assert_eq!(statuses(20).await, 3);
        tokio::time::sleep(Duration::from_secs(29)).await;
        assert_eq!(statuses(10).await, 0);
        // The sweep at 30 s takes it back; three more failures put it out for twice the time.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(statuses(20).await, 3);
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(statuses(10).await, 0);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(statuses(10).await, 3);
        assert_eq!(bad.count(), 9);
    });
}

#[test]
fn no_more_endpoints_are_ejected_than_the_percentage_allows() {
    run(async {
        for (percent, failed) in [(49, 20), (50, 13), (100, 6)] {
            let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![with_outlier(percent)]));
            for at in [A, B] {
                bench.workload(at, |_| async { response(500, "bad") });
            }
            let mut seen = [0; 2];
            for _ in 0..20 {
                match bench.get("/").await.status.as_u16() {
                    500 => seen[0] += 1,
                    503 => seen[1] += 1,
                    other => panic!("{other}"),
                }
            }
            let want = if percent == 50 {
                [20, 0]
            } else {
                [failed, 20 - failed]
            };
            assert_eq!(seen, want, "{percent} %");
        }
    });
}

#[test]
fn a_refused_connection_counts_as_a_failure() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![with_outlier(50)]));
        bench.echo(B, "good");
        let mut failed = 0;
        for _ in 0..20 {
            failed += usize::from(bench.get("/").await.status == 503);
        }
        assert_eq!(failed, 3);
    });
}

#[test]
fn requests_wait_for_a_connection_within_the_limits() {
    run(async {
        let mut upstream = cluster("v1", &[A]);
        upstream.limits.connections = 1;
        upstream.limits.pending = 1;
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
        bench.workload(A, |_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            response(200, "slow")
        });
        let calls = (0..3).map(|_| bench.get("/"));
        let answers = futures_util::future::join_all(calls).await;
        let mut statuses: Vec<u16> = answers.iter().map(|a| a.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 503]);
        let records = bench.records(3).await;
        let flags: Vec<_> = records.iter().map(|r| r.flags.to_string()).collect();
        assert_eq!(flags.iter().filter(|flags| *flags == "UO").count(), 1);
    });
}

#[test]
fn the_least_busy_endpoint_is_chosen() {
    run(async {
        let mut upstream = cluster("v1", &[A, B]);
        upstream.balance = Balance::LeastRequest { choices: 2 };
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
        bench.workload(A, |_| async {
            tokio::time::sleep(Duration::from_hours(1)).await;
            response(200, "slow")
        });
        let fast = bench.echo(B, "fast");
        let mut stuck = std::pin::pin!(futures_util::future::join_all(
            (0..8).map(|_| bench.get("/"))
        ));
        let second = Duration::from_secs(1);
        drop(tokio::time::timeout(second, stuck.as_mut()).await);
        let before = fast.count();
        for _ in 0..30 {
            drop(tokio::time::timeout(second, bench.get("/")).await);
        }
        // Both choices may fall on the busy one.
        assert!(fast.count() - before >= 18, "{}", fast.count());
    });
}

#[test]
fn a_swap_keeps_the_split_and_lets_requests_finish() {
    run(async {
        let clusters = || vec![cluster("v1", &[A]), cluster("v2", &[B])];
        let weights: &[(&str, u64)] = &[("v1", 50), ("v2", 50)];
        let bench = Bench::new(sidecar(forward(weights), clusters()));
        let (v1, v2) = (bench.echo(A, "v1"), bench.echo(B, "v2"));
        let mut client = bench.client().await;
        for _ in 0..50 {
            assert_eq!(client.send(get("/")).await.status, 200);
            bench
                .worker
                .proxy()
                .install(sidecar(forward(weights), clusters()));
        }
        assert_eq!((v1.count(), v2.count()), (25, 25));
        let only = sidecar(forward(&[("v2", 1)]), vec![cluster("v2", &[B])]);
        bench.worker.proxy().install(only);
        for _ in 0..10 {
            assert_eq!(client.send(get("/")).await.body, "v2");
        }
    });
}

#[test]
fn an_ejection_ends_with_the_rules_that_made_it_and_with_its_endpoint() {
    run(async {
        let serving = |upstream| sidecar(forward(&[("v1", 1)]), vec![upstream]);
        let bench = Bench::new(serving(with_outlier(50)));
        bench.workload(A, |_| async { response(500, "bad") });
        bench.echo(B, "good");
        let failures = async || {
            let mut failed = 0;
            for _ in 0..10 {
                failed += usize::from(bench.get("/").await.status == 500);
            }
            failed
        };
        assert_eq!(failures().await, 3);
        bench
            .worker
            .proxy()
            .install(serving(cluster("v1", &[A, B])));
        assert_eq!(failures().await, 5);
        bench.worker.proxy().install(serving(with_outlier(50)));
        assert_eq!(failures().await, 3);
        let mut alone = with_outlier(50);
        alone.endpoints = cluster("v1", &[B]).endpoints;
        bench.worker.proxy().install(serving(alone));
        assert_eq!(failures().await, 0);
        bench.worker.proxy().install(serving(with_outlier(50)));
        assert_eq!(failures().await, 3);
    });
}

#[test]
fn draining_ends_idle_connections_and_lets_requests_finish() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[A])]));
        bench.workload(A, |_| async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            response(200, "slow")
        });
        let mut idle = bench.connect(crate::build::SERVICE);
        let slow = bench.get("/");
        let drain = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            bench.worker.drain();
            let ended = tokio::io::AsyncReadExt::read(&mut idle, &mut [0; 1]).await;
            assert_eq!(ended.unwrap(), 0);
            bench.worker.drained().await;
            tokio::time::Instant::now()
        };
        let started = tokio::time::Instant::now();
        let (answer, drained) = tokio::join!(slow, drain);
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "slow"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!((drained - started).as_secs(), 2);
    });
}
