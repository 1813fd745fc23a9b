//! Streams over HTTP/2, as gRPC uses them.

use std::convert::Infallible;
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_runtime::cluster::UpstreamProtocol;
use sealane_runtime::route::Forward;

use crate::build::{SERVICE, cluster, forward, sidecar};
use crate::fixture::{Bench, Local, run};
use crate::frames::{Feed, Frames, frames};

const POD: &str = "127.10.0.9:80";

/// A sidecar before an endpoint that speaks HTTP/2, as `serve` does.
fn bench<S, F>(action: Forward, serve: S) -> Bench
where
    S: Fn(sealane_seam::BoxIo) -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let mut upstream = cluster("v1", &[POD]);
    upstream.protocol = UpstreamProtocol::Http2;
    let bench = Bench::new(sidecar(action, vec![upstream]));
    bench.raw(POD, serve);
    bench
}

/// Gives each part of a request back as it comes, trailers included.
async fn echo(io: sealane_seam::BoxIo) {
    let answer = |request: Request<Incoming>| async move {
        let timeout = request.headers().get("grpc-timeout").cloned();
        let mut response = Response::new(request.into_body());
        let headers = response.headers_mut();
        headers.insert("content-type", "application/grpc".parse().unwrap());
        if let Some(timeout) = timeout {
            headers.insert("x-timeout", timeout);
        }
        Ok::<_, Infallible>(response)
    };
    let server = hyper::server::conn::http2::Builder::new(Local);
    // The caller may leave at any time.
    drop(
        server
            .serve_connection(TokioIo::new(io), service_fn(answer))
            .await,
    );
}

fn text(value: &http::HeaderValue) -> &str {
    value.to_str().unwrap()
}

type Sender = hyper::client::conn::http2::SendRequest<Frames>;

async fn client(bench: &Bench) -> Sender {
    let io = TokioIo::new(bench.connect(SERVICE));
    let made = hyper::client::conn::http2::handshake(Local, io).await;
    let (sender, connection) = made.unwrap();
    tokio::task::spawn_local(connection);
    sender
}

/// Calls with these headers beside gRPC's own.
async fn call(sender: &mut Sender, headers: &[(&str, &str)]) -> (Feed, Response<Incoming>) {
    let (feed, body) = frames();
    let mut request = Request::post("http://reviews/svc/Method")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender.send_request(request.body(body).unwrap()).await;
    (feed, response.unwrap())
}

#[test]
fn both_sides_of_a_stream_talk_at_the_same_time_and_end_with_trailers() {
    run(async {
        let bench = bench(forward(&[("v1", 1)]), echo);
        let mut sender = client(&bench).await;
        let (feed, response) = call(&mut sender, &[]).await;
        let mut body = response.into_body();
        for word in ["one", "two", "three"] {
            feed.send(word).await;
            let back = body.frame().await.unwrap().unwrap();
            assert_eq!(back.into_data().unwrap(), word);
        }
        feed.trailers(&[("grpc-status", "0"), ("x-sum", "11")])
            .await;
        let trailers = body
            .frame()
            .await
            .unwrap()
            .unwrap()
            .into_trailers()
            .unwrap();
        assert_eq!(
            (text(&trailers["grpc-status"]), text(&trailers["x-sum"])),
            ("0", "11")
        );
        assert!(body.frame().await.is_none());
        let record = bench.record().await;
        assert_eq!((record.bytes_received, record.bytes_sent), (11, 11));
        assert_eq!(
            (&*record.details, record.flags.is_empty()),
            ("via_upstream", true)
        );
    });
}

#[test]
fn an_answer_of_trailers_only_passes() {
    run(async {
        let bench = bench(forward(&[("v1", 1)]), |io| async move {
            let mut server = h2::server::handshake(io).await.unwrap();
            while let Some(Ok((_request, mut respond))) = server.accept().await {
                let answer = Response::builder()
                    .header("content-type", "application/grpc")
                    .header("grpc-status", "5")
                    .body(())
                    .unwrap();
                respond.send_response(answer, true).unwrap();
            }
        });
        let mut sender = client(&bench).await;
        let (feed, response) = call(&mut sender, &[]).await;
        drop(feed);
        assert_eq!(
            (
                response.status().as_u16(),
                text(&response.headers()["grpc-status"])
            ),
            (200, "5")
        );
        assert!(response.into_body().frame().await.is_none());
        assert_eq!(bench.record().await.flags.to_string(), "-");
    });
}

#[test]
fn the_upstream_is_told_how_long_the_caller_waits() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.max_grpc_timeout = Some(Duration::ZERO);
        let bench = bench(action, echo);
        let mut sender = client(&bench).await;
        for (said, told) in [("2S", Some("2000m")), ("nonsense", None)] {
            let (feed, response) = call(&mut sender, &[("grpc-timeout", said)]).await;
            feed.end().await;
            let seen = response.headers().get("x-timeout");
            let seen = seen.map(|value| value.to_str().unwrap());
            assert_eq!(seen, told.or(Some(said)));
        }
    });
}

/// Answers with a part of a body, then resets the stream for this reason.
fn resetting(reason: h2::Reason) -> Bench {
    bench(forward(&[("v1", 1)]), move |io| async move {
        let mut server = h2::server::handshake(io).await.unwrap();
        while let Some(Ok((_request, mut respond))) = server.accept().await {
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            body.send_data("half".into(), false).unwrap();
            tokio::task::spawn_local(async move {
                // The part is on its way before the reset.
                tokio::time::sleep(Duration::from_millis(10)).await;
                body.send_reset(reason);
            });
        }
    })
}

#[test]
fn a_stream_that_the_upstream_resets_half_way_is_no_whole_answer() {
    run(async {
        for reason in [
            h2::Reason::INTERNAL_ERROR,
            h2::Reason::CANCEL,
            h2::Reason::NO_ERROR,
        ] {
            let bench = resetting(reason);
            let mut sender = client(&bench).await;
            let (feed, body) = frames();
            feed.end().await;
            let request = Request::post("http://reviews/").body(body).unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert!(response.into_body().collect().await.is_err(), "{reason:?}");
            let record = bench.record().await;
            assert_eq!(record.flags.to_string(), "UR", "{reason:?}");
            let details = "upstream_reset_after_response_started{remote_reset}";
            assert_eq!(record.details, details, "{reason:?}");
            // The same for a caller of HTTP/1, whose connection ends.
            let answer = bench.talk(b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n").await;
            assert!(answer.contains("4\r\nhalf\r\n"), "{answer}");
            assert!(!answer.contains("\r\n0\r\n"), "{answer}");
        }
    });
}

/// Nothing is tunnelled over HTTP/2: it is refused, and the connection goes on.
#[test]
fn connect_over_http2_is_refused_and_other_streams_go_on() {
    run(async {
        let bench = bench(forward(&[("v1", 1)]), echo);
        let made = h2::client::handshake(bench.connect(SERVICE)).await.unwrap();
        let (mut sender, connection) = made;
        tokio::task::spawn_local(connection);
        let plain = Request::builder().method(Method::CONNECT).uri("reviews:80");
        let (answer, _) = sender.send_request(plain.body(()).unwrap(), false).unwrap();
        assert_eq!(answer.await.unwrap().status(), 404);
        let mut extended = Request::builder()
            .method(Method::CONNECT)
            .uri("http://reviews/ws")
            .body(())
            .unwrap();
        let websocket = h2::ext::Protocol::from_static("websocket");
        extended.extensions_mut().insert(websocket);
        let refused = match sender.send_request(extended, false) {
            Ok((answer, _)) => answer.await.is_err(),
            Err(_) => true,
        };
        assert!(refused);
        let get = Request::get("http://reviews/").body(()).unwrap();
        let (answer, _) = sender.send_request(get, true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
    });
}
