//! What a connection is, from its first bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use sealane_runtime::listener::Inspect;
use sealane_seam::BoxIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::hello::{self, Hello, Told};
use crate::upstream::sender::Protocol;

/// How an HTTP/2 connection begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The longest method that is looked for.
const LONGEST_METHOD: usize = 32;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Found {
    /// HTTP without TLS, of this version.
    pub(crate) http: Option<Protocol>,
    /// TLS, with what its first message says.
    pub(crate) tls: Option<Hello>,
}

impl Found {
    /// The application protocols, as filter chains name them.
    pub(crate) fn application_protocols(&self) -> Vec<Arc<str>> {
        let http = self.http.map(|protocol| match protocol {
            Protocol::Http1 => "http/1.1",
            Protocol::Http2 => "h2c",
        });
        let tls = self
            .tls
            .iter()
            .flat_map(|hello| &hello.alpn)
            .map(Arc::clone);
        http.map(Arc::from).into_iter().chain(tls).collect()
    }
}

/// A connection whose first bytes were read, and are given again.
pub(crate) struct Rewound {
    seen: Bytes,
    io: BoxIo,
}

/// The connection could not be told apart in time, and the listener does not go on without.
#[derive(Debug)]
pub(crate) struct TimedOut;

/// Reads as much of `io` as it takes to know what it is, at most `limit` bytes.
pub(crate) async fn sniff(
    mut io: BoxIo,
    inspect: Inspect,
    limit: usize,
) -> io::Result<Result<(Found, BoxIo), TimedOut>> {
    let mut seen = BytesMut::new();
    let looking = look(&mut io, &mut seen, inspect, limit);
    let found = match inspect.timeout.filter(|time| !time.is_zero()) {
        None => looking.await?,
        Some(time) => match tokio::time::timeout(time, looking).await {
            Ok(found) => found?,
            Err(_elapsed) if inspect.continue_on_timeout => Found::default(),
            Err(_elapsed) => return Ok(Err(TimedOut)),
        },
    };
    Ok(Ok((found, rewound(io, seen))))
}

/// Which HTTP is spoken on a connection that is known to speak it. What is no HTTP/2 is taken for
/// HTTP/1, which will refuse it with a better answer.
pub(crate) async fn version(mut io: BoxIo) -> io::Result<(Protocol, BoxIo)> {
    let mut seen = BytesMut::new();
    let protocol = loop {
        if seen.starts_with(PREFACE) {
            break Protocol::Http2;
        }
        if !PREFACE.starts_with(&seen) || io.read_buf(&mut seen).await? == 0 {
            break Protocol::Http1;
        }
    };
    Ok((protocol, rewound(io, seen)))
}

async fn look(
    io: &mut BoxIo,
    seen: &mut BytesMut,
    inspect: Inspect,
    limit: usize,
) -> io::Result<Found> {
    let mut found = Found::default();
    let (mut http, mut tls) = (inspect.http, inspect.tls);
    while http || tls {
        if io.read_buf(seen).await? == 0 {
            break;
        }
        if http {
            match http_version(seen) {
                Told::NotYet => {}
                Told::No => http = false,
                Told::Yes(version) => found.http = Some(version),
            }
        }
        if tls {
            match hello::parse(seen) {
                Told::NotYet => {}
                Told::No => tls = false,
                Told::Yes(hello) => found.tls = Some(hello),
            }
        }
        // What is one is not the other.
        let decided = found.http.is_some() || found.tls.is_some();
        if decided || seen.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// Whether `seen` begins a connection that speaks HTTP, and which.
fn http_version(seen: &[u8]) -> Told<Protocol> {
    if seen.starts_with(PREFACE) {
        return Told::Yes(Protocol::Http2);
    }
    if PREFACE.starts_with(seen) {
        return Told::NotYet;
    }
    let method = seen.iter().take_while(|byte| is_method(**byte)).count();
    match seen.get(method) {
        None if method <= LONGEST_METHOD => return Told::NotYet,
        Some(b' ') if method > 0 && method <= LONGEST_METHOD => {}
        _ => return Told::No,
    }
    let Some(line_end) = seen.iter().position(|byte| *byte == b'\n') else {
        return Told::NotYet;
    };
    let line = seen.get(..line_end).unwrap_or_default().trim_ascii_end();
    let last = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    if last.starts_with(b"HTTP/") {
        Told::Yes(Protocol::Http1)
    } else {
        Told::No
    }
}

const fn is_method(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-'
}

fn rewound(io: BoxIo, seen: BytesMut) -> BoxIo {
    if seen.is_empty() {
        return io;
    }
    Box::new(Rewound {
        seen: seen.freeze(),
        io,
    })
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
        let count = self.seen.len().min(buf.remaining());
        buf.put_slice(self.seen.get(..count).unwrap_or_default());
        self.seen.advance(count);
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

    #[track_caller]
    fn check(seen: &str, want: &Told<Protocol>) {
        assert_eq!(http_version(seen.as_bytes()), *want, "{seen:?}");
    }

    #[test]
    fn http_is_told_from_the_rest_by_its_first_line() {
        check("", &Told::NotYet);
        check("GET /", &Told::NotYet);
        check("GET / HTTP/1.1\r\n", &Told::Yes(Protocol::Http1));
        check("GET / HTTP/1.0\n", &Told::Yes(Protocol::Http1));
        check("PRI * HTTP/2.0\r\n", &Told::NotYet);
        check(
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            &Told::Yes(Protocol::Http2),
        );
        check("hello world\n", &Told::No);
        check("hello\n", &Told::No);
        check("\u{16}\u{3}\u{1}", &Told::No);
        check("GET /\r\n", &Told::No);
    }
}
