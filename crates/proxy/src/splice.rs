//! Two byte streams joined: what comes from one goes to the other, until both have ended.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sealane_seam::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// How a splice ended.
#[derive(Debug)]
pub(crate) enum Over {
    /// Both sides have ended.
    Closed,
    /// A side broke off.
    Broken(io::Error),
    /// Nothing passed for too long.
    Idle,
    /// It lasted too long.
    Expired,
}

/// What has passed. Readable while the splice runs, and after it was dropped.
pub(crate) struct Passed {
    /// From the first stream to the second.
    pub(crate) forth: Cell<u64>,
    /// From the second stream to the first.
    pub(crate) back: Cell<u64>,
    last: Cell<Instant>,
    clock: Arc<dyn Clock>,
}

/// The limits of a splice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Without a byte.
    pub(crate) idle: Option<Duration>,
    /// In any case.
    pub(crate) total: Option<Duration>,
}

impl Passed {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            forth: Cell::new(0),
            back: Cell::new(0),
            last: Cell::new(clock.now()),
            clock,
        }
    }

    /// Waits until nothing has passed for `limit`.
    async fn idle(&self, limit: Option<Duration>) {
        let Some(limit) = limit else {
            return std::future::pending().await;
        };
        loop {
            let last = self.last.get();
            tokio::time::sleep_until(last + limit).await;
            if self.last.get() == last {
                return;
            }
        }
    }
}

/// Joins `first` and `second`. An end of one is passed to the other, which may go on.
pub(crate) async fn splice<A, B>(first: A, second: B, passed: &Passed, limits: Limits) -> Over
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut first = Metered {
        io: first,
        count: &passed.forth,
        passed,
    };
    let mut second = Metered {
        io: second,
        count: &passed.back,
        passed,
    };
    let expired = async {
        match limits.total {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        done = tokio::io::copy_bidirectional(&mut first, &mut second) => match done {
            Ok(_) => Over::Closed,
            Err(error) => Over::Broken(error),
        },
        () = passed.idle(limits.idle) => Over::Idle,
        () = expired => Over::Expired,
    }
}

/// A stream whose incoming bytes are counted.
struct Metered<'a, T> {
    io: T,
    count: &'a Cell<u64>,
    passed: &'a Passed,
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<'_, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        let read = u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        if read > 0 {
            self.count.set(self.count.get().saturating_add(read));
            self.passed.last.set(self.passed.clock.now());
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<'_, T> {
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
}
