//! What a downstream connection is doing: nothing, receiving a head, or serving requests.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sealane_seam::{BoxIo, Clock};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

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
        }
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

    fn received(&self) {
        let idle = self.serving.load(Ordering::Relaxed) == 0;
        if idle && !self.receiving.swap(true, Ordering::Relaxed) {
            self.mark();
        }
    }

    fn mark(&self) {
        let age = self.clock.now().saturating_duration_since(self.born);
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        self.since.store(age, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Activity")
            .field("serving", &self.serving)
            .finish_non_exhaustive()
    }
}

/// A stream that tells when bytes come.
pub(crate) struct Observed {
    pub(crate) io: BoxIo,
    pub(crate) activity: Arc<Activity>,
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.received();
        }
        polled
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
