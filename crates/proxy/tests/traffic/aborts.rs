//! Callers who leave, or break HTTP's rules, at any stage: what the log says, and that the upstream
//! request ends with them.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use http::Request;
use hyper_util::rt::TokioIo;
use sealane_runtime::cluster::UpstreamProtocol;
use sealane_seam::BoxIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{SERVICE, cluster, forward, sidecar};
use crate::fixture::{Bench, Local, run};
use crate::frames::{Frames, frames};

const POD: &str = "127.10.0.9:80";
const POST: &[u8] = b"POST /up HTTP/1.1\r\nhost: reviews\r\ncontent-length: 100\r\n\r\nhalf";

/// How far an upstream got with the one request that it gets.
#[derive(Default)]
struct Upstream {
    /// Bytes that it read.
    read: Cell<usize>,
    /// Its connection has ended.
    ended: Cell<bool>,
}

/// A sidecar before an upstream that reads, says `answer` when it has read `after` bytes, and reads
/// on.
fn bench(after: usize, answer: &'static [u8]) -> (Bench, Rc<Upstream>) {
    let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])]));
    let upstream = Rc::new(Upstream::default());
    let seen = Rc::clone(&upstream);
    bench.raw(POD, move |mut io| {
        let seen = Rc::clone(&seen);
        async move {
            let mut buf = [0; 1024];
            while let Ok(count @ 1..) = io.read(&mut buf).await {
                let before = seen.read.replace(seen.read.get() + count);
                if before < after && seen.read.get() >= after {
                    io.write_all(answer).await.unwrap();
                }
            }
            seen.ended.set(true);
        }
    });
    (bench, upstream)
}

async fn turns() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn check(bench: &Bench, flags: &str, details: &str, status: u16) {
    let record = bench.record().await;
    assert_eq!(record.flags.to_string(), flags);
    assert_eq!(record.details, details);
    assert_eq!(record.status, status);
}

#[test]
fn who_leaves_in_the_middle_of_an_upload_is_logged_dc_with_status_0() {
    run(async {
        for head in [
            POST,
            b"POST /up HTTP/1.1\r\nhost: reviews\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ] {
            let (bench, upstream) = bench(usize::MAX, b"");
            let mut io = bench.connect(SERVICE);
            io.write_all(head).await.unwrap();
            turns().await;
            assert!(upstream.read.get() > 0 && !upstream.ended.get());
            drop(io);
            check(&bench, "DC", "downstream_remote_disconnect", 0).await;
            turns().await;
            assert!(upstream.ended.get(), "the upstream request goes on");
            assert!(bench.events().is_empty(), "nobody got a reply");
        }
    });
}

#[test]
fn a_bad_chunk_is_a_400_dpe_and_ends_the_upstream_request() {
    run(async {
        for chunk in [
            "zz\r\nhalf\r\n",
            "4\r\nhalfnot\r\n",
            "FFFFFFFFFFFFFFFFFF\r\n",
        ] {
            let (bench, upstream) = bench(usize::MAX, b"");
            let head = "POST /up HTTP/1.1\r\nhost: reviews\r\ntransfer-encoding: chunked\r\n\r\n";
            let sent = format!("{head}3\r\nabc\r\n{chunk}GET /smuggled HTTP/1.1\r\n\r\n");
            let answer = bench.talk(sent.as_bytes()).await;
            assert!(
                answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
                "{chunk:?} {answer}"
            );
            assert!(
                answer.ends_with("\r\n\r\nBad Request"),
                "{chunk:?} {answer}"
            );
            check(&bench, "DPE", "http1.codec_error", 400).await;
            turns().await;
            assert!(upstream.ended.get(), "the upstream request goes on");
        }
    });
}

#[test]
fn who_leaves_while_waiting_or_reading_is_logged_dc() {
    run(async {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
        let get = b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n";
        for (after, status) in [(usize::MAX, 0), (1, 200)] {
            let (bench, upstream) = bench(after, answer);
            let mut io = bench.connect(SERVICE);
            io.write_all(get).await.unwrap();
            turns().await;
            drop(io);
            check(&bench, "DC", "downstream_remote_disconnect", status).await;
            turns().await;
            assert!(upstream.ended.get(), "the upstream request goes on");
        }
    });
}

#[test]
fn half_a_head_is_logged_too() {
    run(async {
        let (bench, upstream) = bench(1, b"");
        let mut io = bench.connect(SERVICE);
        io.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        turns().await;
        drop(io);
        check(&bench, "DC", "downstream_remote_disconnect", 0).await;
        assert_eq!(upstream.read.get(), 0);
    });
}

#[test]
fn an_idle_connection_that_is_closed_is_not_logged() {
    run(async {
        let (bench, _) = bench(1, b"HTTP/1.1 204 No Content\r\n\r\n");
        let mut client = bench.client().await;
        assert_eq!(client.send(crate::fixture::get("/")).await.status, 204);
        drop(client);
        turns().await;
        assert_eq!(bench.record().await.status, 204);
    });
}

/// Like Envoy, which has no half-closed connections of HTTP: who closes its writing side has left.
#[test]
fn who_shuts_its_writing_side_down_has_left() {
    run(async {
        let (bench, upstream) = bench(usize::MAX, b"");
        let mut io = bench.connect(SERVICE);
        let get = b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n";
        io.write_all(get).await.unwrap();
        turns().await;
        io.shutdown().await.unwrap();
        let mut read = Vec::new();
        io.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"");
        check(&bench, "DC", "downstream_remote_disconnect", 0).await;
        turns().await;
        assert!(upstream.ended.get());
    });
}

/// Reads what comes over `io`, and notes when the request breaks off.
async fn read_on(mut io: BoxIo, protocol: UpstreamProtocol, ended: Rc<Cell<bool>>) {
    if protocol == UpstreamProtocol::Http1 {
        while let Ok(1..) = io.read(&mut [0; 1024]).await {}
        ended.set(true);
        return;
    }
    let mut server = h2::server::handshake(io).await.unwrap();
    while let Some(Ok((request, respond))) = server.accept().await {
        tokio::task::spawn_local(read_stream(request.into_body(), respond, Rc::clone(&ended)));
    }
}

async fn read_stream(
    mut body: h2::RecvStream,
    respond: h2::server::SendResponse<Bytes>,
    ended: Rc<Cell<bool>>,
) {
    let mut last = body.data().await;
    while let Some(Ok(_)) = last {
        last = body.data().await;
    }
    drop(respond);
    ended.set(last.is_some());
}

/// One stream of an HTTP/2 connection that has a second.
#[test]
fn a_stream_that_its_caller_resets_is_logged_dr_and_the_connection_goes_on() {
    run(async {
        for protocol in [UpstreamProtocol::Http1, UpstreamProtocol::Http2] {
            let mut upstream = cluster("v1", &[POD]);
            upstream.protocol = protocol;
            let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![upstream]));
            let ended = Rc::new(Cell::new(false));
            let seen = Rc::clone(&ended);
            bench.raw(POD, move |io| read_on(io, protocol, Rc::clone(&seen)));
            let io = TokioIo::new(bench.connect(SERVICE));
            let made = hyper::client::conn::http2::handshake::<_, _, Frames>(Local, io).await;
            let (mut sender, connection) = made.unwrap();
            tokio::task::spawn_local(connection);
            let (feed, body) = frames();
            let request = Request::post("http://reviews/up").body(body).unwrap();
            let mut other = sender.clone();
            let sending =
                tokio::task::spawn_local(async move { sender.send_request(request).await });
            feed.send(Bytes::from_static(b"half")).await;
            turns().await;
            sending.abort();
            drop(feed);
            check(&bench, "DR", "http2.remote_reset", 0).await;
            turns().await;
            assert!(ended.get(), "the upstream request goes on");
            other.ready().await.unwrap();
        }
    });
}
