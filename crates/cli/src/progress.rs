//! What is told on standard error while something takes longer than a second, on a terminal only.

use std::future::Future;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output::bar;

/// Nothing is told before that.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two pictures.
const PICTURE: Duration = Duration::from_millis(120);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Waits for `work`, and says `what` goes on when it takes long.
pub(crate) async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let mut line = Line::default();
    let mut pictures = tokio::time::interval(PICTURE);
    let mut work = std::pin::pin!(work);
    let began = Instant::now();
    let mut wheel = SPINNER.iter().cycle();
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = pictures.tick() => {
                if began.elapsed() >= PATIENCE
                    && let Some(sign) = wheel.next()
                {
                    line.show(&format!("{sign} {what} · {} s", began.elapsed().as_secs()));
                }
            }
        }
    }
}

/// How far a known amount of work is.
pub(crate) struct Progress {
    line: Line,
    began: Instant,
    last: Instant,
    total: u32,
    wanted: bool,
}

impl Progress {
    /// Of `total` pieces.
    pub(crate) fn of(total: u32) -> Self {
        let now = Instant::now();
        Self {
            line: Line::default(),
            began: now,
            last: now,
            total,
            wanted: std::io::stderr().is_terminal(),
        }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u32) {
        if !self.wanted || self.began.elapsed() < PATIENCE || self.last.elapsed() < PICTURE {
            return;
        }
        self.last = Instant::now();
        let share = f64::from(done) / f64::from(self.total.max(1));
        let text = format!("  {done} of {} calls  {}", self.total, bar(share, 30));
        self.line.show(&text);
    }
}

/// A line of the terminal that is written over, and wiped at last.
#[derive(Default)]
struct Line {
    shown: bool,
}

impl Line {
    fn show(&mut self, text: &str) {
        self.shown = true;
        let mut out = anstream::stderr().lock();
        // Where standard error is closed there is nobody to tell.
        drop(write!(out, "\r{text}\x1b[K").and_then(|()| out.flush()));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.shown {
            let mut out = anstream::stderr().lock();
            drop(write!(out, "\r\x1b[K").and_then(|()| out.flush()));
        }
    }
}
