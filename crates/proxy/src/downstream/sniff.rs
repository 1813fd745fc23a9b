//! What a connection's first bytes say, as listeners ask for it before they choose a chain: HTTP or
//! not, TLS or not, and the names in a `ClientHello`.

mod client_hello;
mod replay;
mod request_line;

use std::io;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use sealane_runtime::listener::Inspect;
use sealane_seam::BoxIo;
use thiserror::Error;
use tokio::io::AsyncReadExt;

use self::client_hello::{ClientHello, Hello, client_hello};
use self::replay::Replay;
pub(crate) use self::request_line::Protocol;
use self::request_line::{Line, PREFACE, RequestLine};

/// Bytes asked for at a time: a `ClientHello` or the head of a request usually fits.
const CHUNK: usize = 4096;

/// A connection whose first bytes were looked at; its `io` gives them again.
pub(crate) struct Inspected {
    pub(crate) io: BoxIo,
    pub(crate) seen: Seen,
}

/// What a connection's first bytes said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// They are a request of this HTTP.
    pub(crate) http: Option<Protocol>,
    /// They are a TLS handshake.
    pub(crate) tls: bool,
    /// The server name of the handshake, lower case.
    pub(crate) server_name: Option<Arc<str>>,
    /// The ALPN names of the handshake, or what the HTTP inspector found.
    pub(crate) application_protocols: Vec<Arc<str>>,
}

/// Why a connection is closed before a chain is chosen.
#[derive(Debug, Error)]
pub(crate) enum Unseen {
    /// The caller left without a byte.
    #[error("the caller left without saying anything")]
    Silent,
    /// The listener's time is over, and it does not go on without the bytes.
    #[error("the first bytes did not come in time")]
    Timeout,
    /// A `ClientHello` beyond the limit. Going on without its names would pass around every rule
    /// about them.
    #[error("the ClientHello is too long")]
    TooLong,
    /// Reading failed.
    #[error("the connection broke")]
    Io(#[source] io::Error),
}

/// Looks at the first bytes of `io` as `wanted` says, at most at `limit` of them.
///
/// Decides as soon as the bytes allow it. A caller that sends nothing is waited for as long as
/// `wanted` says, which may be for ever, as in Envoy.
pub(crate) async fn inspect(io: BoxIo, wanted: Inspect, limit: usize) -> Result<Inspected, Unseen> {
    let mut look = Look {
        io,
        bytes: BytesMut::new(),
        limit,
        tls: wanted.tls.then_some(0),
        http: wanted.http.then(RequestLine::default),
    };
    let seen = match wanted.timeout {
        None => look.run().await?,
        Some(limit) => match tokio::time::timeout(limit, look.run()).await {
            Ok(seen) => seen?,
            Err(_elapsed) if wanted.continue_on_timeout => Seen::default(),
            Err(_elapsed) => return Err(Unseen::Timeout),
        },
    };
    let io = rewound(look.io, look.bytes);
    Ok(Inspected { io, seen })
}

/// Which HTTP is spoken on a connection that is known to speak it. What is not HTTP/2 is taken for
/// HTTP/1, which refuses it with a better answer.
pub(crate) async fn version(mut io: BoxIo) -> io::Result<(Protocol, BoxIo)> {
    let mut bytes = BytesMut::new();
    let protocol = loop {
        if bytes.starts_with(PREFACE) {
            break Protocol::H2c;
        }
        if !PREFACE.starts_with(&bytes) || io.read_buf(&mut bytes).await? == 0 {
            break Protocol::Http11;
        }
    };
    Ok((protocol, rewound(io, bytes)))
}

fn rewound(io: BoxIo, bytes: BytesMut) -> BoxIo {
    if bytes.is_empty() {
        return io;
    }
    Box::new(Replay::new(bytes.freeze(), io))
}

/// An inspection under way.
struct Look {
    io: BoxIo,
    bytes: BytesMut,
    limit: usize,
    /// The number of bytes with which it makes sense to look for a `ClientHello` again; `None` when
    /// none is looked for any more.
    tls: Option<usize>,
    /// `None` when HTTP is not looked for.
    http: Option<RequestLine>,
}

impl Look {
    async fn run(&mut self) -> Result<Seen, Unseen> {
        loop {
            if let Some(seen) = self.decide()? {
                return Ok(seen);
            }
            let room = self.limit - self.bytes.len();
            self.bytes.reserve(room.min(CHUNK));
            let mut into = (&mut self.bytes).limit(room);
            let read = self.io.read_buf(&mut into).await.map_err(Unseen::Io)?;
            if read == 0 {
                let said_something = !self.bytes.is_empty();
                return said_something.then(Seen::default).ok_or(Unseen::Silent);
            }
        }
    }

    /// What the bytes so far say; `None` when more are needed.
    fn decide(&mut self) -> Result<Option<Seen>, Unseen> {
        let full = self.bytes.len() >= self.limit;
        if let Some(enough) = self.tls {
            match self.look_for_tls(enough) {
                Hello::Is(hello) => return Ok(Some(hello.into())),
                Hello::IsNot => self.tls = None,
                Hello::More(_) if full => return Err(Unseen::TooLong),
                Hello::More(enough) if enough > self.limit => return Err(Unseen::TooLong),
                Hello::More(enough) => {
                    self.tls = Some(enough);
                    return Ok(None);
                }
            }
        }
        let Some(line) = &mut self.http else {
            return Ok(Some(Seen::default()));
        };
        let decided = line.look(&self.bytes);
        let decided = decided.or_else(|| full.then(|| line.give_up()));
        Ok(decided.map(Seen::from))
    }

    fn look_for_tls(&self, enough: usize) -> Hello {
        if self.bytes.len() < enough {
            return Hello::More(enough);
        }
        client_hello(&self.bytes)
    }
}

impl From<Line> for Seen {
    fn from(line: Line) -> Self {
        let Line::Is(protocol) = line else {
            return Self::default();
        };
        let names = protocol.names().iter();
        Self {
            http: Some(protocol),
            application_protocols: names.map(|name| Arc::from(*name)).collect(),
            ..Self::default()
        }
    }
}

impl From<ClientHello> for Seen {
    fn from(hello: ClientHello) -> Self {
        Self {
            http: None,
            tls: true,
            server_name: hello.server_name.map(Arc::from),
            application_protocols: hello.alpn.into_iter().map(Arc::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
