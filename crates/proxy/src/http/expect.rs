//! `Expect: 100-continue`, hop by hop: the caller is told to send its body when the upstream says
//! so.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::header::EXPECT;
use http::{HeaderMap, Request, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::Notify;

use crate::body::{Body, BodyError};
use crate::failure::Refusal;

/// How long an upstream that says nothing is waited for: an HTTP/1.0 one never says anything, and
/// callers do not wait longer either (curl waits a second).
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a request waits for `100 Continue` before it sends its body. Nothing else may be
/// expected.
pub(crate) fn expects_continue(headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut expectations = headers.get_all(EXPECT).iter().peekable();
    if expectations.peek().is_none() {
        return Ok(false);
    }
    let is_known = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
    if expectations.all(|value| is_known(value.as_bytes())) {
        Ok(true)
    } else {
        Err(Refusal::Expectation)
    }
}

/// Holds a body back until the upstream wants it.
#[derive(Default)]
pub(crate) struct Gate {
    open: AtomicBool,
    opened: Notify,
}

impl Gate {
    /// `body`, behind a closed gate.
    pub(crate) fn before(body: Body) -> (Arc<Self>, Body) {
        let gate = Arc::new(Self::default());
        let waits = Arc::clone(&gate);
        let held = Held {
            body,
            waiting: Some(Box::pin(async move { waits.pass().await })),
        };
        (gate, Body::layered(held))
    }

    /// Opens the gate when the upstream answers `100 Continue` to `request`.
    pub(crate) fn watch<B>(self: &Arc<Self>, request: &mut Request<B>) {
        let gate = Arc::clone(self);
        hyper::ext::on_informational(request, move |answer| {
            if answer.status() == StatusCode::CONTINUE {
                gate.open();
            }
        });
    }

    fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
        self.opened.notify_one();
    }

    /// Waits until the gate is open, or an upstream has been waited for long enough.
    async fn pass(&self) {
        if !self.open.load(Ordering::Relaxed) {
            // It makes no difference which: the caller is told to go on.
            drop(tokio::time::timeout(PATIENCE, self.opened.notified()).await);
        }
    }
}

/// A body that is not pulled before its time: the engine answers `100 Continue` when it is.
struct Held {
    body: Body,
    waiting: Option<LocalBoxFuture<'static, ()>>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_thing_can_be_expected() {
        let mut headers = HeaderMap::new();
        assert_eq!(expects_continue(&headers), Ok(false));
        headers.insert(EXPECT, "100-Continue".parse().unwrap());
        assert_eq!(expects_continue(&headers), Ok(true));
        headers.append(EXPECT, "the-unexpected".parse().unwrap());
        assert_eq!(expects_continue(&headers), Err(Refusal::Expectation));
    }
}
