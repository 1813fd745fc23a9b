//! What a caller may take: heads, headers, time and memory. What the listener says wins over our
//! defaults.

use std::time::Duration;

use http::Request;
use sealane_runtime::listener::{HttpManager, Network};
use sealane_runtime::route::Action;
use sealane_seam::BoxIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::build::{SERVICE, cluster, forward, listener, manager, route, runtime, table};
use crate::fixture::{Bench, Requests, get, run};

const POD: &str = "127.10.0.9:80";
const POST: &[u8] = b"POST / HTTP/1.1\r\nhost: reviews\r\ncontent-length: 100\r\n\r\nhalf";

/// A sidecar whose HTTP settings are these.
fn sidecar(http: HttpManager) -> Bench {
    let route = route("/", Action::Forward(Box::new(forward(&[("v1", 1)]))));
    let listener = listener(Network::Http(http.into()));
    let table = table("reviews", vec![route]);
    Bench::new(runtime(listener, table, vec![cluster("v1", &[POD])]))
}

fn bench(http: HttpManager) -> (Bench, Requests) {
    let bench = sidecar(http);
    let seen = bench.echo(POD, "hello");
    (bench, seen)
}

async fn head(io: &mut BoxIo) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn with_headers(count: usize, bytes: usize) -> String {
    let headers = (0..count).map(|n| format!("x-{n}: 1\r\n"));
    let headers = headers.collect::<Vec<_>>().concat();
    let pad = "a".repeat(bytes);
    format!("GET / HTTP/1.1\r\nhost: reviews\r\n{headers}x-pad: {pad}\r\nconnection: close\r\n\r\n")
}

#[test]
fn the_listener_says_how_long_a_head_may_be() {
    run(async {
        let mut small = manager();
        small.limits.headers = Some(5);
        let mut large = manager();
        large.limits.headers = Some(95);
        large.limits.head_bytes = Some(200 * 1024);
        for (http, text, status) in [
            (small.clone(), with_headers(2, 1), "200"),
            (small, with_headers(3, 1), "431"),
            (large.clone(), with_headers(90, 100 * 1024), "200"),
            (large, with_headers(1, 210 * 1024), "431"),
        ] {
            let (bench, seen) = bench(http);
            let answer = bench.talk(text.as_bytes()).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer:.100}"
            );
            assert_eq!(seen.count() == 1, status == "200");
        }
    });
}

#[test]
fn headers_are_counted_over_http2_too() {
    run(async {
        let (bench, seen) = bench(manager());
        let made = h2::client::handshake(bench.connect(SERVICE)).await.unwrap();
        let (mut sender, connection) = made;
        tokio::task::spawn_local(connection);
        for (crumbs, status) in [(100, 200), (101, 431)] {
            let mut request = Request::get("http://reviews/");
            for number in 0..crumbs {
                request = request.header("cookie", format!("a={number}"));
            }
            let (answer, _) = sender
                .send_request(request.body(()).unwrap(), true)
                .unwrap();
            assert_eq!(answer.await.unwrap().status(), status);
        }
        assert_eq!(seen.count(), 1);
        let records = bench.records(2).await;
        assert_eq!(records[1].details, "http2.too_many_headers");
    });
}

#[test]
fn the_listener_says_how_long_a_head_may_take() {
    run(async {
        for (said, seconds) in [(3, 3), (0, 100)] {
            let mut http = manager();
            http.limits.head_timeout = Some(Duration::from_secs(said));
            let (bench, _) = bench(http);
            let mut io = bench.connect(SERVICE);
            io.write_all(b"GET / HTTP/1.1\r\nhost: re").await.unwrap();
            let begun = Instant::now();
            let mut answer = String::new();
            let limit = Duration::from_secs(100);
            drop(tokio::time::timeout(limit, io.read_to_string(&mut answer)).await);
            assert_eq!(begun.elapsed().as_secs(), seconds);
            assert_eq!(answer.starts_with("HTTP/1.1 408 "), said > 0, "{answer}");
        }
    });
}

#[test]
fn a_head_that_comes_byte_by_byte_gets_no_more_time() {
    run(async {
        let (bench, _) = bench(manager());
        let (mut reader, mut writer) = tokio::io::split(bench.connect(SERVICE));
        let begun = Instant::now();
        tokio::task::spawn_local(async move {
            let byte = b"GET / HTTP/1.1\r\nhost: reviews\r\nx: "
                .iter()
                .chain([b'a'].iter().cycle());
            for byte in byte {
                if writer.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let mut answer = String::new();
        reader.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert_eq!(begun.elapsed().as_secs(), 10);
    });
}

#[test]
fn a_connection_of_its_age_takes_no_more_requests() {
    run(async {
        let mut http = manager();
        http.limits.connection_duration = Some(Duration::from_mins(1));
        let (bench, _) = bench(http);
        let mut io = bench.connect(SERVICE);
        let begun = Instant::now();
        for _ in 0..2 {
            io.write_all(b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n")
                .await
                .unwrap();
            head(&mut io).await;
            io.read_exact(&mut [0; 5]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        assert_eq!(io.read(&mut [0; 10]).await.unwrap(), 0);
        assert_eq!(begun.elapsed(), Duration::from_mins(1));
    });
}

/// An upstream that reads, and never answers.
fn silent(http: HttpManager) -> Bench {
    let bench = sidecar(http);
    bench.raw(POD, |mut io| async move {
        while let Ok(1..) = io.read(&mut [0; 1024]).await {}
    });
    bench
}

#[test]
fn a_silent_stream_is_a_408_before_and_a_504_after_the_request_has_come() {
    run(async {
        let mut http = manager();
        http.stream_idle_timeout = Some(Duration::from_secs(30));
        let get = b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n";
        for (sent, status) in [(POST, "408 Request Timeout"), (get, "504 Gateway Timeout")] {
            let bench = silent(http.clone());
            let mut io = bench.connect(SERVICE);
            let begun = Instant::now();
            io.write_all(sent).await.unwrap();
            let answer = head(&mut io).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
                "{answer}"
            );
            assert_eq!(begun.elapsed(), Duration::from_secs(30));
            io.read_exact(&mut [0; 14]).await.unwrap();
            let record = bench.record().await;
            assert_eq!(record.flags.to_string(), "SI");
            assert_eq!(record.details, "stream_idle_timeout");
        }
    });
}

#[test]
fn a_request_that_does_not_arrive_in_time_is_a_408() {
    run(async {
        let mut http = manager();
        http.request_timeout = Some(Duration::from_secs(7));
        let bench = silent(http);
        let mut io = bench.connect(SERVICE);
        let begun = Instant::now();
        io.write_all(POST).await.unwrap();
        let answer = head(&mut io).await;
        assert!(
            answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
            "{answer}"
        );
        assert_eq!(begun.elapsed(), Duration::from_secs(7));
        assert_eq!(bench.record().await.details, "request_overall_timeout");
    });
}

#[test]
fn an_answer_that_falls_silent_breaks_off_and_so_does_one_that_nobody_reads() {
    run(async {
        let mut http = manager();
        http.stream_idle_timeout = Some(Duration::from_secs(30));
        for reads in [true, false] {
            let bench = sidecar(http.clone());
            bench.raw(POD, move |mut io| async move {
                head(&mut io).await;
                let begin = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n";
                io.write_all(begin).await.unwrap();
                let part = vec![0; 1024];
                while !reads && io.write_all(&part).await.is_ok() {}
                while let Ok(1..) = io.read(&mut [0; 10]).await {}
            });
            let mut io = bench.connect(SERVICE);
            io.write_all(b"GET / HTTP/1.1\r\nhost: reviews\r\n\r\n")
                .await
                .unwrap();
            head(&mut io).await;
            let begun = Instant::now();
            if !reads {
                tokio::time::sleep(Duration::from_secs(31)).await;
            }
            let mut rest = Vec::new();
            drop(io.read_to_end(&mut rest).await);
            assert_eq!(begun.elapsed().as_secs(), if reads { 30 } else { 31 });
            assert!(rest.len() < 9_000_000);
            let flag = if reads { "SI" } else { "DC" };
            assert_eq!(bench.record().await.flags.to_string(), flag);
        }
    });
}

#[test]
fn who_is_refused_while_it_sends_can_read_why() {
    run(async {
        let mut http = manager();
        http.limits.delayed_close = Some(Duration::from_secs(2));
        let (bench, _) = bench(http);
        let mut io = bench.connect(SERVICE);
        let head_of = "POST / HTTP/1.1\r\nhost: nobody\r\ncontent-length: 1000000\r\n\r\n";
        io.write_all(head_of.as_bytes()).await.unwrap();
        let answer = head(&mut io).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        let begun = Instant::now();
        assert_eq!(io.read(&mut [0; 10]).await.unwrap(), 0);
        // Closed to us, but what we send is still taken, for as long as the listener says.
        while io.write_all(b"more").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(begun.elapsed().as_secs(), 2);
        let mut client = bench.client().await;
        assert_eq!(client.send(get("/")).await.status, 200);
    });
}
