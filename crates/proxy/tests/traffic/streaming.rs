//! Bodies that stream over HTTP/1: at once, in bounded memory, and never a half one for a whole.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_runtime::Runtime;
use sealane_runtime::cluster::UpstreamProtocol;
use sealane_runtime::listener::Network;
use sealane_runtime::route::Action;
use sealane_seam::BoxIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::build::{SERVICE, cluster, forward, listener, manager, route, runtime, sidecar, table};
use crate::fixture::{Bench, Local, run};

const POD: &str = "127.10.0.9:80";
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n";
/// More than all buffers on the way together: two pipes of 64 KiB, two connections of 64 KiB each
/// way, a window of 256 KiB.
const BUFFERS: usize = 1024 * 1024;

fn to_pod() -> Runtime {
    sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])])
}

async fn turns() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Reads a head.
async fn head(io: &mut BoxIo) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Reads as many bytes as `text` has, which must be it.
async fn reads(io: &mut BoxIo, text: &str) {
    let mut read = vec![0; text.len()];
    io.read_exact(&mut read).await.unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), text);
}

#[test]
fn a_server_sent_event_passes_at_once() {
    run(async {
        let bench = Bench::new(to_pod());
        let next = Rc::new(Notify::new());
        let wait = Rc::clone(&next);
        bench.raw(POD, move |mut io| {
            let wait = Rc::clone(&wait);
            async move {
                head(&mut io).await;
                let begin = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                             transfer-encoding: chunked\r\n\r\n";
                io.write_all(begin.as_bytes()).await.unwrap();
                for event in ["9\r\ndata: 1\n\n\r\n", "9\r\ndata: 2\n\n\r\n", "0\r\n\r\n"] {
                    wait.notified().await;
                    io.write_all(event.as_bytes()).await.unwrap();
                }
            }
        });
        let mut io = bench.connect(SERVICE);
        io.write_all(GET).await.unwrap();
        assert!(head(&mut io).await.contains("text/event-stream"));
        for event in ["9\r\ndata: 1\n\n\r\n", "9\r\ndata: 2\n\n\r\n", "0\r\n\r\n"] {
            next.notify_one();
            reads(&mut io, event).await;
        }
    });
}

/// Gives requests back as they come, with their announcement of trailers.
async fn echo(io: BoxIo, protocol: UpstreamProtocol) {
    let answer = |request: Request<Incoming>| async move {
        let announced = request.headers().get("trailer").cloned();
        let cookie = request.headers().get_all("cookie").iter().cloned();
        let cookies: Vec<_> = cookie.collect();
        let mut response = Response::new(request.into_body());
        let headers = response.headers_mut();
        headers.extend(announced.map(|announced| (http::header::TRAILER, announced)));
        for cookie in cookies {
            headers.append("x-cookie", cookie);
        }
        Ok::<_, Infallible>(response)
    };
    let io = TokioIo::new(io);
    // The caller may leave at any time.
    if protocol == UpstreamProtocol::Http2 {
        let server = hyper::server::conn::http2::Builder::new(Local);
        drop(server.serve_connection(io, service_fn(answer)).await);
    } else {
        let server = hyper::server::conn::http1::Builder::new();
        drop(server.serve_connection(io, service_fn(answer)).await);
    }
}

/// A sidecar before an endpoint that gives everything back.
fn echoing(protocol: UpstreamProtocol, trailers: bool) -> Bench {
    let mut http = manager();
    http.http1_trailers = trailers;
    let route = route("/", Action::Forward(Box::new(forward(&[("v1", 1)]))));
    let mut upstream = cluster("v1", &[POD]);
    upstream.protocol = protocol;
    let listener = listener(Network::Http(http.into()));
    let bench = Bench::new(runtime(
        listener,
        table("reviews", vec![route]),
        vec![upstream],
    ));
    bench.raw(POD, move |io| echo(io, protocol));
    bench
}

#[test]
fn a_body_beyond_what_is_kept_passes_both_ways() {
    run(async {
        const PARTS: usize = 64;
        const PART: usize = 64 * 1024;
        for protocol in [UpstreamProtocol::Http1, UpstreamProtocol::Http2] {
            let bench = echoing(protocol, false);
            let (mut reader, mut writer) = tokio::io::split(bench.connect(SERVICE));
            let head = format!(
                "POST / HTTP/1.1\r\nhost: reviews\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                PARTS * PART
            );
            tokio::task::spawn_local(async move {
                writer.write_all(head.as_bytes()).await.unwrap();
                for number in 0..PARTS {
                    let part = vec![u8::try_from(number).unwrap(); PART];
                    writer.write_all(&part).await.unwrap();
                }
                writer
            });
            let mut answer = Vec::new();
            reader.read_to_end(&mut answer).await.unwrap();
            let record = bench.record().await;
            let whole = u64::try_from(PARTS * PART).unwrap();
            assert_eq!((record.bytes_received, record.bytes_sent), (whole, whole));
            assert!(answer.len() >= PARTS * PART);
        }
    });
}

#[test]
fn an_upload_to_who_does_not_read_stops_when_the_buffers_are_full() {
    run(async {
        for protocol in [UpstreamProtocol::Http1, UpstreamProtocol::Http2] {
            let mut upstream = cluster("v1", &[POD]);
            upstream.protocol = protocol;
            let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
            bench.raw(POD, move |mut io| async move {
                if protocol == UpstreamProtocol::Http1 {
                    head(&mut io).await;
                    std::future::pending::<()>().await;
                }
                let mut server = h2::server::handshake(io).await.unwrap();
                let mut kept = Vec::new();
                while let Some(Ok(request)) = server.accept().await {
                    kept.push(request);
                }
            });
            let mut io = bench.connect(SERVICE);
            let head = "POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 100000000\r\n\r\n";
            io.write_all(head.as_bytes()).await.unwrap();
            let mut sent = 0;
            let part = vec![0; 16 * 1024];
            while let Ok(written) =
                tokio::time::timeout(Duration::from_secs(5), io.write(&part)).await
            {
                sent += written.unwrap();
                assert!(sent < BUFFERS, "{protocol:?} {sent}");
            }
        }
    });
}

#[test]
fn a_download_to_who_does_not_read_stops_when_the_buffers_are_full() {
    run(async {
        let bench = Bench::new(to_pod());
        let sent = Rc::new(Cell::new(0));
        let counted = Rc::clone(&sent);
        bench.raw(POD, move |mut io| {
            let counted = Rc::clone(&counted);
            async move {
                head(&mut io).await;
                let begin = "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";
                io.write_all(begin.as_bytes()).await.unwrap();
                let part = vec![0; 16 * 1024];
                while let Ok(written) = io.write(&part).await {
                    counted.set(counted.get() + written);
                }
            }
        });
        let mut io = bench.connect(SERVICE);
        io.write_all(GET).await.unwrap();
        assert!(head(&mut io).await.starts_with("HTTP/1.1 200 "));
        tokio::time::sleep(Duration::from_secs(5)).await;
        let first = sent.get();
        assert!(first > 0 && first < BUFFERS, "{first}");
        // It goes on where it stopped.
        let mut rest = vec![0; 2 * BUFFERS];
        io.read_exact(&mut rest).await.unwrap();
        assert!(sent.get() > first);
    });
}

#[test]
fn an_answer_before_the_end_of_the_request_arrives_and_ends_the_connection() {
    run(async {
        let bench = Bench::new(to_pod());
        let ended = Rc::new(Cell::new(false));
        let seen = Rc::clone(&ended);
        bench.raw(POD, move |mut io| {
            let seen = Rc::clone(&seen);
            async move {
                head(&mut io).await;
                let no = "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 2\r\n\r\nno";
                io.write_all(no.as_bytes()).await.unwrap();
                let mut rest = Vec::new();
                drop(io.read_to_end(&mut rest).await);
                seen.set(true);
            }
        });
        let mut io = bench.connect(SERVICE);
        let head = "POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 1000000\r\n\r\nsome";
        io.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        io.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nno"), "{answer}");
        turns().await;
        assert!(ended.get(), "the upstream request goes on");
        assert_eq!(bench.record().await.details, "via_upstream");
    });
}

const WITH_TRAILER: &[u8] = b"POST / HTTP/1.1\r\nhost: reviews\r\nte: trailers\r\n\
    connection: te\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n\
    3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n";

#[test]
fn trailers_of_http1_pass_where_the_listener_says_so_and_else_are_dropped() {
    run(async {
        for (passes, protocol) in [
            (false, UpstreamProtocol::Http1),
            (false, UpstreamProtocol::Http2),
            (true, UpstreamProtocol::Http1),
        ] {
            let answer = echoing(protocol, passes).talk(WITH_TRAILER).await;
            assert!(answer.contains("3\r\nabc\r\n0\r\n"), "{answer}");
            assert_eq!(answer.contains("x-sum: 7\r\n"), passes, "{answer}");
        }
    });
}

#[test]
fn crumbs_of_a_cookie_arrive_as_one() {
    run(async {
        let bench = echoing(UpstreamProtocol::Http1, false);
        let made = h2::client::handshake(bench.connect(SERVICE)).await.unwrap();
        let (mut sender, connection) = made;
        tokio::task::spawn_local(connection);
        let request = Request::get("http://reviews/")
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let (answer, _) = sender
            .send_request(request.body(()).unwrap(), true)
            .unwrap();
        let answer = answer.await.unwrap();
        let cookies: Vec<_> = answer.headers().get_all("x-cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2"]);
    });
}

#[test]
fn pipelined_requests_are_answered_in_order_and_an_error_ends_nothing() {
    run(async {
        let bench = Bench::new(to_pod());
        let seen = bench.echo(POD, "hello");
        let unknown = b"GET / HTTP/1.1\r\nhost: nobody\r\n\r\n";
        let mut io = bench.connect(SERVICE);
        io.write_all(&[GET, unknown, GET].concat()).await.unwrap();
        for (status, body) in [("200", "hello"), ("404", ""), ("200", "hello")] {
            let answer = head(&mut io).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            reads(&mut io, body).await;
        }
        assert_eq!(seen.count(), 2);
    });
}

#[test]
fn the_answer_to_head_has_a_length_and_no_body() {
    run(async {
        let bench = Bench::new(to_pod());
        bench.raw(POD, |mut io| async move {
            for _ in 0..2 {
                head(&mut io).await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
                io.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let mut io = bench.connect(SERVICE);
        for _ in 0..2 {
            io.write_all(b"HEAD / HTTP/1.1\r\nhost: reviews\r\n\r\n")
                .await
                .unwrap();
            let answer = head(&mut io).await;
            assert!(answer.contains("content-length: 5\r\n"), "{answer}");
        }
        // Both went over one connection to the upstream.
        let records = bench.records(2).await;
        assert_eq!(records[0].upstream_local, records[1].upstream_local);
    });
}

#[test]
fn informational_answers_do_not_stand_for_the_answer() {
    run(async {
        let bench = Bench::new(to_pod());
        bench.raw(POD, |mut io| async move {
            head(&mut io).await;
            let answer = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
                          HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            io.write_all(answer.as_bytes()).await.unwrap();
        });
        let answer = bench.get("/").await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "ok"));
    });
}

#[test]
fn a_get_has_the_body_that_it_was_sent_with() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])]));
        let seen = bench.echo(POD, "hello");
        for (head, body) in [
            (
                "GET",
                "transfer-encoding: chunked\r\n\r\n5\r\nquery\r\n0\r\n\r\n",
            ),
            ("GET", "content-length: 5\r\n\r\nquery"),
            (
                "HEAD",
                "transfer-encoding: chunked\r\n\r\n5\r\nquery\r\n0\r\n\r\n",
            ),
            (
                "POST",
                "transfer-encoding: chunked\r\n\r\n5\r\nquery\r\n0\r\n\r\n",
            ),
        ] {
            let request =
                format!("{head} / HTTP/1.1\r\nhost: reviews\r\nconnection: close\r\n{body}");
            let answer = bench.talk(request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert_eq!(seen.last().body(), "query", "{head} {body}");
        }
        assert_eq!(bench.get("/").await.status, 200);
        assert_eq!(seen.header("transfer-encoding"), None);
        let (mut sender, connection) = h2::client::handshake(bench.connect(SERVICE)).await.unwrap();
        tokio::task::spawn_local(connection);
        let request = Request::get("http://reviews/").body(()).unwrap();
        let (answer, mut body) = sender.send_request(request, false).unwrap();
        body.send_data("query".into(), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
        assert_eq!(seen.last().body(), "query");
    });
}
