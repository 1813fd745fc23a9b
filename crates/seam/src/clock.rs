//! Time as an argument.

use std::time::SystemTime;

use tokio::time::Instant;

/// Where the time comes from. Timers (`tokio::time::sleep`) follow the same source.
pub trait Clock: Send + Sync + 'static {
    /// The monotonic time, for measuring durations.
    fn now(&self) -> Instant;

    /// The time of day, for log lines.
    fn wall(&self) -> SystemTime;
}

/// Tokio's clock: real, or paused and moved by the test that owns the runtime.
#[derive(Debug, Clone)]
pub struct TokioClock {
    start: Instant,
    wall: SystemTime,
}

impl TokioClock {
    /// A clock whose time of day is `wall` now and moves with tokio's time.
    pub fn starting_at(wall: SystemTime) -> Self {
        let start = Instant::now();
        Self { start, wall }
    }

    /// A clock that shows the machine's time of day.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub fn real() -> Self {
        Self::starting_at(SystemTime::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        self.wall + self.now().saturating_duration_since(self.start)
    }
}
