//! The capture port: what a program sends through it is served as if iptables had caught it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_proxy::downstream::capture::{Capture, Names};
use sealane_runtime::Runtime;
use sealane_runtime::listener::{ChainMatch, Inspect, Listener, Network, TcpProxy};
use sealane_seam::{BoxIo, Connection, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{address, cluster, forward, listener, manager, sidecar};
use crate::fixture::{Bench, run};

const POD: &str = "127.10.0.9:9080";
const WORKLOAD: &str = "127.10.0.1";
const ADMIN: &str = "127.0.0.1:15000";

/// Cluster DNS with three names.
struct Dns;

impl Names for Dns {
    fn destination(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let ip = match host {
            "reviews" | "reviews.default" => "127.20.0.1",
            "cache" => "127.20.0.2",
            "localhost" => "127.0.0.1",
            _ => return None,
        };
        Some(SocketAddr::new(ip.parse().unwrap(), port))
    }
}

/// A capture port before a bench's proxy.
struct Port {
    bench: Bench,
    capture: Rc<Capture>,
}

impl Port {
    fn new(runtime: Runtime) -> Self {
        let bench = Bench::new(runtime);
        let capture = Capture::new(&bench.worker, Arc::new(Dns))
            .closed_to(vec![address(ADMIN)])
            .as_workload(WORKLOAD.parse().unwrap());
        let capture = Rc::new(capture);
        Self { bench, capture }
    }

    /// A connection to the port.
    fn open(&self) -> BoxIo {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let connection = Connection {
            io: Box::new(theirs),
            local: address("127.0.0.1:42001"),
            peer: address("127.0.0.1:50000"),
        };
        let capture = Rc::clone(&self.capture);
        tokio::task::spawn_local(async move { capture.serve(connection).await });
        Box::new(ours)
    }

    /// Sends bytes on a connection of its own, and reads until it is closed or quiet.
    async fn talk(&self, bytes: &str) -> String {
        let mut io = self.open();
        say(&mut io, bytes).await
    }
}

/// Writes bytes and reads until the connection is closed or quiet.
async fn say(io: &mut BoxIo, bytes: &str) -> String {
    io.write_all(bytes.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let reading = io.read_to_end(&mut read);
    drop(tokio::time::timeout(Duration::from_secs(2), reading).await);
    String::from_utf8_lossy(&read).into_owned()
}

/// Status and body of an answer.
fn told(answer: &str) -> (&str, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    (status, body)
}

fn to_pod() -> Runtime {
    sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])])
}

/// A listener whose HTTP chain takes HTTP, and whose other chain is opaque and goes to `clusters`.
fn sniffing(clusters: &[(&str, u64)]) -> Listener {
    let http = listener(Network::Http(Arc::new(manager())));
    let tcp = TcpProxy {
        stat_prefix: "tcp".into(),
        split: forward(clusters).split,
        idle_timeout: None,
        max_duration: None,
        hash_source_ip: false,
    };
    let mut sniffing = listener(Network::Tcp(Arc::new(tcp)));
    sniffing.default_chain = sniffing.chains.pop();
    sniffing.inspect = Inspect {
        http: true,
        ..Inspect::default()
    };
    let mut chain = (*http.chains[0]).clone();
    chain.matches = ChainMatch {
        application_protocols: vec!["http/1.1".into(), "h2c".into()],
        ..ChainMatch::default()
    };
    sniffing.chains = vec![Arc::new(chain)];
    sniffing
}

/// The sidecar, with an opaque listener on port 6379 beside it.
fn with_cache(endpoints: &[&str]) -> Runtime {
    let mut runtime = to_pod();
    let mut opaque = sniffing(&[("cache", 1)]);
    opaque.chains.clear();
    opaque.inspect = Inspect::default();
    opaque.name = "127.20.0.2_6379".into();
    opaque.address = address("127.20.0.2:6379");
    runtime
        .listeners
        .insert(Arc::clone(&opaque.name), Arc::new(opaque));
    let cache = cluster("cache", endpoints);
    runtime
        .clusters
        .insert(Arc::clone(&cache.name), Arc::new(cache));
    runtime
}

#[test]
fn a_request_is_served_as_if_it_had_been_captured() {
    run(async {
        let port = Port::new(to_pod());
        let pod = port.bench.echo(POD, "hello");
        let request = "POST http://Reviews/a?b=c HTTP/1.1\r\nHost: reviews\r\n\
                       Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n\
                       Keep-Alive: timeout=5\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\
                       X-Kept: 2\r\nContent-Length: 4\r\n\r\nbody";
        let answer = port.talk(request).await;
        assert_eq!(told(&answer), ("200", "hello"));
        let seen = pod.last();
        assert_eq!(seen.uri(), "/a?b=c");
        assert_eq!(seen.body(), "body");
        assert_eq!(pod.header("host").as_deref(), Some("reviews"));
        assert_eq!(pod.header("x-kept").as_deref(), Some("2"));
        for gone in [
            "proxy-connection",
            "proxy-authorization",
            "keep-alive",
            "x-mine",
        ] {
            assert_eq!(pod.header(gone), None, "{gone}");
        }
        let record = port.bench.record().await;
        assert_eq!(record.downstream_local, address("127.20.0.1:80"));
        assert_eq!(record.downstream_remote, address("127.10.0.1:50000"));
        assert_eq!(record.cluster.as_deref(), Some("v1"));
        assert_eq!(record.path.as_deref(), Some("/a?b=c"));
    });
}

#[test]
fn the_host_header_is_the_authority_and_the_uri_says_where_to_go() {
    run(async {
        let port = Port::new(to_pod());
        let pod = port.bench.echo(POD, "");
        let other = "GET http://cache/ HTTP/1.1\r\nHost: reviews\r\nConnection: close\r\n\r\n";
        assert_eq!(told(&port.talk(other).await).0, "200");
        assert_eq!(pod.header("host").as_deref(), Some("reviews"));
        let record = port.bench.record().await;
        assert_eq!(record.downstream_local, address("127.20.0.2:80"));
        let none = "GET http://reviews HTTP/1.1\r\n\r\n";
        assert_eq!(told(&port.talk(none).await).0, "200");
        assert_eq!(pod.header("host").as_deref(), Some("reviews"));
        let unknown = "GET http://reviews/ HTTP/1.1\r\nHost: ratings\r\n\r\n";
        assert_eq!(told(&port.talk(unknown).await).0, "404");
    });
}

#[test]
fn requests_on_one_connection_go_where_each_says() {
    run(async {
        let port = Port::new(with_cache(&["127.10.0.5:6379"]));
        let pod = port.bench.echo(POD, "http");
        let cache = port.bench.echo("127.10.0.5:6379", "cache");
        let mut io = port.open();
        for _ in 0..3 {
            let answer = say(&mut io, "GET http://reviews/ HTTP/1.1\r\n\r\n").await;
            assert_eq!(told(&answer), ("200", "http"));
            let answer = say(&mut io, "GET http://cache:6379/k HTTP/1.1\r\n\r\n").await;
            assert_eq!(told(&answer), ("200", "cache"));
        }
        assert_eq!((pod.count(), cache.count()), (3, 3));
        // The opaque chain saw one connection, and what it saw was a request of its own.
        assert_eq!(cache.last().uri(), "/k");
        assert_eq!(cache.header("host").as_deref(), Some("cache:6379"));
        drop(io);
        let records = port.bench.records(4).await;
        let tcp = records.iter().filter(|record| record.method.is_none());
        assert_eq!(tcp.count(), 1);
    });
}

#[test]
fn a_new_generation_serves_the_next_request_of_a_kept_connection() {
    run(async {
        let port = Port::new(to_pod());
        port.bench.echo(POD, "old");
        port.bench.echo("127.10.0.7:9080", "new");
        let mut io = port.open();
        let get = "GET http://reviews/ HTTP/1.1\r\n\r\n";
        assert_eq!(told(&say(&mut io, get).await), ("200", "old"));
        // The port has become opaque.
        let mut runtime = to_pod();
        let mut opaque = sniffing(&[("new", 1)]);
        opaque.chains.clear();
        runtime.listeners = BTreeMap::from([(Arc::clone(&opaque.name), Arc::new(opaque))]);
        let new = cluster("new", &["127.10.0.7:9080"]);
        runtime.clusters.insert("new".into(), Arc::new(new));
        port.bench.worker.proxy().install(runtime);
        assert_eq!(told(&say(&mut io, get).await), ("200", "new"));
    });
}

#[test]
fn what_is_cut_off_on_the_way_is_cut_off_here() {
    run(async {
        let port = Port::new(with_cache(&[]));
        let answer = port.talk("GET http://cache:6379/ HTTP/1.1\r\n\r\n").await;
        assert_eq!(answer, "");
        let record = port.bench.record().await;
        assert_eq!(record.flags.to_string(), "UH");
    });
}

#[test]
fn a_tunnel_is_granted_first_and_then_served_as_a_connection() {
    run(async {
        let port = Port::new(with_cache(&["127.10.0.5:6379"]));
        port.bench.raw("127.10.0.5:6379", |mut io| async move {
            let mut line = [0; 5];
            io.read_exact(&mut line).await.unwrap();
            io.write_all(b"+PONG\r\n").await.unwrap();
        });
        let mut io = port.open();
        let granted = say(&mut io, "CONNECT cache:6379 HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(granted, "HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(say(&mut io, "PING\n").await, "+PONG\r\n");
        drop(io);
        let record = port.bench.record().await;
        assert_eq!(record.downstream_local, address("127.20.0.2:6379"));
        assert_eq!(record.cluster.as_deref(), Some("cache"));
        // Nobody is there, and yet the tunnel is granted.
        let mut io = port.open();
        let granted = say(&mut io, "CONNECT reviews:81 HTTP/1.1\r\n\r\n").await;
        assert_eq!(told(&granted).0, "200");
    });
}

#[test]
fn http_in_a_tunnel_meets_the_routes() {
    run(async {
        let mut runtime = to_pod();
        let sniffing = sniffing(&[("nowhere", 1)]);
        runtime.listeners = BTreeMap::from([(Arc::clone(&sniffing.name), Arc::new(sniffing))]);
        let port = Port::new(runtime);
        port.bench.echo(POD, "hello");
        let connect = "CONNECT reviews:80 HTTP/1.1\r\nHost: x\r\n\r\n";
        let get = "GET / HTTP/1.1\r\nHost: reviews\r\n\r\n";
        // A caller that does not wait for the 200 loses nothing.
        let both = port.talk(&format!("{connect}{get}")).await;
        let inside = both.strip_prefix("HTTP/1.1 200 OK\r\n\r\n").unwrap();
        assert_eq!(told(inside), ("200", "hello"));
        let outside = port.talk("GET http://reviews/ HTTP/1.1\r\n\r\n").await;
        assert_eq!(told(&outside), ("200", "hello"));
    });
}

#[test]
fn what_cannot_be_served_says_what_to_do() {
    run(async {
        let port = Port::new(to_pod());
        for (request, status, text) in [
            ("GET / HTTP/1.1\r\nHost: reviews\r\n\r\n", "400", "curl -x"),
            (
                "GET http://nobody/ HTTP/1.1\r\n\r\n",
                "502",
                "called \"nobody\" (port 80)",
            ),
            (
                "CONNECT nobody:443 HTTP/1.1\r\n\r\n",
                "502",
                "called \"nobody\" (port 443)",
            ),
            (
                "GET http://127.0.0.1:15000/ HTTP/1.1\r\n\r\n",
                "403",
                "controls the mesh",
            ),
            (
                "GET http://localhost:15000/ HTTP/1.1\r\n\r\n",
                "403",
                "controls the mesh",
            ),
            (
                "CONNECT 0.0.0.0:15000 HTTP/1.1\r\n\r\n",
                "403",
                "controls the mesh",
            ),
            ("GET https://reviews/ HTTP/1.1\r\n\r\n", "400", "CONNECT"),
            (
                "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "502",
                "\"a\"",
            ),
            (
                "GET http://reviews/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "400",
                "several Host",
            ),
        ] {
            let answer = port.talk(request).await;
            let (told_status, told_text) = told(&answer);
            assert_eq!(told_status, status, "{request}");
            assert!(told_text.contains(text), "{request}: {told_text}");
        }
    });
}

#[test]
fn a_caller_who_leaves_ends_the_request_in_the_mesh() {
    run(async {
        let port = Port::new(to_pod());
        let pod = port.bench.workload(POD, |_| std::future::pending());
        let mut io = port.open();
        assert_eq!(
            say(&mut io, "GET http://reviews/ HTTP/1.1\r\n\r\n").await,
            ""
        );
        assert_eq!(pod.count(), 1);
        drop(io);
        let record = port.bench.record().await;
        assert_eq!(record.flags.to_string(), "DC");
    });
}

#[test]
fn an_upgrade_passes_through() {
    run(async {
        let port = Port::new(with_cache(&["127.10.0.5:6379"]));
        port.bench.raw("127.10.0.5:6379", |mut io| async move {
            let mut head = [0; 1024];
            let count = io.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..count]).to_ascii_lowercase();
            assert!(head.contains("connection: upgrade\r\n"), "{head}");
            let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
                          Upgrade: websocket\r\n\r\nhi";
            io.write_all(switch.as_bytes()).await.unwrap();
            let mut said = [0; 3];
            io.read_exact(&mut said).await.unwrap();
            io.write_all(&said).await.unwrap();
        });
        let mut io = port.open();
        let ask = "GET http://cache:6379/ HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\n\
                   Upgrade: websocket\r\n\r\n";
        let answer = say(&mut io, ask).await;
        assert_eq!(told(&answer), ("101", "hi"));
        assert!(
            answer
                .to_ascii_lowercase()
                .contains("connection: upgrade\r\n"),
            "{answer}"
        );
        assert_eq!(say(&mut io, "abc").await, "abc");
    });
}

#[test]
fn limits_end_connections_that_do_nothing() {
    run(async {
        let port = Port::new(to_pod());
        port.bench.echo(POD, "hello");
        let start = tokio::time::Instant::now();
        let mut io = port.open();
        // Half a head gets ten seconds, also after a whole request.
        let answer = say(&mut io, "GET http://reviews/ HTTP/1.1\r\n\r\n").await;
        assert_eq!(told(&answer).0, "200");
        tokio::time::sleep(Duration::from_mins(30)).await;
        io.write_all(b"GET http://re").await.unwrap();
        let begun = tokio::time::Instant::now();
        let mut rest = Vec::new();
        io.read_to_end(&mut rest).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert!(rest.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"));
        assert!(start.elapsed() > Duration::from_mins(30));
        // Nothing at all gets an hour.
        let mut io = port.open();
        let begun = tokio::time::Instant::now();
        io.read_to_end(&mut rest).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_hours(1));
        let huge = "x".repeat(70 * 1024);
        let head = format!("GET http://reviews/ HTTP/1.1\r\nX: {huge}\r\n\r\n");
        assert_eq!(told(&port.talk(&head).await).0, "431");
    });
}

#[test]
fn draining_closes_the_port_and_idle_connections() {
    run(async {
        let port = Port::new(to_pod());
        port.bench.echo(POD, "hello");
        let bound = port.bench.network.bind(address("127.0.0.1:0")).unwrap();
        let accept = bound.accept_here().unwrap();
        let capture = Rc::clone(&port.capture);
        let listening = tokio::task::spawn_local(async move { capture.listen(accept).await });
        let mut call = port.bench.network.connect(bound.address()).await.unwrap();
        let answer = say(&mut call.io, "GET http://reviews/ HTTP/1.1\r\n\r\n").await;
        assert_eq!(told(&answer), ("200", "hello"));
        port.bench.worker.drain();
        listening.await.unwrap();
        let mut rest = Vec::new();
        call.io.read_to_end(&mut rest).await.unwrap();
        port.bench.worker.drained().await;
    });
}
