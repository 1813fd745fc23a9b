//! The sockets of a process, counted: who lets others in asks whether there is room.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often it is said that somebody was turned away.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// How many connections a process has, and may have before it turns new callers away.
///
/// Half of the file descriptors are for connections that are counted; the other half stays for what
/// those need in turn and for what listens.
#[derive(Debug)]
pub struct Descriptors {
    limit: usize,
    open: AtomicUsize,
    refused: AtomicU64,
    /// When it was last said that somebody was turned away. Held to look at it only.
    said: Mutex<Option<Instant>>,
}

impl Descriptors {
    /// A process that may open `files` files.
    pub fn of_process(files: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: files / 2,
            open: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            said: Mutex::default(),
        })
    }

    /// No limit.
    pub fn unlimited() -> Arc<Self> {
        Self::of_process(usize::MAX)
    }

    /// Connections at most, before new callers are turned away.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Callers that were turned away.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether new callers are turned away. Who asks on behalf of one has accepted it already.
    pub fn is_crowded(&self) -> bool {
        self.open() > self.limit
    }

    /// Counts a caller that is turned away. Gives their number when it is time to say so again.
    pub fn refuse(&self, now: Instant) -> Option<u64> {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = said.is_none_or(|said| now.saturating_duration_since(said) >= SAY_EVERY);
        is_due.then(|| {
            *said = Some(now);
            refused
        })
    }

    /// Counts a connection until the answer is dropped.
    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        self.open.fetch_add(1, Ordering::Relaxed);
        Held(Arc::clone(self))
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Held(Arc<Descriptors>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_more_than_half_of_the_files() {
        let descriptors = Descriptors::of_process(4);
        let held: Vec<_> = (0..2).map(|_| descriptors.hold()).collect();
        assert!(!descriptors.is_crowded());
        let third = descriptors.hold();
        assert!(descriptors.is_crowded());
        drop((held, third));
        assert_eq!(descriptors.open(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_said_now_and_then_that_callers_are_turned_away() {
        let descriptors = Descriptors::of_process(4);
        assert_eq!(descriptors.refuse(Instant::now()), Some(1));
        assert_eq!(descriptors.refuse(Instant::now()), None);
        tokio::time::advance(SAY_EVERY).await;
        assert_eq!(descriptors.refuse(Instant::now()), Some(3));
        assert_eq!(descriptors.refused(), 3);
    }
}
