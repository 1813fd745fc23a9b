//! WebSocket tunnels.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::build::{SERVICE, cluster, forward, sidecar};
use crate::fixture::{Bench, run};

const POD: &str = "127.10.0.9:80";
const ASK: &[u8] = b"GET /ws HTTP/1.1\r\nhost: reviews\r\nconnection: Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-key: k\r\n\r\n";

#[test]
fn after_a_101_bytes_pass_both_ways_and_are_counted() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])]));
        bench.raw(POD, |mut io| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(io.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            assert!(head.contains("upgrade: websocket\r\n"), "{head}");
            assert!(head.contains("sec-websocket-key: k\r\n"), "{head}");
            io.write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                  upgrade: websocket\r\nsec-websocket-accept: a\r\n\r\nhello",
            )
            .await
            .unwrap();
            let mut said = [0; 3];
            io.read_exact(&mut said).await.unwrap();
            io.write_all(&said).await.unwrap();
        });
        let mut io = bench.connect(SERVICE);
        io.write_all(ASK).await.unwrap();
        io.write_all(b"abc").await.unwrap();
        let mut answer = String::new();
        io.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
            "{answer}"
        );
        assert!(answer.contains("upgrade: websocket\r\n"), "{answer}");
        assert!(answer.contains("sec-websocket-accept: a\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nhelloabc"), "{answer}");
        drop(io);
        let record = bench.record().await;
        assert_eq!(record.status, 101);
        assert_eq!((record.bytes_received, record.bytes_sent), (3, 8));
        assert_eq!(record.flags.to_string(), "-");
    });
}

#[test]
fn an_upgrade_that_the_upstream_refuses_is_its_answer() {
    run(async {
        let bench = Bench::new(sidecar(forward(&[("v1", 1)]), vec![cluster("v1", &[POD])]));
        bench.echo(POD, "no");
        let answer = bench.talk(ASK).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let record = bench.record().await;
        assert_eq!(record.details, "websocket_handshake_unsuccessful");
    });
}
