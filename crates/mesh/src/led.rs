//! Connections to what is no part of this process: a workload's process, or something that runs
//! already.
//!
//! They are counted, so that a process that is replaced is stopped only when nobody waits for it.
//! A proxy keeps idle connections for long; those are ended from here once their process retires.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sealane_seam::BoxIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

/// How long a connection to a process that retires says nothing before it counts as idle.
const QUIET: Duration = Duration::from_secs(1);

/// The connections that lead to one process.
#[derive(Debug, Default)]
pub(crate) struct Open {
    count: watch::Sender<usize>,
    retired: watch::Sender<bool>,
}

impl Open {
    /// Whether nobody shall come any more.
    pub(crate) fn is_retired(&self) -> bool {
        *self.retired.borrow()
    }

    /// Lets the process's addresses lead to it no more, and ends connections as they become idle.
    pub(crate) fn retire(&self) {
        self.retired.send_replace(true);
    }

    /// Waits until there is none.
    pub(crate) async fn none(&self) {
        // The sender lives as long as `self`.
        drop(self.count.subscribe().wait_for(|count| *count == 0).await);
    }

    /// A connection that counts among these while it lives.
    pub(crate) fn count(self: &Arc<Self>, io: BoxIo) -> BoxIo {
        self.count.send_modify(|count| *count += 1);
        let mut retired = self.retired.subscribe();
        let retiring = async move { drop(retired.wait_for(|retired| *retired).await) };
        Box::new(Led {
            io,
            asked: false,
            retiring: Some(Box::pin(retiring)),
            quiet: None,
            open: Arc::clone(self),
        })
    }
}

/// A connection that ends when its process retires and it is idle.
struct Led {
    io: BoxIo,
    /// Whether the last bytes went out: an answer is waited for.
    asked: bool,
    /// Ends when the process retires.
    retiring: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Runs from the last byte on, once the process retires.
    quiet: Option<Pin<Box<Sleep>>>,
    open: Arc<Open>,
}

impl Led {
    /// Ready when the connection shall end.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(retiring) = &mut self.retiring {
            std::task::ready!(retiring.as_mut().poll(cx));
            self.retiring = None;
            self.quiet = Some(Box::pin(sleep(QUIET)));
        }
        let Some(quiet) = &mut self.quiet else {
            return Poll::Pending;
        };
        while quiet.as_mut().poll(cx).is_ready() {
            if !self.asked {
                return Poll::Ready(());
            }
            quiet.as_mut().reset(Instant::now() + QUIET);
        }
        Poll::Pending
    }

    fn moved(&mut self, asked: bool) {
        self.asked = asked;
        if let Some(quiet) = &mut self.quiet {
            quiet.as_mut().reset(Instant::now() + QUIET);
        }
    }
}

impl Drop for Led {
    fn drop(&mut self) {
        self.open.count.send_modify(|count| *count -= 1);
    }
}

impl AsyncRead for Led {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        match &read {
            // Nothing more is filled: the other end looks closed.
            Poll::Pending => self.poll_idle(cx).map(Ok),
            Poll::Ready(_) => {
                self.moved(false);
                read
            }
        }
    }
}

impl AsyncWrite for Led {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.moved(true);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.moved(true);
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn connection(open: &Arc<Open>) -> (BoxIo, DuplexStream) {
        let (ours, theirs) = duplex(64);
        (open.count(Box::new(ours)), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_of_a_process_that_retires_ends() {
        let open = Arc::new(Open::default());
        let (mut io, mut process) = connection(&open);
        io.write_all(b"ask").await.unwrap();
        open.retire();
        let answering = async {
            sleep(QUIET * 5).await;
            process.write_all(b"answer").await.unwrap();
            process
        };
        let reading = async {
            let mut text = String::new();
            io.read_to_string(&mut text).await.unwrap();
            drop(io);
            text
        };
        let (_process, text) = tokio::join!(answering, reading);
        assert_eq!(
            text, "answer",
            "an answer is waited for, then the connection ends"
        );
        open.none().await;
    }
}
