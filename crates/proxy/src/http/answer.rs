//! An upstream's answer on its way to the caller.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::exchange::Exchange;
use super::hop;
use super::message::Response;
use super::timeout::Limits;
use super::tries::Answered;
use crate::body::{Body, BodyError};
use crate::live::endpoint::Active;
use crate::upstream::pool::Lease;

/// The response that the caller gets. The connection is held by its body, and kept when that has
/// been read to the end.
pub(crate) fn pass_on(answered: Answered, exchange: &mut Exchange, limits: &Limits) -> Response {
    let Answered {
        response,
        lease,
        active,
    } = answered;
    let (mut parts, body) = response.into_parts();
    let trailers = parts.version == Version::HTTP_2 || exchange.passes_http1_trailers();
    hop::strip_response(&mut parts.headers, trailers);
    let now = exchange.downstream.worker.proxy().outside().clock.now();
    let took = now.saturating_duration_since(limits.from).as_millis();
    let took = u64::try_from(took).unwrap_or(u64::MAX);
    parts
        .headers
        .insert("x-envoy-upstream-service-time", took.into());
    exchange.record.upstream_service_time = Some(took);
    exchange.record.details = "via_upstream".into();
    let body = Body::answer(body, parts.version, exchange.upload().whole());
    let body = if body.is_end_stream() {
        lease.release();
        Body::Empty
    } else {
        limits.body(Body::layered(FromUpstream {
            body,
            held: Some((lease, active)),
            trailers,
        }))
    };
    Response::from_parts(parts, body)
}

/// Reads `body` to its end and throws it away.
pub(crate) async fn discard(answered: Answered) {
    let version = answered.response.version();
    let mut body = FromUpstream {
        body: Body::engine(answered.response.into_body(), version),
        held: Some((answered.lease, answered.active)),
        trailers: false,
    };
    while let Some(Ok(_)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
    if body.is_end_stream() {
        body.release();
    }
}

/// A body that keeps its connection when it ends, and closes it when it is dropped before.
struct FromUpstream {
    body: Body,
    held: Option<(Lease, Active)>,
    /// Whether trailers pass.
    trailers: bool,
}

impl FromUpstream {
    fn release(&mut self) {
        if let Some((lease, _active)) = self.held.take() {
            lease.release();
        }
    }
}

impl HttpBody for FromUpstream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(cx);
        if !self.trailers && matches!(&polled, Poll::Ready(Some(Ok(last))) if last.is_trailers()) {
            polled = Poll::Ready(None);
        }
        match &polled {
            Poll::Ready(None) => self.release(),
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.release(),
            Poll::Ready(Some(Err(_))) => drop(self.held.take()),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
