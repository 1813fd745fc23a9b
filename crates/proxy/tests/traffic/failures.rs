//! Requests that fail: status, body, flag and details are Envoy's, as measured on Envoy 1.40.

use std::time::Duration;

use http::StatusCode;
use sealane_runtime::Runtime;
use sealane_runtime::cluster::UpstreamTransport;
use sealane_runtime::fault::{Abort, Fault};
use sealane_runtime::route::{Action, DirectResponse, Redirect, RedirectPath, RetryOn};
use sealane_runtime::split::Fraction;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{SERVICE, cluster, forward, retry, route, sidecar, sidecar_with};
use crate::fixture::{Answer, Bench, get, request, response, run};

const POD: &str = "127.10.0.9:9080";

/// What the caller and the log are told.
struct Want {
    status: u16,
    body: &'static str,
    flags: &'static str,
    details: &'static str,
    cluster: &'static str,
}

async fn check(bench: &Bench, answer: Answer, want: Want) {
    assert_eq!(answer.status, want.status);
    assert_eq!(answer.body, want.body);
    assert_eq!(answer.header("server"), Some("envoy"));
    let record = bench.record().await;
    assert_eq!(record.status, want.status);
    assert_eq!(record.flags.to_string(), want.flags);
    assert_eq!(record.details, want.details);
    assert_eq!(record.cluster.as_deref().unwrap_or("-"), want.cluster);
}

fn to_v1() -> Runtime {
    sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])])
}

#[test]
fn an_unknown_host_is_a_404_nr_that_names_the_hosts_there_are() {
    run(async {
        let bench = Bench::new(to_v1());
        let mut other = get("/");
        other
            .headers_mut()
            .insert("host", "ratings".parse().unwrap());
        let answer = bench.send(other).await;
        let want = Want {
            status: 404,
            body: "",
            flags: "NR",
            details: "route_not_found",
            cluster: "-",
        };
        check(&bench, answer, want).await;
        let event = &bench.events()[0];
        assert_eq!((event.status, event.authority.as_str()), (404, "ratings"));
        assert_eq!(event.hosts_known, ["reviews".into()]);
    });
}

#[test]
fn a_missing_cluster_is_a_503_nc_without_body() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v2", 1)]), vec![]));
        let answer = bench.get("/").await;
        let want = Want {
            status: 503,
            body: "",
            flags: "NC",
            details: "cluster_not_found",
            cluster: "-",
        };
        check(&bench, answer, want).await;
        assert_eq!(bench.events()[0].cluster.as_deref(), Some("v2"));
    });
}

#[test]
fn a_cluster_without_endpoints_is_a_503_uh() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[])]));
        let answer = bench.get("/").await;
        let want = Want {
            status: 503,
            body: "no healthy upstream",
            flags: "UH",
            details: "no_healthy_upstream",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

#[test]
fn a_refused_connection_is_a_503_uf() {
    run(async {
        let bench = Bench::new(to_v1());
        let answer = bench.get("/").await;
        let want = Want {
            status: 503,
            body: "upstream connect error or disconnect/reset before headers. reset reason: \
                   remote connection failure",
            flags: "UF",
            details: "upstream_reset_before_response_started{remote_connection_failure|\
                      delayed_connect_error:_Connection_refused}",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

#[test]
fn a_refused_connection_that_was_retried_is_a_503_urx_uf() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.retry = Some(retry(2, &[RetryOn::ConnectFailure]));
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        let answer = bench.get("/").await;
        let want = Want {
            status: 503,
            body: "upstream connect error or disconnect/reset before headers. retried and the \
                   latest reset reason: remote connection failure",
            flags: "URX,UF",
            details: "upstream_reset_before_response_started{remote_connection_failure|\
                      delayed_connect_error:_Connection_refused}",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

#[test]
fn an_upstream_that_closes_without_an_answer_is_a_503_uc() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.retry = Some(retry(2, &[RetryOn::ConnectFailure]));
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        bench.raw(POD, |mut io| async move {
            let mut head = [0; 1024];
            assert!(io.read(&mut head).await.unwrap() > 0);
        });
        let answer = bench.get("/").await;
        let want = Want {
            status: 503,
            body: "upstream connect error or disconnect/reset before headers. reset reason: \
                   connection termination",
            flags: "UC",
            details: "upstream_reset_before_response_started{connection_termination}",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

#[test]
fn an_upstream_that_does_not_speak_http_is_a_502_upe() {
    run(async {
        let bench = Bench::new(to_v1());
        bench.raw(POD, |mut io| async move {
            let mut head = [0; 1024];
            assert!(io.read(&mut head).await.unwrap() > 0);
            io.write_all(b"lorem ipsum\r\n\r\n").await.unwrap();
        });
        let answer = bench.get("/").await;
        let want = Want {
            status: 502,
            body: "upstream connect error or disconnect/reset before headers. reset reason: \
                   protocol error",
            flags: "UPE",
            details: "upstream_reset_before_response_started{protocol_error}",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

#[test]
fn an_answer_that_takes_too_long_is_a_504_ut() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.timeout = Some(Duration::from_secs(2));
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        let seen = bench.workload(POD, |_| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            response(200, "late")
        });
        let answer = bench.get("/").await;
        let want = Want {
            status: 504,
            body: "upstream request timeout",
            flags: "UT",
            details: "response_timeout",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
        let expected = seen.header("x-envoy-expected-rq-timeout-ms");
        assert_eq!(expected.as_deref(), Some("2000"));
    });
}

#[test]
fn tries_that_take_too_long_are_a_504_urx_ut() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        let mut policy = (*retry(1, &[RetryOn::FiveXx])).clone();
        policy.per_try_timeout = Some(Duration::from_millis(200));
        action.timeout = Some(Duration::from_secs(5));
        action.retry = Some(policy.into());
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        let seen = bench.workload(POD, |_| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            response(200, "late")
        });
        let answer = bench.get("/").await;
        let want = Want {
            status: 504,
            body: "upstream request timeout",
            flags: "URX,UT",
            details: "upstream_per_try_timeout",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
        assert_eq!(seen.header("x-envoy-attempt-count").as_deref(), Some("2"));
    });
}

#[test]
fn an_open_circuit_is_a_503_uo_that_says_overloaded() {
    run(async {
        let mut upstream = cluster("v1", &[POD]);
        upstream.limits.requests = 0;
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
        bench.echo(POD, "hello");
        let answer = bench.get("/").await;
        assert_eq!(answer.header("x-envoy-overloaded"), Some("true"));
        let want = Want {
            status: 503,
            body: "upstream connect error or disconnect/reset before headers. reset reason: \
                   overflow",
            flags: "UO",
            details: "upstream_reset_before_response_started{overflow}",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

fn faulty(delay: Option<u64>, abort: Option<Abort>) -> Runtime {
    let mut faulty = route("/", Action::Forward(Box::new(forward(&[("v1", 1)]))));
    faulty.fault = Some(
        Fault {
            key: "rule".into(),
            delay: delay.map(|seconds| (Duration::from_secs(seconds), Fraction::ALL)),
            abort: abort.map(|abort| (abort, Fraction::ALL)),
        }
        .into(),
    );
    sidecar_with(vec![faulty], vec![cluster("v1", &[POD])])
}

#[test]
fn an_injected_abort_is_the_status_with_fi_after_an_injected_delay() {
    run(async {
        let abort = Abort::Http(StatusCode::IM_A_TEAPOT);
        let bench = Bench::new(faulty(Some(3), Some(abort)));
        let started = tokio::time::Instant::now();
        let answer = bench.get("/").await;
        assert_eq!(started.elapsed().as_secs(), 3);
        let want = Want {
            status: 418,
            body: "fault filter abort",
            flags: "DI,FI",
            details: "fault_filter_abort",
            cluster: "v1",
        };
        check(&bench, answer, want).await;
    });
}

#[test]
fn an_injected_grpc_abort_is_a_200_with_the_status_in_headers_for_grpc_only() {
    run(async {
        let bench = Bench::new(faulty(None, Some(Abort::Grpc(14))));
        let answer = bench.get("/").await;
        assert_eq!(answer.header("grpc-status"), None);
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (200, "fault filter abort")
        );
        let mut call = request("POST", "/", "");
        let grpc = "application/grpc".parse().unwrap();
        call.headers_mut().insert("content-type", grpc);
        let answer = bench.send(call).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, ""));
        assert_eq!(answer.header("grpc-status"), Some("14"));
        assert_eq!(answer.header("grpc-message"), Some("fault filter abort"));
    });
}

#[test]
fn a_failure_reaches_a_grpc_caller_as_a_grpc_status() {
    run(async {
        let bench = Bench::new(to_v1());
        let mut call = request("POST", "/", "");
        let grpc = "application/grpc+proto".parse().unwrap();
        call.headers_mut().insert("content-type", grpc);
        let answer = bench.send(call).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("grpc-status"), Some("14"));
        assert_eq!(bench.record().await.flags.to_string(), "UF");
    });
}

#[test]
fn a_caller_who_leaves_cancels_the_upstream_request_and_is_logged_with_dc() {
    run(async {
        let bench = Bench::new(to_v1());
        let (closed, wait) = tokio::sync::oneshot::channel();
        let closed = std::cell::RefCell::new(Some(closed));
        bench.raw(POD, move |mut io| {
            let closed = closed.borrow_mut().take().unwrap();
            async move {
                let mut read = Vec::new();
                io.read_to_end(&mut read).await.unwrap();
                closed.send(()).unwrap();
            }
        });
        let mut io = bench.connect(SERVICE);
        io.write_all(b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(io);
        wait.await.unwrap();
        let record = bench.record().await;
        assert_eq!(
            (record.status, &*record.details),
            (0, "downstream_remote_disconnect")
        );
        assert_eq!(record.flags.to_string(), "DC");
        assert_eq!(record.cluster.as_deref(), Some("v1"));
    });
}

#[test]
fn direct_responses_and_redirects_carry_no_flag() {
    run(async {
        let direct = Action::Direct(DirectResponse {
            status: StatusCode::BAD_GATEWAY,
            body: "tea".into(),
        });
        let redirect = Action::Redirect(Box::new(Redirect {
            status: StatusCode::MOVED_PERMANENTLY,
            scheme: None,
            host: Some("x.y".into()),
            port: None,
            path: RedirectPath::Replace("/z".into()),
            strip_query: false,
        }));
        let routes = vec![route("/direct", direct), route("/", redirect)];
        let bench = Bench::new(sidecar_with(routes, vec![]));
        let answer = bench.get("/direct").await;
        let want = Want {
            status: 502,
            body: "tea",
            flags: "-",
            details: "direct_response",
            cluster: "-",
        };
        check(&bench, answer, want).await;
        let answer = bench.get("/a?q=1").await;
        assert_eq!(answer.header("location"), Some("http://x.y/z?q=1"));
        assert_eq!(answer.status, 301);
        assert!(bench.events().is_empty());
    });
}

#[test]
fn an_answer_that_breaks_off_is_not_passed_as_a_whole_one() {
    run(async {
        let bench = Bench::new(to_v1());
        bench.raw(POD, |mut io| async move {
            let mut head = [0; 1024];
            assert!(io.read(&mut head).await.unwrap() > 0);
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc";
            io.write_all(half).await.unwrap();
        });
        let answer = bench.talk(b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n").await;
        assert!(answer.ends_with("\r\n\r\nabc"), "{answer}");
        let record = bench.record().await;
        assert_eq!(
            (record.status, record.flags.to_string().as_str()),
            (200, "UPE")
        );
        let details = "upstream_reset_after_response_started{protocol_error}";
        assert_eq!(record.details, details);
        assert_eq!(record.bytes_sent, 3);
    });
}

#[test]
fn the_route_timeout_ends_an_answer_that_has_begun() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.timeout = Some(Duration::from_secs(2));
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        bench.raw(POD, |mut io| async move {
            let mut head = [0; 1024];
            assert!(io.read(&mut head).await.unwrap() > 0);
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc";
            io.write_all(half).await.unwrap();
            tokio::time::sleep(Duration::from_mins(1)).await;
        });
        let started = tokio::time::Instant::now();
        let answer = bench.talk(b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n").await;
        assert!(answer.ends_with("\r\n\r\nabc"), "{answer}");
        assert_eq!(started.elapsed().as_secs(), 2);
        assert_eq!(bench.record().await.flags.to_string(), "UT");
    });
}

#[test]
fn an_injected_delay_is_not_counted_by_the_route_timeout() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.timeout = Some(Duration::from_secs(2));
        let mut delayed = route("/", Action::Forward(Box::new(action)));
        let fault = Fault {
            key: "rule".into(),
            delay: Some((Duration::from_secs(5), Fraction::ALL)),
            abort: None,
        };
        delayed.fault = Some(fault.into());
        let bench = Bench::new(sidecar_with(vec![delayed], vec![cluster("v1", &[POD])]));
        bench.workload(POD, |_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            response(200, "hello")
        });
        assert_eq!(bench.get("/").await.status, 200);
        let record = bench.record().await;
        assert_eq!(record.flags.to_string(), "DI");
        assert_eq!(record.duration.as_secs(), 6);
        assert_eq!(record.upstream_service_time, Some(1000));
    });
}

#[test]
fn a_slow_upload_is_not_counted_by_the_route_timeout() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.timeout = Some(Duration::from_secs(2));
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        let seen = bench.echo(POD, "hello");
        let mut io = bench.connect(SERVICE);
        let head = b"POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 3\r\n\r\n";
        io.write_all(head).await.unwrap();
        for byte in [b"a", b"b", b"c"] {
            tokio::time::sleep(Duration::from_secs(5)).await;
            io.write_all(byte).await.unwrap();
        }
        let mut answer = [0; 15];
        io.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        assert_eq!(seen.last().body(), "abc");
    });
}

#[test]
fn a_cluster_that_wants_tls_is_a_503_uf_until_tls_is_spoken() {
    run(async {
        let mut upstream = cluster("v1", &[POD]);
        upstream.transport = UpstreamTransport::Tls;
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
        bench.echo(POD, "plaintext");
        assert_eq!(bench.get("/").await.status, 503);
        let record = bench.record().await;
        assert_eq!(record.flags.to_string(), "UF");
        assert!(record.transport_failure.unwrap().starts_with("TLS_error"));
    });
}

#[test]
fn a_grpc_caller_says_how_long_it_waits() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.max_grpc_timeout = Some(Duration::ZERO);
        let bench = Bench::new(sidecar(action, vec![cluster("v1", &[POD])]));
        bench.workload(POD, |_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            response(200, "hello")
        });
        let mut call = request("POST", "/", "");
        let headers = call.headers_mut();
        headers.insert("grpc-timeout", "100m".parse().unwrap());
        headers.insert("x-envoy-upstream-rq-timeout-ms", "1".parse().unwrap());
        headers.insert("content-type", "application/grpc".parse().unwrap());
        let answer = bench.send(call).await;
        assert_eq!(answer.header("grpc-status"), Some("14"));
        let record = bench.record().await;
        assert_eq!(record.flags.to_string(), "UT");
        assert_eq!(
            (&*record.details, record.duration.as_millis()),
            ("response_timeout", 100)
        );
    });
}
