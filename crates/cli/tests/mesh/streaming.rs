//! Bodies and streams through the binary, over the gateway's and the sidecar's hop.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use crate::manifests::{SHOP, shop_split};
use crate::run::{PATIENCE, Up, logged, until};
use crate::wire::Wire;

const MIB: u64 = 1024 * 1024;
/// Mebibytes in the suite; `SEALANE_STRESS` says how many in a stress run.
const SMALL: u64 = 64;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads a head, and leaves what follows.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// The two ways to the shop: how it is reached, and how it is called there.
fn ways(up: &Up) -> [(SocketAddr, &'static str, &'static str); 2] {
    [
        (up.gateway(), "/", SHOP),
        (up.capture("client"), "http://shop:8000/", "shop:8000"),
    ]
}

#[test]
fn server_sent_events_pass_while_the_answer_goes_on() {
    let up = Up::of(&shop_split(1, 0));
    for (address, target, host) in ways(&up) {
        let mut wire = Wire::to(address);
        wire.ask(target, &[("host", host), ("accept", "text/event-stream")]);
        while !wire.line().is_empty() {}
        for number in 1..3 {
            // The length of the chunk, then the event, then the chunk's end.
            assert!(!wire.line().is_empty());
            assert_eq!(wire.line(), format!("id: {number}"));
            let data = wire.line();
            assert!(data.starts_with("data: shop-v"), "{data:?}");
            assert_eq!((wire.line(), wire.line()), (String::new(), String::new()));
        }
    }
}

#[test]
fn a_websocket_talks_through_the_gateway_and_the_sidecar() {
    let up = Up::with(&shop_split(1, 0), &["--access-log", "log"]);
    for (address, target, host) in ways(&up) {
        let mut stream = connect(address);
        let ask = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let answer = head(&mut stream);
        assert!(
            answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
            "{answer}"
        );
        let accept = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert!(
            answer
                .to_ascii_lowercase()
                .contains(&accept.to_ascii_lowercase()),
            "{answer}"
        );
        // "Hi" twice and a close, masked with zeros.
        for _ in 0..2 {
            stream
                .write_all(&[0x81, 0x82, 0, 0, 0, 0, b'H', b'i'])
                .unwrap();
            let mut back = [0; 4];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(&back, b"\x81\x02Hi");
        }
        stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [0x88, 0]);
    }
    let log = up.place().path("log");
    for side in [" outbound|8000|v1|", " inbound|8000||"] {
        logged(&log, |line| {
            let tunnel = "\"GET / HTTP/1.1\" 101 - via_upstream - \"-\" 22 10 ";
            line.contains(tunnel) && line.contains(side)
        });
    }
}

#[test]
fn continue_comes_from_the_workload_over_both_hops() {
    let up = Up::of(&shop_split(1, 0));
    for (address, target, host) in ways(&up) {
        let mut wire = Wire::to(address);
        let ask = format!(
            "POST {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4\r\n\
             expect: 100-continue\r\n\r\n"
        );
        wire.write(ask.as_bytes());
        assert_eq!(wire.line(), "HTTP/1.1 100 Continue");
        assert_eq!(wire.line(), "");
        wire.write(b"body");
        let answer = wire.read();
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("\"body_bytes\":4"), "{answer:?}");
    }
}

#[test]
fn a_caller_that_dies_in_its_upload_is_logged_dc_on_both_hops() {
    let up = Up::with(&shop_split(1, 0), &["--access-log", "log"]);
    let mut stream = connect(up.gateway());
    let ask = format!(
        "POST /up HTTP/1.1\r\nhost: {SHOP}\r\nx-echo-body: 1\r\ncontent-length: 100\r\n\r\nhalf"
    );
    stream.write_all(ask.as_bytes()).unwrap();
    // What comes back has been at the workload.
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 "));
    let mut half = [0; 4];
    stream.read_exact(&mut half).unwrap();
    assert_eq!(&half, b"half");
    drop(stream);
    let log = up.place().path("log");
    for side in [" outbound|8000|v1|", " inbound|8000||"] {
        logged(&log, |line| {
            let gone = "\"POST /up HTTP/1.1\" 200 DC downstream_remote_disconnect - \"-\" 4 4 ";
            line.contains(gone) && line.contains(side)
        });
    }
    // The same before there is an answer: the echo reads to the end first.
    let mut stream = connect(up.gateway());
    let ask = format!("POST /on HTTP/1.1\r\nhost: {SHOP}\r\ncontent-length: 100\r\n\r\nhalf");
    stream.write_all(ask.as_bytes()).unwrap();
    drop(stream);
    logged(&log, |line| {
        line.contains("\"POST /on HTTP/1.1\" 0 DC downstream_remote_disconnect - \"-\" 4 0 ")
    });
}

/// Resident kibibytes of a process.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let mut words = line.unwrap().split_whitespace().skip(1);
    words.next().unwrap().parse().unwrap()
}

/// A large body that comes back while it is sent: both directions over both hops. In the suite
/// small; a stress run has the full size and holds the bound on memory:
/// `SEALANE_STRESS=1024 cargo test --release -p sealane --test mesh -- --nocapture volume`.
#[test]
fn a_volume_passes_both_ways_in_little_memory() {
    let stress = std::env::var("SEALANE_STRESS").ok();
    let mebibytes: u64 = stress.as_ref().map_or(SMALL, |size| size.parse().unwrap());
    let up = Up::of(&shop_split(1, 0));
    for (address, target, host) in ways(&up) {
        let before = resident(up.pid());
        let begun = std::time::Instant::now();
        let mut stream = connect(address);
        let mut writer = stream.try_clone().unwrap();
        let mut ask = format!("POST {target} HTTP/1.1\r\nhost: {host}\r\nx-echo-body: 1\r\n");
        write!(ask, "content-length: {}\r\n\r\n", mebibytes * MIB).unwrap();
        let writing = thread::spawn(move || {
            writer.write_all(ask.as_bytes()).unwrap();
            for number in 0..mebibytes {
                let part = vec![u8::try_from(number % 251).unwrap(); 1024 * 1024];
                writer.write_all(&part).unwrap();
            }
        });
        assert!(head(&mut stream).starts_with("HTTP/1.1 200 "));
        let (mut peak, mut part) = (before, vec![0; 1024 * 1024]);
        for number in 0..mebibytes {
            stream.read_exact(&mut part).unwrap();
            let sent = u8::try_from(number % 251).unwrap();
            assert!(
                part.iter().all(|byte| *byte == sent),
                "part {number} is another"
            );
            peak = peak.max(resident(up.pid()));
        }
        writing.join().unwrap();
        let grown = (peak - before) / 1024;
        println!(
            "{mebibytes} MiB up and down by {address}: {:.1} s, {} MiB resident before, {grown} MiB \
             more at most",
            begun.elapsed().as_secs_f64(),
            before / 1024
        );
        assert!(stress.is_none() || grown < 32, "{grown} MiB more");
    }
}

#[test]
fn callers_beyond_half_of_the_files_are_turned_away_and_the_others_are_served() {
    let up = Up::with_files(&shop_split(1, 0), 300);
    let limits = fs::read_to_string(format!("/proc/{}/limits", up.pid())).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let files: Vec<&str> = files.unwrap().split_whitespace().collect();
    assert_eq!(files[3..5], ["300", "300"], "the soft limit is raised");
    let mut first = Wire::to(up.gateway());
    assert_eq!(first.get("/", &[("host", SHOP)]).status, 200);
    let mut crowd: Vec<Wire> = (0..200).map(|_| Wire::to(up.gateway())).collect();
    up.tells("more than 150 connections: new ones are closed");
    let last = crowd.last_mut().unwrap();
    last.try_write(b"GET / HTTP/1.1\r\n");
    assert!(last.is_over());
    assert_eq!(first.get("/", &[("host", SHOP)]).status, 200);
    drop(crowd);
    until("there is room again", || {
        let mut wire = Wire::to(up.gateway());
        wire.try_write(format!("GET / HTTP/1.1\r\nhost: {SHOP}\r\n\r\n").as_bytes());
        (!wire.is_over()).then_some(())
    });
}
