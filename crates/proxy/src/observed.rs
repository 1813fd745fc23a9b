//! A downstream connection's stream: it tells when bytes come and when none go, answers a head that
//! never ended, and closes so that the caller can read its last answer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sealane_seam::BoxIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::activity::Activity;

/// What Envoy answers to a head that takes too long.
const HEAD_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 22\r\n\
    content-type: text/plain\r\nconnection: close\r\n\r\nrequest header timeout";
/// Bytes that are read and thrown away at once, while a closed connection waits.
const SCRAP: usize = 8 * 1024;

/// A stream that tells what happens on it.
pub(crate) struct Observed {
    io: BoxIo,
    activity: Arc<Activity>,
    /// How long a connection that is closed with the caller still sending waits for it to stop:
    /// a socket that is closed with unread bytes resets, and takes the answer with it.
    delayed_close: Duration,
    /// The bytes of [`HEAD_TIMEOUT`] that were written.
    told: usize,
    closing: Closing,
}

/// How far a shutdown is.
enum Closing {
    Open,
    /// We have said our last; the caller has this long to do the same.
    Waiting(Pin<Box<Sleep>>),
}

impl Observed {
    pub(crate) fn new(io: BoxIo, activity: Arc<Activity>, delayed_close: Duration) -> Self {
        Self {
            io,
            activity,
            delayed_close,
            told: 0,
            closing: Closing::Open,
        }
    }

    /// Answers half a head, then ends.
    fn give_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = HEAD_TIMEOUT
            .get(self.told..)
            .filter(|rest| !rest.is_empty())
        {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if written == 0 {
                break;
            }
            self.told += written;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what the caller still sends, until it stops or the time is over.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Closing::Waiting(over) = &mut self.closing else {
            return Poll::Ready(());
        };
        if over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut scrap = [0; SCRAP];
        // A caller that never stops is not read for ever at one go.
        for _ in 0..16 {
            let mut buf = ReadBuf::new(&mut scrap);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.activity.head_is_over() {
            return self.give_up(cx);
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) if buf.filled().len() > before => self.activity.received(),
            Poll::Ready(Ok(())) if buf.remaining() > 0 => self.activity.leave(),
            Poll::Ready(Err(_)) => self.activity.leave(),
            Poll::Ready(Ok(())) | Poll::Pending => {}
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
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        self.activity.wrote(&polled);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Closing::Open = self.closing {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            if self.delayed_close.is_zero() || !self.activity.is_interrupted() {
                return Poll::Ready(Ok(()));
            }
            self.closing = Closing::Waiting(Box::pin(tokio::time::sleep(self.delayed_close)));
        }
        self.wait(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.activity.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
