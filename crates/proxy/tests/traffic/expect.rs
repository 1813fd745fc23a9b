//! `Expect: 100-continue`: the upstream decides, and the caller hears of it.

use std::rc::Rc;
use std::time::Duration;

use sealane_seam::BoxIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::build::{SERVICE, cluster, forward, sidecar};
use crate::fixture::{Bench, run};

const POD: &str = "127.10.0.9:80";
const ASK: &[u8] =
    b"POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";

/// A sidecar before an endpoint that says `first` when it is notified, and `then` when it has the
/// body.
fn bench(first: &'static str, then: &'static str) -> (Bench, Rc<Notify>) {
    let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])]));
    let now = Rc::new(Notify::new());
    let wait = Rc::clone(&now);
    bench.raw(POD, move |mut io| {
        let wait = Rc::clone(&wait);
        async move {
            let head = head(&mut io).await;
            assert!(head.contains("expect: 100-continue\r\n"), "{head}");
            wait.notified().await;
            io.write_all(first.as_bytes()).await.unwrap();
            let mut body = [0; 4];
            if io.read_exact(&mut body).await.is_ok() {
                assert_eq!(&body, b"body");
                io.write_all(then.as_bytes()).await.unwrap();
            }
        }
    });
    (bench, now)
}

/// Reads a head.
async fn head(io: &mut BoxIo) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// What comes within this time; nothing when nothing does.
async fn within(io: &mut BoxIo, limit: Duration) -> Option<String> {
    tokio::time::timeout(limit, head(io)).await.ok()
}

#[test]
fn the_caller_sends_its_body_when_the_upstream_wants_it() {
    run(async {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (bench, now) = bench("HTTP/1.1 100 Continue\r\n\r\n", ok);
        let mut io = bench.connect(SERVICE);
        io.write_all(ASK).await.unwrap();
        assert_eq!(within(&mut io, Duration::from_millis(500)).await, None);
        now.notify_one();
        assert_eq!(head(&mut io).await, "HTTP/1.1 100 Continue\r\n\r\n");
        io.write_all(b"body").await.unwrap();
        let answer = head(&mut io).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let record = bench.record().await;
        assert_eq!((record.bytes_received, record.status), (4, 200));
    });
}

#[test]
fn an_upstream_that_does_not_want_the_body_says_so_and_the_caller_keeps_it() {
    run(async {
        let no = "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 2\r\n\r\nno";
        let (bench, now) = bench(no, "");
        let mut io = bench.connect(SERVICE);
        io.write_all(ASK).await.unwrap();
        now.notify_one();
        let answer = head(&mut io).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
        let mut rest = String::new();
        io.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "no");
        assert_eq!(bench.record().await.bytes_received, 0);
    });
}

#[test]
fn an_upstream_that_says_nothing_gets_the_body_after_a_second() {
    run(async {
        let (bench, now) = bench("", "HTTP/1.1 204 No Content\r\n\r\n");
        let mut io = bench.connect(SERVICE);
        let begun = tokio::time::Instant::now();
        io.write_all(ASK).await.unwrap();
        now.notify_one();
        assert_eq!(head(&mut io).await, "HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(begun.elapsed(), Duration::from_secs(1));
        io.write_all(b"body").await.unwrap();
        assert!(head(&mut io).await.starts_with("HTTP/1.1 204 "));
    });
}

#[test]
fn nothing_else_can_be_expected() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])]));
        let seen = bench.echo(POD, "hello");
        let ask = b"GET / HTTP/1.1\r\nhost: reviews\r\nexpect: tea\r\n\r\n";
        let answer = bench.talk(ask).await;
        assert!(
            answer.starts_with("HTTP/1.1 417 Expectation Failed\r\n"),
            "{answer}"
        );
        assert_eq!(
            (seen.count(), &*bench.record().await.details),
            (0, "expectation_failed")
        );
    });
}
