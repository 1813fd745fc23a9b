//! The way from the traffic threads to whoever writes records down: a channel with a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::access_log::AccessLog;
use super::record::AccessRecord;

/// Records that wait to be written, at most; more are dropped and counted.
pub const WAITING: usize = 16 * 1024;

/// The sending end, for any number of proxies.
#[derive(Debug, Clone)]
pub struct RecordSender {
    sender: mpsc::Sender<AccessRecord>,
    dropped: Arc<AtomicU64>,
}

/// A channel for at most `limit` records at a time.
pub fn records(limit: usize) -> (RecordSender, mpsc::Receiver<AccessRecord>) {
    let (sender, receiver) = mpsc::channel(limit);
    let sender = RecordSender {
        sender,
        dropped: Arc::default(),
    };
    (sender, receiver)
}

impl RecordSender {
    /// Records that were dropped because nobody took them in time.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl AccessLog for RecordSender {
    fn wanted(&self) -> bool {
        !self.sender.is_closed()
    }

    fn write(&self, record: AccessRecord) {
        if self.sender.try_send(record).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
