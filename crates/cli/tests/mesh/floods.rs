//! Floods of HTTP/2 frames at a gateway's socket: each is ended, others are served meanwhile, and
//! nothing of it stays in memory.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::manifests::{SHOP, shop_split};
use crate::run::{PATIENCE, Up, until};
use crate::wire::{Wire, at_edge};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `POST /` of the shop, in HPACK.
const HEAD: &[u8] = b"\x83\x86\x84\x41\x10shop.example.com";
/// Rounds of all floods after which the memory is compared.
const ROUNDS: usize = 4;

fn frame(kind: u8, flags: u8, stream: usize, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = u32::try_from(stream).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head, &stream[..], payload].concat()
}

/// What a flood consists of, by the number of its part, and its name in Envoy's statistics.
type Part = fn(usize) -> Vec<u8>;

const FLOODS: [(Part, &str); 9] = [
    (|_| frame(6, 0, 0, &[7; 8]), "outbound_control_flood"),
    (|_| frame(6, 1, 0, &[7; 8]), "outbound_control_flood"),
    (|_| frame(4, 0, 0, b""), "outbound_control_flood"),
    (|_| frame(0xfa, 0, 0, &[0; 1000]), "outbound_control_flood"),
    (
        |n| frame(2, 0, 2 * n % 1000 + 3, &[0, 0, 0, 0, 16]),
        "inbound_priority_frames_flood",
    ),
    (
        |_| frame(8, 0, 0, &[0, 0, 0, 1]),
        "inbound_window_update_frames_flood",
    ),
    (|_| frame(0, 0, 1, b""), "inbound_empty_frames_flood"),
    (
        |n| {
            let id = 2 * n + 3;
            [frame(1, 5, id, HEAD), frame(3, 0, id, &[0, 0, 0, 8])].concat()
        },
        "downstream_rq_too_many_premature_resets",
    ),
    (
        |n| {
            // A head that never ends, of headers that HPACK has at a byte each.
            let kind = if n == 0 { 1 } else { 9 };
            frame(kind, 0, 3, &[0x90; 16 * 1024])
        },
        "downstream_cx_protocol_error",
    ),
];

/// Floods; the code with which the connection was ended.
fn flood(gateway: SocketAddr, part: Part) -> u8 {
    let mut reader = TcpStream::connect(gateway).unwrap();
    reader.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut writer = reader.try_clone().unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&ended);
    let writing = thread::spawn(move || {
        // The first request goes on all the time.
        let hello = [PREFACE, &frame(4, 0, 0, b""), &frame(1, 4, 1, HEAD)].concat();
        writer.write_all(&hello).unwrap();
        let mut number = 0;
        loop {
            let mut parts = Vec::new();
            while parts.len() < 32 * 1024 {
                parts.extend(part(number));
                number += 1;
            }
            // It is read for a second after it was ended, so that the reason is not lost.
            if over.load(Ordering::Relaxed) || writer.write_all(&parts).is_err() {
                return;
            }
        }
    });
    let mut last = None;
    let mut head = [0; 9];
    while reader.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        reader.read_exact(&mut payload).unwrap();
        last = Some((head[3], payload));
    }
    ended.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    let (kind, payload) = last.unwrap();
    assert_eq!(kind, 7, "the last frame is no GOAWAY");
    payload[7]
}

/// Resident kibibytes of a process.
fn resident(up: &Up) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", up.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let mut words = line.unwrap().split_whitespace().skip(1);
    words.next().unwrap().parse().unwrap()
}

/// A value of Envoy's statistics.
fn statistic(up: &Up, name: &str) -> u64 {
    let path = format!("/stats?filter={name}&proxy=istio-ingressgateway.istio-system");
    let shown = Wire::to(up.admin()).get(&path, &[("host", "localhost")]);
    let values = shown
        .body
        .lines()
        .filter_map(|line| line.rsplit(": ").next());
    values.map(|value| value.parse::<u64>().unwrap()).sum()
}

#[test]
fn floods_are_ended_and_leave_nothing() {
    let up = Up::with(&shop_split(1, 0), &["--access-log", "log"]);
    let mut before = 0;
    for round in 0..=ROUNDS {
        for (number, (part, _)) in FLOODS.into_iter().enumerate() {
            assert_eq!(flood(up.gateway(), part), 11, "flood {number}");
            assert_eq!(at_edge(up.gateway(), SHOP, "/").status, 200);
        }
        // The first makes what stays: connections to the workload, tables of metrics.
        if round == 0 {
            before = resident(&up);
        }
    }
    let grown = resident(&up).saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB more");
    let floods = ROUNDS + 1;
    for name in FLOODS.map(|(_, name)| name) {
        let of_name = FLOODS.iter().filter(|(_, other)| *other == name).count();
        let wanted = u64::try_from(floods * of_name).unwrap();
        until(name, || (statistic(&up, name) == wanted).then_some(()));
    }
    let log = up.place().path("log");
    until("all floods are logged", || {
        let text = fs::read_to_string(&log).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.contains("\"- - HTTP/2\" 0 DPE "));
        (lines.count() == floods * FLOODS.len()).then_some(())
    });
}
