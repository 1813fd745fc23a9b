//! A message's body: ours, whatever engine carries it.

use std::cell::Cell;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use thiserror::Error;

use crate::telemetry::flag::Flag;

/// A stream of bytes with optional trailers, pulled by whoever sends it on.
///
/// Nothing above the engines names their types: filters and `forward` see this one.
#[derive(Default)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Known bytes.
    Full(Bytes),
    /// What an engine receives.
    Engine(Received),
    /// A body that does something when it is pulled.
    Layered(LayeredBody),
}

/// What an engine receives, and how its end is to be understood.
pub(crate) struct Received {
    incoming: Incoming,
    cut: Cut,
}

/// What it means that an HTTP/2 stream was reset with `NO_ERROR`: hyper gives that as a clean end
/// of the body, so that half a message would pass as a whole one.
enum Cut {
    /// HTTP/1 has no such end.
    Never,
    /// The message is incomplete.
    Always,
    /// The message is incomplete when this is true: the whole request was sent. A server that wants
    /// no more of a request resets it after its whole answer (RFC 9113, 8.1); one that has had all
    /// of it has no reason to.
    When(Rc<Cell<bool>>),
}

/// A body wrapped in something.
pub(crate) type LayeredBody = Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError>>>;

/// Why a body broke off.
#[derive(Debug, Error)]
pub(crate) enum BodyError {
    /// The engine that receives it failed.
    #[error("the sender failed")]
    Engine(#[source] hyper::Error),
    /// It is shorter than announced.
    #[error("the sender broke off")]
    Truncated,
    /// Its bytes are not what HTTP says.
    #[error("the sender does not speak HTTP")]
    Garbled(#[source] hyper::Error),
    /// Its HTTP/2 stream was reset.
    #[error("the sender reset the stream")]
    Reset(#[source] Option<hyper::Error>),
    /// Nothing passed for too long.
    #[error("the stream was idle for too long")]
    Idle,
    /// The route's time is over.
    #[error("the time for the answer is over")]
    Timeout,
    /// A copy of a body fell too far behind.
    #[error("the copy fell behind")]
    Lagged,
    /// Whoever pulled the body first has stopped.
    #[error("the request was given up")]
    Abandoned,
}

impl BodyError {
    fn of(error: hyper::Error) -> Self {
        let stream = error.source().and_then(|c| c.downcast_ref::<h2::Error>());
        if stream.is_some_and(|stream| stream.is_reset() && stream.is_remote()) {
            return Self::Reset(Some(error));
        }
        let cause = error.source().and_then(|c| c.downcast_ref::<io::Error>());
        match cause.map(io::Error::kind) {
            Some(io::ErrorKind::UnexpectedEof) => Self::Truncated,
            // hyper's decoder of chunks says what is wrong with them in one of these two.
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Self::Garbled(error),
            _ if error.is_incomplete_message() => Self::Truncated,
            _ => Self::Engine(error),
        }
    }

    /// The flag and the details of an answer that breaks off so.
    pub(crate) const fn meaning(&self) -> (Flag, &'static str) {
        match self {
            Self::Timeout => (Flag::UpstreamTimeout, "response_timeout"),
            Self::Truncated | Self::Garbled(_) => (
                Flag::UpstreamProtocolError,
                "upstream_reset_after_response_started{protocol_error}",
            ),
            Self::Reset(_) => (
                Flag::UpstreamReset,
                "upstream_reset_after_response_started{remote_reset}",
            ),
            Self::Idle => (Flag::StreamIdleTimeout, "stream_idle_timeout"),
            Self::Engine(_) | Self::Lagged | Self::Abandoned => (
                Flag::UpstreamConnectionTermination,
                "upstream_reset_after_response_started{connection_termination}",
            ),
        }
    }
}

impl Body {
    /// Wraps `body`.
    pub(crate) fn layered(body: impl HttpBody<Data = Bytes, Error = BodyError> + 'static) -> Self {
        Self::Layered(Box::pin(body))
    }

    /// What an engine received in a message of this version; an empty one needs no engine.
    pub(crate) fn engine(incoming: Incoming, version: Version) -> Self {
        Self::received(incoming, version, Cut::Always)
    }

    /// The same for an answer; `sent` says whether the whole request was.
    pub(crate) fn answer(incoming: Incoming, version: Version, sent: &Rc<Cell<bool>>) -> Self {
        Self::received(incoming, version, Cut::When(Rc::clone(sent)))
    }

    fn received(incoming: Incoming, version: Version, cut: Cut) -> Self {
        if incoming.is_end_stream() {
            return Self::Empty;
        }
        let cut = if version == Version::HTTP_2 {
            cut
        } else {
            Cut::Never
        };
        Self::Engine(Received { incoming, cut })
    }
}

impl Received {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        let next = std::task::ready!(polled);
        if next.is_none() && self.is_cut() {
            return Poll::Ready(Some(Err(BodyError::Reset(None))));
        }
        Poll::Ready(next.map(|result| result.map_err(BodyError::of)))
    }

    /// Whether the end that the engine gives is none.
    fn is_cut(&self) -> bool {
        let is_meant = match &self.cut {
            Cut::Never => return false,
            Cut::Always => true,
            Cut::When(sent) => sent.get(),
        };
        let left = self.incoming.size_hint().exact();
        match left {
            Some(0) => false,
            Some(_) => true,
            None => is_meant && !self.incoming.is_end_stream(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::Empty
        } else {
            Self::Full(bytes)
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Engine(received) => received.poll(cx),
            Self::Layered(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Engine(received) => received.incoming.is_end_stream(),
            Self::Layered(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Self::Engine(received) => received.incoming.size_hint(),
            Self::Layered(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Full(_) => "Full",
            Self::Engine(_) => "Engine",
            Self::Layered(_) => "Layered",
        })
    }
}
