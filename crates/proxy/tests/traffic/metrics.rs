//! What metrics say of traffic: Istio's labels, on both sides of a hop.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_runtime::cluster::{Cluster, Discovery, ServiceName, UpstreamProtocol};
use sealane_runtime::listener::{Direction, Network, TcpProxy};
use sealane_runtime::route::Action;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{
    SERVICE, address, cluster, forward, listener, manager, route, runtime, sidecar, table,
};
use crate::fixture::{Bench, Local, get, request, response, run};

const KNOWN: &str = "127.10.0.9:9080";
const UNKNOWN: &str = "127.10.0.8:80";

/// A cluster of `reviews`, whose endpoint says that it is `reviews-v1`.
fn reviews(at: &str) -> Cluster {
    let mut upstream = cluster("v1", &[at]);
    upstream.service = Some(Arc::new(ServiceName {
        host: "reviews.default.svc.cluster.local".into(),
        name: "reviews".into(),
    }));
    let mut endpoints = (*upstream.endpoints).clone();
    let mut endpoint = (*endpoints.localities[0].endpoints[0]).clone();
    endpoint.workload = Some("reviews-v1;default;reviews;v1;Kubernetes".into());
    endpoints.localities[0].endpoints = vec![Arc::new(endpoint)];
    upstream.endpoints = Arc::new(endpoints);
    upstream
}

#[test]
fn a_caller_reports_whom_it_called_as_the_endpoint_says() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![reviews(UNKNOWN)]));
        bench.workload(UNKNOWN, |_| async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            response(200, "hello")
        });
        bench.send(request("POST", "/", "four")).await;
        bench.records(1).await;
        let labels = [
            "reporter=\"source\"",
            "source_workload=\"client\"",
            "source_app=\"client\"",
            "destination_workload=\"reviews-v1\"",
            "destination_workload_namespace=\"default\"",
            "destination_app=\"unknown\"",
            "destination_service=\"reviews.default.svc.cluster.local\"",
            "destination_service_name=\"reviews\"",
            "destination_service_namespace=\"default\"",
            "destination_canonical_service=\"reviews\"",
            "destination_canonical_revision=\"v1\"",
            "destination_cluster=\"Kubernetes\"",
            "request_protocol=\"http\"",
            "response_code=\"200\"",
            "grpc_response_status=\"\"",
            "response_flags=\"-\"",
            "connection_security_policy=\"unknown\"",
            "source_principal=\"unknown\"",
            "destination_principal=\"unknown\"",
        ];
        let value = |metric: &str, more: &[&str]| {
            let labels: Vec<&str> = labels.iter().chain(more).copied().collect();
            bench.metric(metric, &labels).to_string()
        };
        assert_eq!(value("istio_requests_total", &[]), "1");
        let duration = "istio_request_duration_milliseconds";
        assert_eq!(value(&format!("{duration}_sum"), &[]), "30");
        assert_eq!(value(&format!("{duration}_count"), &[]), "1");
        assert_eq!(value(&format!("{duration}_bucket"), &["le=\"25.0\""]), "0");
        assert_eq!(value(&format!("{duration}_bucket"), &["le=\"50.0\""]), "1");
        assert_eq!(value("istio_request_bytes_sum", &[]), "4");
        assert_eq!(value("istio_response_bytes_sum", &[]), "5");
    });
}

#[test]
fn who_is_at_an_address_is_known_better_than_the_endpoint_says() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![reviews(KNOWN)]));
        bench.echo(KNOWN, "hello");
        bench.get("/").await;
        bench.records(1).await;
        let known = [
            "destination_workload=\"reviews\"",
            "destination_app=\"reviews\"",
        ];
        assert!((bench.metric("istio_requests_total", &known) - 1.0).abs() < 1e-9);
    });
}

#[test]
fn requests_without_an_endpoint_are_counted_with_their_flags() {
    run(async {
        let nobody = cluster("v1", &[]);
        for (clusters, code, flags, host) in [
            // The host is a label, for the virtual host names it.
            (vec![], 503, "NC", "reviews"),
            (vec![nobody], 503, "UH", "reviews"),
            (
                vec![reviews(UNKNOWN)],
                503,
                "UF",
                "reviews.default.svc.cluster.local",
            ),
        ] {
            let bench = Bench::new(sidecar(forward(&[("v1", 1)]), clusters));
            bench.get("/").await;
            bench.records(1).await;
            let labels = [
                format!("response_code=\"{code}\""),
                format!("response_flags=\"{flags}\""),
                format!("destination_service=\"{host}\""),
            ];
            let labels = labels.each_ref().map(String::as_str);
            assert_eq!(
                bench.samples("istio_requests_total", &labels).len(),
                1,
                "{labels:?}"
            );
        }
    });
}

#[test]
fn what_a_caller_makes_up_is_no_label() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![reviews(UNKNOWN)]));
        for number in 0..20 {
            let mut call = get(&format!("/{number}"));
            let host = format!("made-up-{number}.example.com").parse().unwrap();
            call.headers_mut().insert("host", host);
            bench.send(call).await;
        }
        bench.records(20).await;
        let unknown = ["destination_service=\"unknown\"", "response_flags=\"NR\""];
        assert!((bench.metric("istio_requests_total", &unknown) - 20.0).abs() < 1e-9);
        assert_eq!(bench.samples("istio_requests_total", &[]).len(), 1);
    });
}

#[test]
fn a_status_that_http_does_not_have_is_none() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![reviews(UNKNOWN)]));
        bench.workload(UNKNOWN, |_| async { response(999, "") });
        bench.get("/").await;
        bench.records(1).await;
        let none = ["response_code=\"0\""];
        assert!((bench.metric("istio_requests_total", &none) - 1.0).abs() < 1e-9);
    });
}

#[test]
fn the_called_side_reports_who_called() {
    run(async {
        let mut inbound = listener(Network::Http(Arc::new(manager())));
        inbound.direction = Direction::Inbound;
        let mut upstream = reviews(KNOWN);
        upstream.name = "inbound|9080||".into();
        upstream.discovery = Discovery::OriginalDestination { port: None };
        let to_workload = forward(&[("inbound|9080||", 1)]);
        let routes = vec![route("/", Action::Forward(Box::new(to_workload)))];
        let bench = Bench::beside_workload(runtime(inbound, table("*", routes), vec![upstream]));
        bench.echo(KNOWN, "hello");
        bench.call(KNOWN, get("/")).await;
        bench.records(1).await;
        let labels = [
            "reporter=\"destination\"",
            "source_workload=\"client\"",
            "destination_workload=\"reviews\"",
            "destination_service=\"reviews.default.svc.cluster.local\"",
            "connection_security_policy=\"none\"",
        ];
        assert!((bench.metric("istio_requests_total", &labels) - 1.0).abs() < 1e-9);
    });
}

type FrameResult = Result<Frame<Bytes>, hyper::Error>;

/// Answers a call with two messages and the status 5.
async fn not_found(
    request: Request<Incoming>,
) -> Result<
    Response<StreamBody<futures_util::stream::Iter<std::vec::IntoIter<FrameResult>>>>,
    hyper::Error,
> {
    request.into_body().collect().await?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "5".parse().unwrap());
    let messages = Bytes::from_static(b"\0\0\0\0\x01a\0\0\0\0\0");
    let frames: Vec<FrameResult> = vec![Ok(Frame::data(messages)), Ok(Frame::trailers(trailers))];
    let response = Response::builder().header("content-type", "application/grpc");
    let body = StreamBody::new(futures_util::stream::iter(frames));
    Ok(response.body(body).unwrap())
}

#[test]
fn a_grpc_call_counts_its_messages_and_its_status() {
    run(async {
        let mut upstream = reviews(UNKNOWN);
        upstream.protocol = UpstreamProtocol::Http2;
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
        bench.raw(UNKNOWN, |io| async move {
            let server = hyper::server::conn::http2::Builder::new(Local);
            // The caller may leave at any time.
            drop(
                server
                    .serve_connection(TokioIo::new(io), service_fn(not_found))
                    .await,
            );
        });
        let mut call = request("POST", "/", "\0\0\0\0\x03abc");
        let grpc = "application/grpc".parse().unwrap();
        call.headers_mut().insert("content-type", grpc);
        bench.send(call).await;
        bench.records(1).await;
        let labels = [
            "request_protocol=\"grpc\"",
            "response_code=\"200\"",
            "grpc_response_status=\"5\"",
        ];
        assert!((bench.metric("istio_requests_total", &labels) - 1.0).abs() < 1e-9);
        let to = ["destination_workload=\"reviews-v1\""];
        let sent = bench.metric("istio_request_messages_total", &to);
        let received = bench.metric("istio_response_messages_total", &to);
        assert_eq!(
            (sent.to_string(), received.to_string()),
            ("1".to_owned(), "2".to_owned())
        );
    });
}

#[test]
fn an_open_tcp_connection_tells_its_bytes_before_it_ends() {
    run(async {
        let proxy = TcpProxy {
            stat_prefix: "tcp".into(),
            split: forward(&[("v1", 1)]).split,
            idle_timeout: None,
            max_duration: None,
            hash_source_ip: false,
        };
        let listener = listener(Network::Tcp(proxy.into()));
        let served = runtime(listener, table("*", vec![]), vec![reviews(UNKNOWN)]);
        let bench = Bench::new(served);
        bench.raw(UNKNOWN, |mut io| async move {
            let mut read = [0; 3];
            io.read_exact(&mut read).await.unwrap();
            io.write_all(b"hello").await.unwrap();
            // Until the caller ends.
            drop(io.read(&mut read).await);
        });
        let mut io = bench.connect(SERVICE);
        io.write_all(b"abc").await.unwrap();
        let mut answer = [0; 5];
        io.read_exact(&mut answer).await.unwrap();
        tokio::time::sleep(Duration::from_secs(6)).await;
        let labels = [
            "reporter=\"source\"",
            "request_protocol=\"tcp\"",
            "destination_service_name=\"reviews\"",
            "destination_workload=\"reviews-v1\"",
            "response_flags=\"-\"",
        ];
        let values = || {
            [
                "istio_tcp_connections_opened_total",
                "istio_tcp_connections_closed_total",
                "istio_tcp_sent_bytes_total",
                "istio_tcp_received_bytes_total",
            ]
            .map(|metric| bench.metric(metric, &labels).to_string())
        };
        assert_eq!(values(), ["1", "0", "5", "3"]);
        let samples = bench.samples("istio_tcp_sent_bytes_total", &["response_code"]);
        assert_eq!(samples, [""; 0]);
        drop(io);
        bench.records(1).await;
        assert_eq!(values(), ["1", "1", "5", "3"]);
    });
}

#[test]
fn endpoints_and_clusters_count_what_went_there() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![reviews(UNKNOWN)]));
        bench.workload(UNKNOWN, |call: Request<Bytes>| async move {
            response(
                if call.uri().path() == "/bad" {
                    500
                } else {
                    200
                },
                "",
            )
        });
        for path in ["/", "/", "/bad"] {
            bench.get(path).await;
        }
        bench.records(3).await;
        let clusters = bench.worker.proxy().clusters();
        let view = &clusters[0].endpoints[0];
        assert_eq!(
            view.endpoint.address.to_string(),
            address(UNKNOWN).to_string()
        );
        assert_eq!((view.rq_total, view.rq_success, view.rq_error), (3, 2, 1));
        assert_eq!((view.cx_total, view.cx_active), (1, 1));
        let class = ["response_code_class=\"5xx\"", "cluster_name=\"v1\""];
        assert!((bench.metric("envoy_cluster_upstream_rq_xx", &class) - 1.0).abs() < 1e-9);
        let listener = ["listener_address=\"0.0.0.0_80\""];
        let taken = bench.metric("envoy_listener_downstream_cx_total", &listener);
        assert!((taken - 3.0).abs() < 1e-9, "{taken}");
    });
}
