//! HTTP/2 streams with trailers through the binary, as gRPC uses them.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::manifests::{SHOP, deployment, gateway, service, virtual_service};
use crate::run::{Up, logged};

/// A workload whose port speaks gRPC, behind a gateway.
fn mesh() -> String {
    let spec = format!(
        "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - match: [{{uri: {{prefix: /echo}}}}]
    route: [{{destination: {{host: shop}}}}]"
    );
    [
        service("default", "shop").replace("name: http", "name: grpc"),
        deployment("default", ("shop", "v1"), 1),
        gateway(SHOP),
        virtual_service("default", "edge", &spec),
    ]
    .concat()
}

type Parts = mpsc::Sender<Result<Frame<Bytes>, Infallible>>;

/// Calls a method at the edge; its request is fed through the first half of the answer.
async fn call(edge: SocketAddr, method: &str) -> (Parts, Response<Incoming>) {
    let io = TokioIo::new(TcpStream::connect(edge).await.unwrap());
    let made = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (mut sender, connection) = made.unwrap();
    drop(tokio::spawn(connection));
    let (parts, fed) = mpsc::channel(1);
    let fed = futures_util::stream::unfold(fed, async |mut fed| {
        let next: Option<Result<Frame<Bytes>, Infallible>> = fed.recv().await;
        Some((next?, fed))
    });
    let request = Request::post(format!("http://{SHOP}{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(StreamBody::new(Box::pin(fed)))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    (parts, response)
}

#[tokio::test]
async fn a_call_streams_both_ways_over_both_hops_and_ends_with_trailers() {
    let up = Up::with(&mesh(), &["--access-log", "log"]);
    let (parts, response) = call(up.gateway(), "/echo.Echo/Stream").await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    for word in ["one", "two", "three"] {
        let part = Frame::data(Bytes::from_static(word.as_bytes()));
        parts.send(Ok(part)).await.unwrap();
        let back = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(back, word);
    }
    drop(parts);
    let last = body.frame().await.unwrap().unwrap();
    assert_eq!(last.trailers_ref().unwrap()["grpc-status"], "0");
    let log = up.place().path("log");
    for side in [" outbound|8000||", " inbound|8000||"] {
        logged(&log, |line| {
            let call = "\"POST /echo.Echo/Stream HTTP/2\" 200 - via_upstream - \"-\" 11 11 ";
            line.contains(call) && line.contains(side)
        });
    }
}

#[tokio::test]
async fn a_call_that_no_route_takes_is_answered_in_the_words_of_grpc() {
    let up = Up::of(&mesh());
    let (_parts, response) = call(up.gateway(), "/other.Other/Call").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["grpc-status"], "12");
}
