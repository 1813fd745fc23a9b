//! Which protocol a connection speaks, by its first bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use sealane_seam::BoxIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Bytes that are looked at, at most.
const LOOKED_AT: usize = 8 * 1024;
/// What an HTTP/2 connection starts with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// What an HTTP/1 request starts with.
const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
];

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1 or 1.0.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
    /// Anything else: lines of text.
    Lines,
}

/// Reads the start of a connection until it is clear what it speaks. The second part reads from
/// the start again.
pub(super) async fn sniff(mut io: BoxIo) -> io::Result<(Protocol, Rewound)> {
    let mut seen = BytesMut::new();
    loop {
        let ended = io.read_buf(&mut seen).await? == 0;
        let protocol = match protocol_of(&seen) {
            None if ended || seen.len() >= LOOKED_AT => Some(Protocol::Lines),
            protocol => protocol,
        };
        if let Some(protocol) = protocol {
            let seen = seen.freeze();
            return Ok((protocol, Rewound { seen, io }));
        }
    }
}

/// The protocol of a connection that starts with `start`; `None` while it may be several.
fn protocol_of(start: &[u8]) -> Option<Protocol> {
    if start.starts_with(PREFACE) {
        return Some(Protocol::Http2);
    }
    if METHODS.iter().any(|method| start.starts_with(method)) {
        return Some(Protocol::Http1);
    }
    // An unusual method is known by the version at the end of its line.
    let line = start.split(|byte| *byte == b'\n').next()?;
    if line.len() == start.len() {
        return None;
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_request = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
    Some(if is_request {
        Protocol::Http1
    } else {
        Protocol::Lines
    })
}

/// A connection that gives back first what was already read of it.
pub(super) struct Rewound {
    seen: Bytes,
    io: BoxIo,
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let length = self.seen.len().min(buf.remaining());
        let (now, _) = self.seen.split_at(length);
        buf.put_slice(now);
        self.seen.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_protocol() {
        for (start, protocol) in [
            (&b"GET / HTTP/1.1\r\n"[..], Some(Protocol::Http1)),
            (b"GET /", Some(Protocol::Http1)),
            (b"GE", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM", Some(Protocol::Http2)),
            (b"PRI * HTTP", None),
            (b"PURGE /a HTTP/1.1\r\n", Some(Protocol::Http1)),
            (b"hello", None),
            (b"hello\n", Some(Protocol::Lines)),
            (b"\r\n", Some(Protocol::Lines)),
        ] {
            assert_eq!(protocol_of(start), protocol, "{start:?}");
        }
    }
}
