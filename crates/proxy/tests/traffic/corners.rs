//! HTTP/1 at its corners, as measured at Istio's sidecar and gateway; stricter where design.md
//! says so.

use std::time::Duration;

use sealane_runtime::listener::{Direction, Network};
use sealane_runtime::route::Action;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{SERVICE, cluster, forward, listener, manager, route, runtime, table};
use crate::fixture::{Bench, Requests, run};

const POD: &str = "127.10.0.9:9080";

/// A sidecar, or a gateway, before one workload.
fn bench(edge: bool) -> (Bench, Requests) {
    let mut http = manager();
    http.use_remote_address = edge;
    let mut listener = listener(Network::Http(http.into()));
    if edge {
        listener.direction = Direction::Unspecified;
    }
    let mut route = route("/", Action::Forward(Box::new(forward(&[("v1", 1)]))));
    route.decorator = Some("reviews.default.svc.cluster.local:80/*".into());
    let table = table("reviews", vec![route]);
    let bench = Bench::new(runtime(listener, table, vec![cluster("v1", &[POD])]));
    let seen = bench.echo(POD, "hello");
    (bench, seen)
}

/// Sends `head` and checks the status line, the flag and the details.
async fn check(head: &str, status: &str, flags: &str, details: &str) {
    for edge in [false, true] {
        let (bench, seen) = bench(edge);
        let answer = bench.talk(head.as_bytes()).await;
        let line = answer.lines().next().unwrap_or_default();
        let (_version, rest) = line.split_once(' ').unwrap();
        assert_eq!(rest, status, "{head:?}");
        let record = bench.record().await;
        assert_eq!(record.flags.to_string(), flags, "{head:?}");
        assert_eq!(record.details, details, "{head:?}");
        let passed = status.starts_with("200");
        assert_eq!(seen.count(), usize::from(passed), "{head:?}");
    }
}

/// What is sent; the status, the flag and the details that answer it.
const REFUSED: [(&str, &str, &str, &str); 15] = [
    (
        "GET / HTTP/1.1\r\n\r\n",
        "400 Bad Request",
        "-",
        "missing_host_header",
    ),
    (
        "GET / HTTP/1.0\r\nhost: reviews\r\n\r\n",
        "426 Upgrade Required",
        "DPE",
        "low_version",
    ),
    (
        "GET / HTTP/1.1\r\nhost: reviews\r\nhost: b\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http.invalid_authority",
    ),
    (
        "POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        "400 Bad Request",
        "DPE",
        "http1.codec_error",
    ),
    (
        "GET / HTTP/1.1\r\nhost : reviews\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http1.codec_error",
    ),
    (
        "GET / HTTP/1.1\r\nhost: reviews\r\nx: 1\r\n 2\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http1.codec_error",
    ),
    (
        "FOO / HTTP/1.1\r\nhost: reviews\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http1.codec_error",
    ),
    (
        "GET /ü HTTP/1.1\r\nhost: reviews\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http1.codec_error",
    ),
    (
        "GET /a b HTTP/1.1\r\nhost: reviews\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http1.codec_error",
    ),
    (
        "GET /%00 HTTP/1.1\r\nhost: reviews\r\n\r\n",
        "400 Bad Request",
        "-",
        "path_normalization_failed",
    ),
    (
        "CONNECT reviews:80 HTTP/1.1\r\nhost: reviews:80\r\n\r\n",
        "404 Not Found",
        "NR",
        "route_not_found",
    ),
    (
        "OPTIONS * HTTP/1.1\r\nhost: reviews\r\n\r\n",
        "404 Not Found",
        "-",
        "absolute_path_rejected",
    ),
    (
        "GET / HTTP/1.1\r\nhost: reviews\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n",
        "403 Forbidden",
        "-",
        "upgrade_failed",
    ),
    (
        "POST / HTTP/1.1\r\nhost: reviews\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "501 Not Implemented",
        "DPE",
        "http1.invalid_transfer_encoding",
    ),
    (
        "GET / HTTP/1.1\r\nhost: reviews\r\nconnection: x-forwarded-for\r\n\r\n",
        "400 Bad Request",
        "DPE",
        "http1.connection_header_rejected",
    ),
];

#[test]
fn what_is_no_good_request_is_refused() {
    run(async {
        for (head, status, flags, details) in REFUSED {
            check(head, status, flags, details).await;
        }
    });
}

#[test]
fn too_many_or_too_large_headers_are_a_431() {
    run(async {
        let many = (0..101).map(|n| format!("x-{n}: 1\r\n"));
        let many = many.collect::<Vec<_>>().concat();
        let large = format!("x: {}\r\n", "a".repeat(70 * 1024));
        for (headers, details) in [
            (many, "http1.headers_too_large"),
            (large, "http1.headers_too_large"),
        ] {
            let head = format!("GET / HTTP/1.1\r\nhost: reviews\r\n{headers}\r\n");
            let status = "431 Request Header Fields Too Large";
            check(&head, status, "DPE", details).await;
        }
    });
}

/// Sends `head` to a sidecar; what the workload saw.
async fn seen(head: &str) -> http::Request<bytes::Bytes> {
    let (bench, seen) = bench(false);
    let answer = bench.talk(head.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n"),
        "{head:?} {answer}"
    );
    seen.last()
}

#[test]
fn what_passes_is_normalised() {
    run(async {
        for (path, want) in [
            ("/a/../b", "/b"),
            ("/a/%2e%2e/b", "/b"),
            ("//b", "//b"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a\\b", "/a/b"),
            ("/a;x=1/b", "/a;x=1/b"),
            ("/a?x#f", "/a?x"),
        ] {
            let head = format!("GET {path} HTTP/1.1\r\nhost: reviews\r\n\r\n");
            assert_eq!(seen(&head).await.uri(), want, "{path}");
        }
        let absolute = "GET http://reviews/abs HTTP/1.1\r\nhost: other\r\n\r\n";
        let absolute = seen(absolute).await;
        assert_eq!(absolute.uri(), "/abs");
        assert_eq!(absolute.headers()["host"], "reviews");
        let lines = seen("GET / HTTP/1.1\nhost: reviews\n\n").await;
        assert_eq!(lines.headers()["host"], "reviews");
        let h2c = "GET / HTTP/1.1\r\nhost: reviews\r\nconnection: upgrade, http2-settings\r\n\
                   upgrade: h2c\r\nhttp2-settings: x\r\n\r\n";
        let h2c = seen(h2c).await;
        assert!(!h2c.headers().contains_key("upgrade"));
        assert!(!h2c.headers().contains_key("http2-settings"));
    });
}

#[test]
fn a_length_beside_chunks_never_reaches_the_workload_and_ends_the_connection() {
    run(async {
        let (bench, seen) = bench(true);
        let answer = bench
            .talk(
                b"POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 3\r\n\
                  transfer-encoding: chunked\r\n\r\n0\r\n\r\n\
                  GET /smuggled HTTP/1.1\r\nhost: reviews\r\n\r\n",
            )
            .await;
        // Envoy answers 400. hyper drops the length before anybody can see it, as it merges two
        // equal ones: an engine of our own will refuse both.
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert_eq!(seen.count(), 1);
        assert_eq!(seen.header("content-length"), None);
    });
}

#[test]
fn a_sidecar_believes_its_workload_and_a_gateway_believes_nobody() {
    run(async {
        let head = "GET / HTTP/1.1\r\nhost: reviews\r\nx-request-id: mine\r\n\
                    x-forwarded-for: 9.9.9.9\r\nx-forwarded-proto: https\r\n\
                    x-envoy-original-path: /evil\r\nx-envoy-internal: true\r\n\
                    x-envoy-decorator-operation: evil\r\nx-envoy-attempt-count: 7\r\n\r\n";
        let (sidecar, saw) = bench(false);
        sidecar.talk(head.as_bytes()).await;
        assert_eq!(saw.header("x-request-id").as_deref(), Some("mine"));
        assert_eq!(saw.header("x-forwarded-for").as_deref(), Some("9.9.9.9"));
        assert_eq!(saw.header("x-forwarded-proto").as_deref(), Some("https"));
        assert_eq!(
            saw.header("x-envoy-original-path").as_deref(),
            Some("/evil")
        );
        assert_eq!(saw.header("x-envoy-internal"), None);
        assert_eq!(saw.header("x-envoy-attempt-count").as_deref(), Some("1"));
        let decorator = "reviews.default.svc.cluster.local:80/*";
        assert_eq!(
            saw.header("x-envoy-decorator-operation").as_deref(),
            Some(decorator)
        );
        let (gateway, saw) = bench(true);
        gateway.talk(head.as_bytes()).await;
        assert_ne!(saw.header("x-request-id").as_deref(), Some("mine"));
        assert_eq!(
            saw.header("x-forwarded-for").as_deref(),
            Some("9.9.9.9,127.10.0.1")
        );
        assert_eq!(saw.header("x-forwarded-proto").as_deref(), Some("http"));
        assert_eq!(
            saw.header("x-envoy-external-address").as_deref(),
            Some("127.10.0.1")
        );
        assert_eq!(saw.header("x-envoy-original-path"), None);
    });
}

#[test]
fn half_a_head_is_not_waited_for_but_an_idle_connection_is() {
    run(async {
        let (bench, _) = bench(false);
        let mut half = bench.connect(SERVICE);
        half.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        let started = tokio::time::Instant::now();
        let mut answer = String::new();
        half.read_to_string(&mut answer).await.unwrap();
        assert_eq!(started.elapsed(), Duration::from_secs(10));
        assert!(
            answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
            "{answer}"
        );
        assert!(
            answer.ends_with("\r\n\r\nrequest header timeout"),
            "{answer}"
        );
        let record = bench.record().await;
        assert_eq!(
            (record.status, &*record.details),
            (408, "request_header_timeout")
        );
        let mut client = bench.client().await;
        assert_eq!(client.send(crate::fixture::get("/")).await.status, 200);
        tokio::time::sleep(Duration::from_mins(50)).await;
        assert_eq!(client.send(crate::fixture::get("/")).await.status, 200);
    });
}
