//! An HTTP/2 caller's stream, which ends when it sends more of what costs us and not the caller
//! than it may: the engine has bounds for memory, not for these.
//!
//! The heads of frames are read as they pass, both ways; nothing is copied. Who goes too far gets
//! a GOAWAY with `ENHANCE_YOUR_CALM` as the last that it hears.

mod allowance;
mod frames;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::allowance::Allowance;
use self::frames::{Frame, Frames};
use crate::activity::Activity;
use crate::flood::Flood;
use crate::observed::Observed;
use crate::settings::FrameLimits;

/// Bytes that an HTTP/2 caller sends before its frames.
const PREFACE: usize = 24;
/// The error code of a GOAWAY to who sends too much.
const ENHANCE_YOUR_CALM: u32 = 0xb;

/// A stream that is guarded.
pub(crate) struct Guarded {
    io: Observed,
    activity: Arc<Activity>,
    received: Frames,
    sent: Frames,
    allowance: Allowance,
    /// What the caller has still to be told, once it has gone too far.
    farewell: Option<Bytes>,
}

impl Guarded {
    pub(crate) fn new(io: Observed, activity: &Arc<Activity>, limits: FrameLimits) -> Self {
        Self {
            io,
            allowance: Allowance::new(limits, activity.clock()),
            activity: Arc::clone(activity),
            received: Frames::after(PREFACE),
            sent: Frames::after(0),
            farewell: None,
        }
    }

    /// How many of these bytes the engine gets: all, or those to the end of the frame that was one
    /// too many. An end in the middle of a frame would be an error, after which the engine says
    /// nothing more.
    fn receive(&mut self, bytes: &[u8]) -> usize {
        if self.farewell.is_some() {
            return self.received.finish(bytes);
        }
        let mut rest = bytes;
        while let Some(frame) = self.received.next(&mut rest) {
            if let Err(flood) = self.allowance.receive(frame) {
                self.refuse(flood);
                return bytes.len() - rest.len() + self.received.finish(rest);
            }
        }
        bytes.len()
    }

    fn send(&mut self, mut bytes: &[u8]) {
        while let Some(frame) = self.sent.next(&mut bytes) {
            self.allowance.send(frame);
        }
    }

    /// Nothing is read beyond the frame. The engine takes that for the end of the connection: it
    /// cancels the requests, sends what it has and shuts the stream down.
    fn refuse(&mut self, flood: Flood) {
        self.activity.flood(flood);
        self.farewell = Some(go_away(self.allowance.last_stream(), flood));
    }

    /// Says why, after the last frame of the engine.
    fn part(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(farewell) = &mut self.farewell else {
            return Poll::Ready(Ok(()));
        };
        // The engine has broken off in the middle of a frame: nothing can be said any more.
        if !self.sent.is_between() {
            return Poll::Ready(Ok(()));
        }
        while farewell.has_remaining() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, farewell))? {
                0 => break,
                written => farewell.advance(written),
            }
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }
}

/// A GOAWAY frame.
fn go_away(last_stream: u32, flood: Flood) -> Bytes {
    let reason = flood.reason().as_bytes();
    let mut frame = BytesMut::new();
    // Reasons are short.
    let length = u32::try_from(8 + reason.len()).unwrap_or_default();
    frame.put_u32(length << 8 | u32::from(Frame::GOAWAY));
    frame.put_u8(0);
    frame.put_u32(0);
    frame.put_u32(last_stream);
    frame.put_u32(ENHANCE_YOUR_CALM);
    frame.put_slice(reason);
    frame.freeze()
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.farewell.is_some() && self.received.is_between() {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let received = buf.filled().get(before..).unwrap_or_default();
        let passed = self.receive(received);
        buf.set_filled(before + passed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.send(buf.get(..written).unwrap_or(buf));
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        let mut rest = written;
        for buf in bufs {
            let part = buf.get(..rest).unwrap_or(buf);
            self.send(part);
            rest -= part.len();
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.part(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
