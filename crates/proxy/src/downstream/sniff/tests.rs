//! Inspections of whole connections.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::client_hello::tests::{message, records};
use super::*;

const BOTH: Inspect = Inspect {
    http: true,
    tls: true,
    timeout: None,
    continue_on_timeout: false,
};
const PATIENCE: Duration = Duration::from_secs(2);
const LIMIT: usize = 64 * 1024;

fn seen_http(http: Protocol) -> Seen {
    Seen {
        http: Some(http),
        application_protocols: http.names().iter().map(|name| Arc::from(*name)).collect(),
        ..Seen::default()
    }
}

fn seen_tls(name: &str, alpn: &[&str]) -> Seen {
    Seen {
        http: None,
        tls: true,
        server_name: Some(name.into()),
        application_protocols: alpn.iter().map(|name| Arc::from(*name)).collect(),
    }
}

/// Sends `bytes` in the given pieces, a moment between two, and closes when `close` says so.
async fn say(mut io: DuplexStream, pieces: Vec<Vec<u8>>, close: bool) -> DuplexStream {
    for piece in pieces {
        io.write_all(&piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    if close {
        io.shutdown().await.unwrap();
    }
    io
}

async fn look_at(pieces: Vec<Vec<u8>>, wanted: Inspect, limit: usize) -> Result<Inspected, Unseen> {
    let (ours, theirs) = duplex(1 << 20);
    let saying = say(theirs, pieces, false);
    let (found, _theirs) = tokio::join!(inspect(Box::new(ours), wanted, limit), saying);
    found
}

/// What is seen of a caller that sends `bytes`, all of which must still be there afterwards.
#[track_caller]
fn check(bytes: &[u8], wanted: Inspect, expected: &Seen) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    for piece in [bytes.len().max(1), 1] {
        let pieces = bytes.chunks(piece).map(<[u8]>::to_vec).collect();
        runtime.block_on(async {
            let mut found = look_at(pieces, wanted, LIMIT).await.unwrap();
            assert_eq!(&found.seen, expected);
            let mut again = vec![0; bytes.len()];
            found.io.read_exact(&mut again).await.unwrap();
            assert_eq!(again, bytes);
        });
    }
}

#[test]
fn both_inspectors_see_what_is_there() {
    let hello = records(&message(Some(b"A.example.com"), &[b"h2"]), 50);
    check(&hello, BOTH, &seen_tls("a.example.com", &["h2"]));
    check(
        b"GET / HTTP/1.1\r\n\r\n",
        BOTH,
        &seen_http(Protocol::Http11),
    );
    check(
        b"GET / HTTP/1.0\r\n\r\n",
        BOTH,
        &seen_http(Protocol::Http10),
    );
    check(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        BOTH,
        &seen_http(Protocol::H2c),
    );
    check(b"SELECT 1\n", BOTH, &Seen::default());
    check(b"\x16\x03\x01\x00\x02\x01\x01\x00", BOTH, &Seen::default());
}

#[test]
fn an_inspector_that_is_not_asked_says_nothing() {
    let hello = records(&message(Some(b"a"), &[]), 50);
    let http = Inspect { tls: false, ..BOTH };
    let tls = Inspect {
        http: false,
        ..BOTH
    };
    check(&hello, http, &Seen::default());
    check(b"GET / HTTP/1.1\r\n", tls, &Seen::default());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_where_nothing_is_asked() {
    let (ours, _theirs) = duplex(10);
    let found = inspect(Box::new(ours), Inspect::default(), LIMIT).await;
    assert_eq!(found.unwrap().seen, Seen::default());
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_waited_for_as_long_as_the_listener_says() {
    let patient = Inspect {
        timeout: Some(PATIENCE),
        ..BOTH
    };
    let start = tokio::time::Instant::now();
    let found = look_at(vec![], patient, LIMIT).await;
    assert!(matches!(found, Err(Unseen::Timeout)));
    assert_eq!(start.elapsed(), PATIENCE);
    let lenient = Inspect {
        continue_on_timeout: true,
        ..patient
    };
    let mut found = look_at(vec![b"GET".to_vec()], lenient, LIMIT)
        .await
        .unwrap();
    assert_eq!(found.seen, Seen::default());
    let mut again = [0; 3];
    found.io.read_exact(&mut again).await.unwrap();
    assert_eq!(&again, b"GET");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_is_served_with_what_it_said() {
    for (said, served) in [(&b""[..], false), (b"PING", true)] {
        let (ours, theirs) = duplex(100);
        say(theirs, vec![said.to_vec()], true).await;
        let found = inspect(Box::new(ours), BOTH, LIMIT).await;
        assert_eq!(found.is_ok(), served);
    }
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_limit_is_decided_at_the_limit() {
    let line = [&b"GET /"[..], &[b'a'; 2000]].concat();
    let found = look_at(vec![line], BOTH, 1000).await.unwrap();
    assert_eq!(found.seen, seen_http(Protocol::Http11));
    let name = [b'a'; 250];
    let hello = records(&message(Some(&name), &[&[b'b'; 250]]), 1 << 14);
    let found = look_at(vec![hello], BOTH, 300).await;
    assert!(matches!(found, Err(Unseen::TooLong)));
}

proptest! {
    #[test]
    fn what_is_seen_does_not_depend_on_fragments(
        record in 1_usize..600,
        cuts in proptest::collection::vec(1_usize..200, 0..20),
        name in "[a-z]{1,60}(\\.[a-z]{1,60}){0,3}",
        alpn in proptest::collection::vec("[a-z0-9/.]{1,20}", 0..5),
    ) {
        let offered: Vec<&[u8]> = alpn.iter().map(String::as_bytes).collect();
        let bytes = records(&message(Some(name.as_bytes()), &offered), record);
        let mut rest = &bytes[..];
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, later) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece.to_vec());
            rest = later;
        }
        pieces.push(rest.to_vec());
        let names: Vec<&str> = alpn.iter().map(String::as_str).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let found = runtime.block_on(look_at(pieces, BOTH, LIMIT)).unwrap();
        prop_assert_eq!(found.seen, seen_tls(&name, &names));
    }
}
