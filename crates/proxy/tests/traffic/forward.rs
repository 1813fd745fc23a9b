//! Requests that pass.

use std::time::Duration;

use crate::build::{cluster, forward, sidecar};
use crate::fixture::{Bench, get, request, run};

#[test]
fn a_request_reaches_the_endpoint_and_its_answer_comes_back() {
    run(async {
        let bench = Bench::new(sidecar(
            forward(&[("v1", 1)]),
            vec![cluster("v1", &["127.10.0.9:9080"])],
        ));
        let seen = bench.echo("127.10.0.9:9080", "hello");
        let answer = bench.send(request("POST", "/a/../b?q=1", "12345")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (200, "hello")
        );
        assert_eq!(answer.header("server"), Some("envoy"));
        assert_eq!(answer.header("x-envoy-upstream-service-time"), Some("0"));
        assert_eq!(seen.last().uri(), "/b?q=1");
        assert_eq!(seen.last().body(), "12345");
        assert_eq!(seen.header("host").as_deref(), Some("reviews"));
        assert_eq!(seen.header("x-forwarded-proto").as_deref(), Some("http"));
        assert_eq!(seen.header("x-envoy-attempt-count").as_deref(), Some("1"));
        assert!(seen.header("x-request-id").is_some());
        let record = bench.record().await;
        let id = seen.header("x-request-id").unwrap();
        assert_eq!(
            record.to_text(),
            format!(
                "[2026-11-21T10:44:35.000Z] \"POST /a/../b?q=1 HTTP/1.1\" 200 - via_upstream - \
                 \"-\" 5 5 0 0 \"-\" \"-\" \"{id}\" \"reviews\" \"127.10.0.9:9080\" v1 \
                 {} 127.20.0.1:80 127.10.0.1:40000 - default\n",
                record.upstream_local.unwrap()
            )
        );
    });
}

#[test]
fn connections_are_kept_and_closed_when_idle() {
    run(async {
        let mut upstream = cluster("v1", &["127.10.0.9:9080"]);
        upstream.idle_timeout = Some(Duration::from_secs(10));
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
        bench.echo("127.10.0.9:9080", "hello");
        let mut client = bench.client().await;
        for pause in [0, 5, 5, 11] {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            assert_eq!(client.send(get("/")).await.status, 200);
        }
        let records = bench.records(4).await;
        let local: Vec<_> = records.iter().map(|record| record.upstream_local).collect();
        assert_eq!(local[0], local[1]);
        assert_eq!(local[1], local[2]);
        assert_ne!(local[2], local[3]);
    });
}

#[test]
fn a_split_is_exact_from_its_first_request() {
    run(async {
        let clusters = vec![
            cluster("v1", &["127.10.0.9:80"]),
            cluster("v2", &["127.10.0.8:80"]),
        ];
        let bench = Bench::new(sidecar(forward(&[("v1", 80), ("v2", 20)]), clusters));
        let v1 = bench.echo("127.10.0.9:80", "v1");
        let v2 = bench.echo("127.10.0.8:80", "v2");
        for _ in 0..100 {
            bench.get("/").await;
        }
        assert_eq!((v1.count(), v2.count()), (80, 20));
    });
}

#[test]
fn garbage_is_a_400_a_closed_connection_and_a_log_line() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![]));
        let answer = bench.talk(b"lorem ipsum\r\n\r\n").await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
        let record = bench.record().await;
        assert_eq!(
            (record.status, &*record.details),
            (400, "http1.codec_error")
        );
        assert_eq!(record.flags.to_string(), "DPE");
    });
}
