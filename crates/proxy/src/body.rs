//! A message's body: ours, whatever engine carries it.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use thiserror::Error;

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
    Engine(Incoming),
    /// A body that does something when it is pulled.
    Layered(LayeredBody),
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
        let cause = error.source().and_then(|c| c.downcast_ref::<io::Error>());
        let cut = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof);
        if cut || error.is_incomplete_message() {
            Self::Truncated
        } else {
            Self::Engine(error)
        }
    }
}

impl Body {
    /// Wraps `body`.
    pub(crate) fn layered(body: impl HttpBody<Data = Bytes, Error = BodyError> + 'static) -> Self {
        Self::Layered(Box::pin(body))
    }

    /// What an engine received; an empty one needs no engine.
    pub(crate) fn engine(incoming: Incoming) -> Self {
        if incoming.is_end_stream() {
            Self::Empty
        } else {
            Self::Engine(incoming)
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
            Self::Engine(incoming) => {
                let frame = Pin::new(incoming).poll_frame(cx);
                frame.map(|next| next.map(|result| result.map_err(BodyError::of)))
            }
            Self::Layered(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(_) => false,
            Self::Engine(incoming) => incoming.is_end_stream(),
            Self::Layered(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Self::Engine(incoming) => incoming.size_hint(),
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
