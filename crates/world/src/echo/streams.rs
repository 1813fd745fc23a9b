//! Requests whose answer is a stream: gRPC calls, events, and bodies that are asked back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Sleep;

const X_ECHO_BODY: HeaderName = HeaderName::from_static("x-echo-body");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// The time from one event to the next.
const TICK: Duration = Duration::from_secs(1);

/// What is answered with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// A gRPC call: each message comes back, then the status 0.
    Grpc,
    /// `x-echo-body`: the body comes back as it comes.
    Body,
    /// `accept: text/event-stream`: an event a second.
    Events,
}

impl Stream {
    /// What `head` asks for; `None` for the usual answer.
    pub(super) fn wanted(head: &Parts) -> Option<Self> {
        let begins = |name: &HeaderName, start: &[u8]| {
            let value = head.headers.get(name);
            value.is_some_and(|value| value.as_bytes().starts_with(start))
        };
        if head.version == Version::HTTP_2 && begins(&CONTENT_TYPE, b"application/grpc") {
            Some(Self::Grpc)
        } else if head.headers.contains_key(X_ECHO_BODY) {
            Some(Self::Body)
        } else if begins(&ACCEPT, b"text/event-stream") {
            Some(Self::Events)
        } else {
            None
        }
    }

    /// Makes `response`, which tells who answers, the beginning of a stream.
    pub(super) fn begin(
        self,
        response: Response<Full<Bytes>>,
        pod: &str,
        body: Incoming,
    ) -> Response<Reply> {
        let (mut parts, _) = response.into_parts();
        let (kind, reply) = match self {
            Self::Grpc => {
                let mut trailers = HeaderMap::new();
                trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
                let trailers = Some(trailers);
                ("application/grpc", Reply::Back { body, trailers })
            }
            Self::Body => {
                let trailers = None;
                ("application/octet-stream", Reply::Back { body, trailers })
            }
            Self::Events => {
                let never = HeaderValue::from_static("no-cache");
                parts.headers.insert(CACHE_CONTROL, never);
                ("text/event-stream", Reply::Events(Events::of(pod)))
            }
        };
        parts
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Response::from_parts(parts, reply)
    }
}

/// The body of an answer.
pub(super) enum Reply {
    /// All of it is known.
    Whole(Full<Bytes>),
    /// The request's body, and trailers of ours.
    Back {
        body: Incoming,
        trailers: Option<HeaderMap>,
    },
    /// Events, until the caller has enough of them.
    Events(Events),
}

/// Events that tell their number.
pub(super) struct Events {
    pod: String,
    number: u64,
    pause: Pin<Box<Sleep>>,
}

impl Events {
    fn of(pod: &str) -> Self {
        Self {
            pod: pod.to_owned(),
            number: 0,
            pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        ready!(self.pause.as_mut().poll(cx));
        self.number += 1;
        self.pause = Box::pin(tokio::time::sleep(TICK));
        let (number, pod) = (self.number, &self.pod);
        Poll::Ready(Bytes::from(format!("id: {number}\ndata: {pod}\n\n")))
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Back { body, trailers } => match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) if frame.is_data() => Poll::Ready(Some(Ok(frame))),
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                // The caller's trailers are its own.
                Some(Ok(_)) | None => Poll::Ready(
                    trailers
                        .take()
                        .map(|trailers| Ok(Frame::trailers(trailers))),
                ),
            },
            Self::Events(events) => events.poll(cx).map(|event| Some(Ok(Frame::data(event)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Back { body, trailers } => trailers.is_none() && body.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Back {
                body,
                trailers: None,
            } => body.size_hint(),
            Self::Back { .. } | Self::Events(_) => SizeHint::default(),
        }
    }
}
