//! How much of each kind of frame a caller may send, and has sent.

use std::sync::Arc;
use std::time::Duration;

use sealane_seam::Clock;
use tokio::time::Instant;

use super::frames::Frame;
use crate::flood::Flood;
use crate::settings::FrameLimits;

/// `WINDOW_UPDATE` frames that need no reason, as in Envoy.
const WINDOW_UPDATES: u64 = 5;
/// `WINDOW_UPDATE` frames come in pairs: one for the stream, one for the connection.
const PAIR: u64 = 2;

/// What one connection has sent, within what it may.
pub(super) struct Allowance {
    limits: FrameLimits,
    clock: Arc<dyn Clock>,
    /// Streams that the caller has opened.
    streams: u64,
    /// The last of them.
    last_stream: u32,
    /// DATA frames that it was sent.
    data_sent: u64,
    /// Frames without payload since the last with one.
    empty: u32,
    priorities: u64,
    window_updates: u64,
    control: Bucket,
    resets: Bucket,
}

impl Allowance {
    pub(super) fn new(limits: FrameLimits, clock: &Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self {
            clock: Arc::clone(clock),
            streams: 0,
            last_stream: 0,
            data_sent: 0,
            empty: 0,
            priorities: 0,
            window_updates: 0,
            control: Bucket::new(limits.control, limits.control_interval, now),
            resets: Bucket::new(limits.resets, limits.reset_interval, now),
            limits,
        }
    }

    /// The last stream that the caller has opened.
    pub(super) const fn last_stream(&self) -> u32 {
        self.last_stream
    }

    /// The caller has sent `frame`.
    pub(super) fn receive(&mut self, frame: Frame) -> Result<(), Flood> {
        match frame.kind {
            Frame::HEADERS => {
                if frame.stream > self.last_stream {
                    self.last_stream = frame.stream;
                    self.streams += 1;
                }
                self.part_of_request(frame)
            }
            Frame::DATA | Frame::CONTINUATION => self.part_of_request(frame),
            Frame::PRIORITY | Frame::PRIORITY_UPDATE => {
                self.priorities += 1;
                let each = u64::from(self.limits.priority_per_stream);
                let limit = each.saturating_mul(1 + self.streams);
                within(self.priorities, limit, Flood::Priority)
            }
            Frame::WINDOW_UPDATE => {
                self.window_updates += 1;
                let each = u64::from(self.limits.window_updates_per_data);
                let reasons = each.saturating_mul(self.data_sent);
                let reasons = reasons.saturating_add(self.streams);
                let limit = reasons.saturating_mul(PAIR).saturating_add(WINDOW_UPDATES);
                within(self.window_updates, limit, Flood::WindowUpdate)
            }
            Frame::RST_STREAM => taken(self.resets.take(self.clock.now()), Flood::Reset),
            _ => taken(self.control.take(self.clock.now()), Flood::Control),
        }
    }

    /// The caller was sent `frame`.
    pub(super) const fn send(&mut self, frame: Frame) {
        match frame.kind {
            Frame::DATA => self.data_sent += 1,
            Frame::HEADERS => {}
            _ => return,
        }
        // Who measures round trips or keeps a connection alive does so beside its requests.
        self.control.give();
        // Who lets most requests come to their end may leave the others.
        if frame.ends_stream() {
            self.resets.give();
        }
    }

    const fn part_of_request(&mut self, frame: Frame) -> Result<(), Flood> {
        if frame.payload > 0 || frame.ends_stream() {
            self.empty = 0;
            return Ok(());
        }
        self.empty += 1;
        if self.empty > self.limits.empty {
            return Err(Flood::Empty);
        }
        Ok(())
    }
}

const fn within(count: u64, limit: u64, flood: Flood) -> Result<(), Flood> {
    if count > limit {
        return Err(flood);
    }
    Ok(())
}

const fn taken(taken: bool, flood: Flood) -> Result<(), Flood> {
    if taken {
        return Ok(());
    }
    Err(flood)
}

/// What may be taken: so much at once, then one more with each interval.
struct Bucket {
    size: u32,
    left: u32,
    interval: Duration,
    /// Until when the intervals have been counted.
    counted: Instant,
}

impl Bucket {
    const fn new(size: u32, interval: Duration, now: Instant) -> Self {
        Self {
            size,
            left: size,
            interval,
            counted: now,
        }
    }

    /// Takes one, if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.counted);
        let ripe = waited.as_nanos().checked_div(self.interval.as_nanos());
        let ripe = ripe.map_or(u32::MAX, |ripe| u32::try_from(ripe).unwrap_or(u32::MAX));
        self.left = self.left.saturating_add(ripe).min(self.size);
        if self.left == self.size {
            self.counted = now;
        } else {
            self.counted += self.interval * ripe;
        }
        let taken = self.left.checked_sub(1);
        self.left = taken.unwrap_or(0);
        taken.is_some()
    }

    /// Puts one back.
    const fn give(&mut self) {
        if self.left < self.size {
            self.left += 1;
        }
    }
}

#[cfg(test)]
mod tests;
