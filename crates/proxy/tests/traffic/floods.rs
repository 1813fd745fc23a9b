//! Callers whose HTTP/2 frames cost us more than they cost them: each is sent away, and nobody else
//! notices.

use std::time::Duration;

use sealane_runtime::Runtime;
use sealane_runtime::listener::{FrameLimits, HttpManager, Network};
use sealane_runtime::route::Action;
use sealane_seam::BoxIo;
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::build::{SERVICE, cluster, forward, listener, manager, route, runtime, table};
use crate::fixture::{Bench, Requests, response, run};
use crate::wire::{
    ACK, CONTINUATION, DATA, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PREFACE, PRIORITY, Read,
    SETTINGS, UNKNOWN, WINDOW_UPDATE, frame, read, request, reset, stream, upload,
};

const POD: &str = "127.10.0.9:80";
/// More frames than any limit.
const FLOOD: usize = 100_000;
/// How long who was sent away is waited for.
const GRACE: Duration = Duration::from_secs(1);
/// Frames that pipes and buffers take on after a limit is reached.
const SLACK: usize = 200;

/// A connection that a test writes frames to.
struct Caller {
    /// Bytes that it sends at once, at most.
    cut: usize,
    writer: WriteHalf<BoxIo>,
    /// What comes back, to its end.
    reading: JoinHandle<Vec<Read>>,
}

impl Caller {
    async fn new(bench: &Bench, before: &[u8]) -> Self {
        let (mut reader, writer) = tokio::io::split(bench.connect(SERVICE));
        let reading = tokio::task::spawn_local(async move {
            let mut all = Vec::new();
            while let Some(next) = read(&mut reader).await {
                all.push(next);
            }
            all
        });
        let mut caller = Self {
            cut: usize::MAX,
            writer,
            reading,
        };
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, b""), before].concat();
        assert!(caller.send(&hello).await);
        caller
    }

    /// Whether the bytes were taken by a connection that nobody has closed.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        for part in bytes.chunks(self.cut) {
            let taken = self.writer.write_all(part).await;
            tokio::task::yield_now().await;
            if taken.is_err() || self.reading.is_finished() {
                return false;
            }
        }
        true
    }

    /// Sends `part(0)`, `part(1)` and so on until the connection is closed; how many.
    async fn flood(&mut self, part: impl Fn(usize) -> Vec<u8>) -> usize {
        let mut sent = 0;
        while sent < FLOOD && self.send(&part(sent)).await {
            sent += 1;
        }
        assert!(sent < FLOOD, "they have ended nothing");
        sent
    }

    /// What came back last.
    async fn last(mut self) -> Read {
        drop(self.writer.shutdown().await);
        self.reading.await.unwrap().pop().unwrap()
    }
}

/// A sidecar with these HTTP settings.
fn sidecar_of(http: HttpManager) -> Runtime {
    let route = route("/", Action::Forward(Box::new(forward(&[("v1", 1)]))));
    let listener = listener(Network::Http(http.into()));
    let table = table("reviews", vec![route]);
    runtime(listener, table, vec![cluster("v1", &[POD])])
}

/// A sidecar whose workload answers nothing but `/quick`.
fn waiting() -> (Bench, Requests) {
    let bench = Bench::new(sidecar_of(manager()));
    let seen = bench.workload(POD, |request| async move {
        if request.uri().path() != "/quick" {
            std::future::pending::<()>().await;
        }
        response(200, "hello")
    });
    (bench, seen)
}

/// Expects that a flood of `part` is counted as `metric`, logged with `details`, and ended after
/// not many more than `limit` of them, and that others are served.
async fn check(
    (metric, details): (&str, &str),
    limit: usize,
    before: &[u8],
    part: impl Fn(usize) -> Vec<u8>,
) {
    for cut in [usize::MAX, 5, 20] {
        let (bench, _) = waiting();
        let mut caller = Caller::new(&bench, before).await;
        caller.cut = cut;
        let sent = caller.flood(&part).await;
        assert!((limit..limit + SLACK).contains(&sent), "{details}: {sent}");
        check_ended(&bench, caller, (metric, details)).await;
    }
}

/// Expects that a caller was sent away, as it is counted and logged, and that others are served.
async fn check_ended(bench: &Bench, caller: Caller, (metric, details): (&str, &str)) {
    let last = caller.last().await;
    assert_eq!(last.go_away().map(|(_, code)| code), Some(11), "{last:?}");
    tokio::time::sleep(GRACE).await;
    assert!((bench.metric(&format!("envoy_{metric}"), &[]) - 1.0).abs() < f64::EPSILON);
    assert_eq!(bench.get("/quick").await.status, 200);
    let records = bench.seen.take();
    // One of the connection itself, and those of its requests.
    let ended: Vec<_> = records.iter().filter(|it| it.status == 0).collect();
    let lines = ended.iter().filter(|record| record.method.is_none());
    assert_eq!(lines.count(), 1);
    for record in ended {
        let flags = record.flags.to_string();
        let cancelled = record.method.is_some() && flags == "DR";
        assert!(
            cancelled || (&*record.details, &*flags) == (details, "DPE"),
            "{record:?}"
        );
    }
}

#[test]
fn frames_that_are_about_the_connection_alone_are_a_flood() {
    run(async {
        let what = (
            "http2_outbound_control_flood",
            "codec_error:Too_many_control_frames",
        );
        let window = [0, 4, 0, 1, 0, 0];
        for part in [
            frame(PING, 0, 0, &[7; 8]),
            frame(PING, ACK, 0, &[7; 8]),
            frame(SETTINGS, 0, 0, b""),
            frame(SETTINGS, 0, 0, &window),
            frame(UNKNOWN, 0, 0, b""),
            frame(UNKNOWN, 0xff, 1, &[0; 100]),
        ] {
            // One was the first SETTINGS.
            check(what, 999, &upload(1), |_| part.clone()).await;
        }
    });
}

#[test]
fn frames_without_payload_are_a_flood() {
    run(async {
        let what = (
            "http2_inbound_empty_frames_flood",
            "codec_error:Too_many_consecutive_frames_with_an_empty_payload",
        );
        let padded = [9, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for part in [
            frame(DATA, 0, 1, b""),
            frame(DATA, PADDED, 1, &padded),
            frame(DATA, PADDED, 1, b"\0"),
        ] {
            check(what, 10, &upload(1), |_| part.clone()).await;
        }
    });
}

#[test]
fn priorities_and_updates_of_windows_need_streams() {
    run(async {
        let what = (
            "http2_inbound_priority_frames_flood",
            "codec_error:Too_many_PRIORITY_frames",
        );
        let part = |n| frame(PRIORITY, 0, stream(n % 1000 + 1), &[0, 0, 0, 0, 16]);
        check(what, 200, &upload(1), part).await;
        let what = (
            "http2_inbound_window_update_frames_flood",
            "codec_error:Too_many_WINDOW_UPDATE_frames",
        );
        for stream in [0, 1] {
            let part = |_| frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1]);
            check(what, 7, &upload(1), part).await;
        }
    });
}

#[test]
fn resets_are_a_flood() {
    run(async {
        let what = (
            "http_downstream_rq_too_many_premature_resets",
            "too_many_premature_resets",
        );
        let part = |n| [request(stream(n)), reset(stream(n))].concat();
        check(what, 200, b"", part).await;
    });
}

#[test]
fn what_a_flood_of_resets_has_begun_is_cancelled() {
    run(async {
        let (bench, seen) = waiting();
        let mut caller = Caller::new(&bench, b"").await;
        let mut given_up = 0;
        while given_up < FLOOD && caller.send(&request(stream(given_up))).await {
            // Each request is on its way before it is given up.
            tokio::time::sleep(Duration::from_millis(1)).await;
            caller.send(&reset(stream(given_up))).await;
            given_up += 1;
        }
        // 200, and one more each 30 ms.
        assert!((200..=210).contains(&seen.count()), "{}", seen.count());
        assert_eq!(caller.last().await.go_away().unwrap().1, 11);
    });
}

#[test]
fn the_engine_has_bounds_of_its_own() {
    let calm = (
        11,
        "codec_error:detected_excessive_load_generating_behavior",
    );
    let error = (1, "codec_error:unspecific_protocol_error_detected");
    let head = frame(HEADERS, 0, 1, b"");
    check_engine(&head, calm, |_| frame(CONTINUATION, 0, 1, b""));
    check_engine(b"", calm, |n| {
        let id = stream(n);
        // It depends on itself: we reset it.
        let priority = [&id.to_be_bytes()[..], &[16]].concat();
        [request(id), frame(PRIORITY, 0, id, &priority)].concat()
    });
    check_engine(&upload(1), error, |_| frame(WINDOW_UPDATE, 0, 1, &[0; 4]));
}

/// Expects that the engine ends a flood of `part` with this code and these details.
fn check_engine(
    before: &[u8],
    (code, details): (u32, &'static str),
    part: impl Fn(usize) -> Vec<u8> + 'static,
) {
    let before = before.to_vec();
    run(async move {
        let (bench, _) = waiting();
        let mut caller = Caller::new(&bench, &before).await;
        let sent = caller.flood(part).await;
        assert!(sent <= 200 + SLACK, "{sent}");
        assert_eq!(caller.last().await.go_away().unwrap().1, code);
        tokio::time::sleep(GRACE).await;
        let records = bench.seen.take();
        let line = records.iter().find(|record| record.method.is_none());
        let line = line.unwrap();
        assert_eq!(
            (&*line.details, line.flags.to_string().as_str()),
            (details, "DPE")
        );
        let metric = "envoy_http_downstream_cx_protocol_error";
        assert!((bench.metric(metric, &[]) - 1.0).abs() < f64::EPSILON);
        assert_eq!(bench.get("/quick").await.status, 200);
    });
}

#[test]
fn who_floods_and_does_not_read_fills_its_own_pipe_and_is_cut_off() {
    run(async {
        let mut http = manager();
        http.stream_idle_timeout = Some(Duration::from_mins(5));
        let bench = Bench::new(sidecar_of(http));
        // An answer that fills the pipe to its caller.
        let large = &*"a".repeat(1024 * 1024).leak();
        bench.workload(POD, move |_| async move { response(200, large) });
        for part in [frame(PING, 0, 0, &[7; 8]), frame(SETTINGS, 0, 0, b"")] {
            let mut io = bench.connect(SERVICE);
            let windows = [
                frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]),
                frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]),
            ];
            let hello = [PREFACE, &windows.concat(), &request(1)].concat();
            io.write_all(&hello).await.unwrap();
            let begun = Instant::now();
            let mut sent = 0;
            while sent < FLOOD && io.write_all(&part).await.is_ok() {
                sent += 1;
                // The answer fills the pipe before the flood begins.
                tokio::time::sleep(Duration::from_micros(1)).await;
            }
            // What is not read waits with the caller: the pipe holds 64 KiB.
            assert!(sent * part.len() < 80 * 1024, "{sent}");
            assert_eq!(begun.elapsed().as_secs(), 300);
        }
        assert_eq!(bench.get("/").await.status, 200);
    });
}

#[test]
fn who_is_sent_away_and_goes_on_is_cut_off() {
    run(async {
        let (bench, _) = waiting();
        let mut caller = Caller::new(&bench, &upload(1)).await;
        caller.flood(|_| frame(PING, 0, 0, &[7; 8])).await;
        let begun = Instant::now();
        while caller.writer.write_all(&[0; 100]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(begun.elapsed().as_secs(), GRACE.as_secs());
    });
}

#[test]
fn a_caller_that_means_well_is_served_for_ever() {
    run(async {
        let bench = Bench::new(sidecar_of(manager()));
        let seen = bench.echo(POD, "hello");
        let mut caller = Caller::new(&bench, b"").await;
        for n in 0..1000 {
            let id = stream(2 * n);
            let mut frames = vec![
                request(id),
                frame(PRIORITY, 0, id, &[0, 0, 0, 0, 16]),
                frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 5]),
                frame(WINDOW_UPDATE, 0, id, &[0, 0, 0, 5]),
                frame(PING, 0, 0, &[7; 8]),
                frame(UNKNOWN, 0, 0, b"grease"),
                // One that it gives up, for each that it waits for.
                request(id + 2),
                reset(id + 2),
            ];
            if n % 10 == 0 {
                frames.push(frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]));
            }
            assert!(caller.send(&frames.concat()).await, "{n}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(caller.writer.shutdown().await);
        let answers = caller.reading.await.unwrap();
        let ends = answers
            .iter()
            .filter(|it| it.kind == DATA && it.flags & END_STREAM != 0);
        assert!(ends.count() >= 1000);
        assert!(answers.iter().all(|it| it.kind != GOAWAY));
        assert!(seen.count() >= 1000);
    });
}

#[test]
fn a_caller_that_only_keeps_its_connection_alive_may() {
    run(async {
        let (bench, _) = waiting();
        let mut caller = Caller::new(&bench, &upload(1)).await;
        for _ in 0..5000 {
            assert!(caller.send(&frame(PING, 0, 0, &[7; 8])).await);
            assert!(caller.send(&frame(DATA, 0, 1, b"hello")).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
}

#[test]
fn the_listener_says_how_many_frames_there_may_be() {
    run(async {
        let mut http = manager();
        http.limits.frames = FrameLimits {
            empty: Some(1),
            priority_per_stream: Some(5),
            window_updates_per_data: Some(1),
            control: Some(20),
        };
        for (before, part, limit) in [
            (upload(1), frame(DATA, 0, 1, b""), 1),
            (upload(1), frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 16]), 10),
            (upload(1), frame(PING, 0, 0, &[7; 8]), 19),
        ] {
            let bench = Bench::new(sidecar_of(http.clone()));
            let mut caller = Caller::new(&bench, &before).await;
            let sent = caller.flood(|_| part.clone()).await;
            assert!((limit..limit + SLACK).contains(&sent), "{sent}");
            assert_eq!(caller.last().await.go_away(), Some((1, 11)));
        }
    });
}
