//! Tests of allowances.

use std::time::SystemTime;

use sealane_seam::TokioClock;

use super::*;

fn frame(kind: u8) -> Frame {
    Frame {
        kind,
        flags: 0,
        stream: 1,
        payload: 4,
    }
}

/// Plays `test` with limits of 3, one more each 100 ms, on a paused clock.
fn check(test: impl AsyncFnOnce(&mut Allowance)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let limits = FrameLimits {
            empty: 3,
            priority_per_stream: 3,
            window_updates_per_data: 3,
            control: 3,
            control_interval: Duration::from_millis(100),
            resets: 3,
            reset_interval: Duration::from_millis(100),
        };
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(SystemTime::UNIX_EPOCH));
        test(&mut Allowance::new(limits, &clock)).await;
    });
}

/// How many frames like this are taken, of a hundred.
fn taken(allowance: &mut Allowance, frame: Frame) -> usize {
    let mut taken = 0;
    while taken < 100 && allowance.receive(frame).is_ok() {
        taken += 1;
    }
    taken
}

#[test]
fn frames_without_payload_are_counted_in_a_row() {
    check(async |allowance| {
        for kind in [Frame::DATA, Frame::HEADERS, Frame::CONTINUATION] {
            let empty = Frame {
                payload: 0,
                ..frame(kind)
            };
            assert_eq!(taken(allowance, empty), 3);
            assert_eq!(allowance.receive(empty), Err(Flood::Empty));
            assert_eq!(allowance.receive(frame(Frame::DATA)), Ok(()));
            assert_eq!(taken(allowance, empty), 3);
            let last = Frame {
                payload: 0,
                flags: 1,
                ..frame(Frame::DATA)
            };
            assert_eq!(taken(allowance, last), 100);
        }
    });
}

#[test]
fn each_stream_may_have_priorities_and_updates_of_its_window() {
    check(async |allowance| {
        assert_eq!(taken(allowance, frame(Frame::PRIORITY)), 3);
        assert_eq!(taken(allowance, frame(Frame::WINDOW_UPDATE)), 5);
        // Trailers open no stream.
        for stream in [1, 1, 3, 1] {
            let head = Frame {
                stream,
                ..frame(Frame::HEADERS)
            };
            assert_eq!(allowance.receive(head), Ok(()));
        }
        assert_eq!(allowance.last_stream(), 3);
        // One was refused already, and counted.
        assert_eq!(taken(allowance, frame(Frame::PRIORITY_UPDATE)), 5);
        assert_eq!(taken(allowance, frame(Frame::WINDOW_UPDATE)), 3);
        allowance.send(frame(Frame::DATA));
        assert_eq!(taken(allowance, frame(Frame::WINDOW_UPDATE)), 5);
        assert_eq!(
            allowance.receive(frame(Frame::WINDOW_UPDATE)),
            Err(Flood::WindowUpdate)
        );
        assert_eq!(
            allowance.receive(frame(Frame::PRIORITY)),
            Err(Flood::Priority)
        );
    });
}

#[test]
fn control_frames_come_back_with_time_and_with_answers() {
    check(async |allowance| {
        const PING: u8 = 6;
        const UNKNOWN: u8 = 0xfa;
        for kind in [PING, Frame::GOAWAY, UNKNOWN] {
            assert_eq!(taken(allowance, frame(kind)), 3);
            assert_eq!(allowance.receive(frame(kind)), Err(Flood::Control));
            tokio::time::advance(Duration::from_millis(250)).await;
            assert_eq!(taken(allowance, frame(kind)), 2);
            // The rest of the third interval.
            tokio::time::advance(Duration::from_millis(50)).await;
            assert_eq!(taken(allowance, frame(kind)), 1);
            for sent in [PING, Frame::HEADERS, Frame::DATA] {
                allowance.send(frame(sent));
            }
            assert_eq!(taken(allowance, frame(kind)), 2);
            tokio::time::advance(Duration::from_mins(1)).await;
        }
    });
}

#[test]
fn who_lets_requests_end_may_reset_others() {
    check(async |allowance| {
        assert_eq!(taken(allowance, frame(Frame::RST_STREAM)), 3);
        allowance.send(frame(Frame::HEADERS));
        assert_eq!(
            allowance.receive(frame(Frame::RST_STREAM)),
            Err(Flood::Reset)
        );
        let end = Frame {
            flags: 1,
            ..frame(Frame::HEADERS)
        };
        for _ in 0..1000 {
            allowance.send(end);
            assert_eq!(allowance.receive(frame(Frame::RST_STREAM)), Ok(()));
        }
        assert_eq!(taken(allowance, frame(Frame::RST_STREAM)), 0);
    });
}
