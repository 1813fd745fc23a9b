//! HTTP/2 on both sides.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_runtime::cluster::UpstreamProtocol;

use crate::build::{SERVICE, cluster, forward, sidecar};
use crate::fixture::{Bench, Local, get, run};

const POD: &str = "127.10.0.9:80";

/// Answers with the body it got, `x-version` and trailers.
async fn echo(
    request: Request<Incoming>,
) -> Result<
    Response<StreamBody<futures_util::stream::Iter<std::vec::IntoIter<FrameResult>>>>,
    hyper::Error,
> {
    let te = request.headers().get("te").cloned();
    let version = format!("{:?}", request.version());
    let body = request.into_body().collect().await?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    if let Some(sent) = body.trailers() {
        trailers.extend(sent.clone());
    }
    let frames = vec![
        Ok(Frame::data(body.to_bytes())),
        Ok(Frame::trailers(trailers)),
    ];
    let mut response = Response::new(StreamBody::new(futures_util::stream::iter(frames)));
    let headers = response.headers_mut();
    headers.insert("x-version", version.parse().unwrap());
    headers.extend(te.map(|te| (http::header::TE, te)));
    Ok(response)
}

type FrameResult = Result<Frame<Bytes>, hyper::Error>;

fn bench(protocol: UpstreamProtocol) -> Bench {
    let mut upstream = cluster("v1", &[POD]);
    upstream.protocol = protocol;
    let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
    bench.raw(POD, move |io| async move {
        let io = TokioIo::new(io);
        // The caller may leave at any time.
        if protocol == UpstreamProtocol::Http1 {
            let server = hyper::server::conn::http1::Builder::new();
            drop(server.serve_connection(io, service_fn(echo)).await);
        } else {
            let server = hyper::server::conn::http2::Builder::new(Local);
            drop(server.serve_connection(io, service_fn(echo)).await);
        }
    });
    bench
}

async fn call(bench: &Bench) -> (Response<Bytes>, Option<HeaderMap>) {
    let io = TokioIo::new(bench.connect(SERVICE));
    let made = hyper::client::conn::http2::handshake(Local, io).await;
    let (mut sender, connection) = made.unwrap();
    tokio::task::spawn_local(connection);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sent", "1".parse().unwrap());
    let frames: Vec<FrameResult> = vec![
        Ok(Frame::data(Bytes::from_static(b"12345"))),
        Ok(Frame::trailers(trailers)),
    ];
    let request = Request::post("http://reviews/call").header("te", "trailers");
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let response = sender
        .send_request(request.body(body).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    (Response::from_parts(parts, body.to_bytes()), trailers)
}

#[test]
fn trailers_pass_both_ways_over_http2() {
    run(async {
        for protocol in [UpstreamProtocol::Http2, UpstreamProtocol::AsDownstream] {
            let bench = bench(protocol);
            let (response, trailers) = call(&bench).await;
            assert_eq!(response.headers()["x-version"], "HTTP/2.0");
            assert_eq!(response.body(), "12345");
            let trailers = trailers.unwrap();
            assert_eq!(
                (&trailers["grpc-status"], &trailers["x-sent"]),
                (&"0".parse().unwrap(), &"1".parse().unwrap())
            );
            let record = bench.record().await;
            assert!(
                record
                    .to_text()
                    .contains("\"POST /call HTTP/2\" 200 - via_upstream")
            );
            assert_eq!((record.bytes_received, record.bytes_sent), (5, 5));
        }
    });
}

#[test]
fn http1_callers_reach_http2_upstreams_and_the_other_way_round() {
    run(async {
        let upstream = bench(UpstreamProtocol::Http2);
        let answer = upstream.get("/").await;
        assert_eq!(answer.header("x-version"), Some("HTTP/2.0"));
        let upstream = bench(UpstreamProtocol::Http1);
        let (response, _) = call(&upstream).await;
        assert_eq!(response.headers()["x-version"], "HTTP/1.1");
        assert_eq!(response.body(), "12345");
    });
}

#[test]
fn requests_share_an_http2_connection() {
    run(async {
        let bench = bench(UpstreamProtocol::Http2);
        let calls = (0..10).map(|_| bench.get("/"));
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.status, 200);
        }
        let records = bench.records(10).await;
        assert!(
            records
                .iter()
                .all(|r| r.upstream_local == records[0].upstream_local)
        );
        let client = bench.client().await.send(get("/")).await;
        assert_eq!(client.status, 200);
    });
}
