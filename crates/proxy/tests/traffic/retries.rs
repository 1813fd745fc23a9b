//! Requests that are tried again.

use std::cell::Cell;
use std::time::Duration;

use http::StatusCode;
use sealane_runtime::route::{Forward, RetryOn};

use crate::build::{cluster, forward, retry, sidecar};
use crate::fixture::{Bench, request, response, run};

const A: &str = "127.10.0.8:80";
const B: &str = "127.10.0.9:80";

fn retrying(retries: u32, conditions: &[RetryOn]) -> Forward {
    let mut action = forward(&[("v1", 1)]);
    action.retry = Some(retry(retries, conditions));
    action
}

#[test]
fn a_try_that_failed_goes_to_another_endpoint_with_the_same_body() {
    run(async {
        let action = retrying(2, &[RetryOn::ConnectFailure]);
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[A, B])]));
        let seen = bench.echo(B, "hello");
        for _ in 0..4 {
            let answer = bench.send(request("POST", "/", "12345")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(seen.last().body(), "12345");
        }
        let records = bench.records(4).await;
        assert!(records.iter().all(|record| record.attempts <= 2));
        assert!(records.iter().all(|record| record.flags.is_empty()));
    });
}

#[test]
fn statuses_are_retried_until_the_retries_are_used_up() {
    run(async {
        let action = retrying(2, &[RetryOn::FiveXx]);
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[A])]));
        let seen = bench.workload(A, |_| async { response(503, "nope") });
        let answer = bench.send(request("POST", "/", "12345")).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (503, "nope"));
        assert_eq!(seen.count(), 3);
        assert_eq!(seen.last().body(), "12345");
        assert_eq!(seen.header("x-envoy-attempt-count").as_deref(), Some("3"));
        let record = bench.record().await;
        assert_eq!(record.flags.to_string(), "URX");
        assert_eq!(record.details, "via_upstream");
    });
}

#[test]
fn an_answer_ends_the_retries() {
    run(async {
        let action = retrying(5, &[RetryOn::FiveXx]);
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[A])]));
        let count = std::rc::Rc::new(Cell::new(0));
        let seen = bench.workload(A, move |_| {
            count.set(count.get() + 1);
            let status = if count.get() < 3 { 503 } else { 200 };
            async move { response(status, "answer") }
        });
        assert_eq!(bench.get("/").await.status, 200);
        assert_eq!(seen.count(), 3);
        let record = bench.record().await;
        assert_eq!(
            (record.attempts, record.flags.to_string().as_str()),
            (3, "-")
        );
    });
}

#[test]
fn the_route_timeout_covers_all_tries_and_the_pauses() {
    run(async {
        let mut action = retrying(100, &[RetryOn::FiveXx]);
        action.timeout = Some(Duration::from_secs(1));
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[A])]));
        bench.workload(A, |_| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            response(503, "nope")
        });
        let started = tokio::time::Instant::now();
        let answer = bench.get("/").await;
        assert_eq!(answer.status, 504);
        assert_eq!(started.elapsed().as_millis(), 1000);
        assert_eq!(bench.record().await.flags.to_string(), "UT");
    });
}

#[test]
fn a_retry_beyond_the_circuit_is_not_made_and_says_uo() {
    run(async {
        let mut upstream = cluster("v1", &[A]);
        upstream.limits.retries = 0;
        let bench = Bench::new(sidecar(retrying(2, &[RetryOn::FiveXx]), vec![upstream]));
        let seen = bench.workload(A, |_| async { response(503, "nope") });
        assert_eq!(bench.get("/").await.status, 503);
        assert_eq!(seen.count(), 1);
        assert_eq!(bench.record().await.flags.to_string(), "UO");
    });
}

#[test]
fn a_kept_connection_that_was_closed_meanwhile_costs_no_request() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[A])]));
        bench.workload(A, |_| async {
            let mut last = response(200, "bye");
            let close = "close".parse().unwrap();
            last.headers_mut().insert("connection", close);
            last
        });
        for _ in 0..5 {
            assert_eq!(bench.get("/").await.status, 200);
        }
    });
}

#[test]
fn a_grpc_status_is_retried_where_the_policy_names_it() {
    run(async {
        let action = retrying(1, &[RetryOn::GrpcUnavailable]);
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[A])]));
        let seen = bench.workload(A, |_| async {
            let mut answer = response(200, "");
            let unavailable = "14".parse().unwrap();
            answer.headers_mut().insert("grpc-status", unavailable);
            answer
        });
        assert_eq!(bench.get("/").await.status, StatusCode::OK);
        assert_eq!(seen.count(), 2);
    });
}
