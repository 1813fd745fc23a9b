//! What a downstream connection is doing: nothing, receiving a head, serving requests, or waiting
//! for a caller that does not read.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use sealane_seam::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::flood::Flood;

/// Shared by a connection's stream, which sees bytes come, and its requests. Only one thread
/// writes to it; it is shareable because an engine wants its stream to be.
pub(crate) struct Activity {
    clock: Arc<dyn Clock>,
    born: Instant,
    /// Requests being served.
    serving: AtomicU32,
    /// Bytes have come since the last request began.
    receiving: AtomicBool,
    /// When it began to be as it is, in milliseconds after `born`.
    since: AtomicU64,
    changed: Notify,
    /// Since when bytes wait that the caller does not take, in milliseconds after `born`, plus one;
    /// 0 when none do.
    stuck: AtomicU64,
    blocked: Notify,
    /// A head has taken too long: it is answered, and nothing more is read.
    over: AtomicBool,
    /// The caller has closed, or the connection broke.
    left: AtomicBool,
    /// A request was answered before all of it had come.
    unread: AtomicBool,
    /// The caller is sent away for this.
    flood: OnceLock<Flood>,
    flooded: Notify,
}

/// Why a connection should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tired {
    /// A request's head takes too long.
    Head,
    /// Nothing happens.
    Idle,
}

/// How long each may take; `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) head: Option<Duration>,
    pub(crate) idle: Option<Duration>,
}

impl Activity {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            born: clock.now(),
            clock,
            serving: AtomicU32::new(0),
            receiving: AtomicBool::new(false),
            since: AtomicU64::new(0),
            changed: Notify::new(),
            stuck: AtomicU64::new(0),
            blocked: Notify::new(),
            over: AtomicBool::new(false),
            left: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            flood: OnceLock::new(),
            flooded: Notify::new(),
        }
    }

    pub(crate) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// A request begins.
    pub(crate) fn begin(&self) {
        self.serving.fetch_add(1, Ordering::Relaxed);
        self.receiving.store(false, Ordering::Relaxed);
    }

    /// A request has ended.
    pub(crate) fn end(&self) {
        if self.serving.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.mark();
        }
    }

    /// Waits until the connection has been idle, or has been receiving a head, for too long.
    pub(crate) async fn tired(&self, patience: Patience) -> Tired {
        loop {
            let since = self.since.load(Ordering::Relaxed);
            let (tired, limit) = if self.receiving.load(Ordering::Relaxed) {
                (Tired::Head, patience.head)
            } else {
                (Tired::Idle, patience.idle)
            };
            let limit = limit.filter(|_| self.serving.load(Ordering::Relaxed) == 0);
            let over = async {
                match limit {
                    Some(limit) => {
                        let since = self.born + Duration::from_millis(since);
                        tokio::time::sleep_until(since + limit).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = over => {
                    let same = self.since.load(Ordering::Relaxed) == since;
                    if same && self.serving.load(Ordering::Relaxed) == 0 {
                        return tired;
                    }
                }
            }
        }
    }

    /// Waits until the caller has taken no byte for `limit` although there are some.
    pub(crate) async fn stuck(&self, limit: Option<Duration>) {
        let Some(limit) = limit else {
            return std::future::pending().await;
        };
        loop {
            let since = self.stuck.load(Ordering::Relaxed);
            let Some(age) = since.checked_sub(1) else {
                self.blocked.notified().await;
                continue;
            };
            tokio::time::sleep_until(self.born + Duration::from_millis(age) + limit).await;
            if self.stuck.load(Ordering::Relaxed) == since {
                return;
            }
        }
    }

    /// A head has taken too long.
    pub(crate) fn end_head(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn head_is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Nothing more comes from the caller.
    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// A request was answered before all of it had come.
    pub(crate) fn answered_early(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// The caller is sent away for `flood`.
    pub(crate) fn flood(&self, flood: Flood) {
        self.flood.get_or_init(|| flood);
        self.flooded.notify_one();
    }

    /// What the caller is sent away for.
    pub(crate) fn flooded(&self) -> Option<Flood> {
        self.flood.get().copied()
    }

    /// Waits until the caller is sent away, and has had this long to read why.
    pub(crate) async fn overstayed(&self, grace: Duration) {
        while self.flooded().is_none() {
            self.flooded.notified().await;
        }
        tokio::time::sleep(grace).await;
    }

    /// Whether bytes have come, or may come, that are no whole request.
    pub(crate) fn is_interrupted(&self) -> bool {
        if self.flooded().is_some() {
            return true;
        }
        let waiting = self.receiving.load(Ordering::Relaxed) || self.unread.load(Ordering::Relaxed);
        waiting && !self.has_left() && self.serving.load(Ordering::Relaxed) == 0
    }

    /// Whether a request's head has begun to come.
    pub(crate) fn is_receiving(&self) -> bool {
        self.receiving.load(Ordering::Relaxed)
    }

    /// How a write went.
    pub(crate) fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        match polled {
            Poll::Ready(Ok(_)) => self.stuck.store(0, Ordering::Relaxed),
            Poll::Ready(Err(_)) => self.leave(),
            Poll::Pending if self.stuck.load(Ordering::Relaxed) == 0 => {
                self.stuck.store(self.age() + 1, Ordering::Relaxed);
                self.blocked.notify_one();
            }
            Poll::Pending => {}
        }
    }

    /// Bytes have come.
    pub(crate) fn received(&self) {
        let idle = self.serving.load(Ordering::Relaxed) == 0;
        if idle && !self.receiving.swap(true, Ordering::Relaxed) {
            self.mark();
        }
    }

    fn mark(&self) {
        self.since.store(self.age(), Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Milliseconds since the connection began.
    fn age(&self) -> u64 {
        let age = self.clock.now().saturating_duration_since(self.born);
        u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Activity")
            .field("serving", &self.serving)
            .finish_non_exhaustive()
    }
}
