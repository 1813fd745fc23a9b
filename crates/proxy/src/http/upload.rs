//! How far a request's body is: counted as it passes.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use sealane_seam::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::body::{Body, BodyError};

/// How far the request's body is.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    pub(crate) bytes: Cell<u64>,
    ended: Cell<Option<Instant>>,
    /// The caller has sent everything.
    whole: Rc<Cell<bool>>,
    broken: Cell<Option<Broken>>,
    /// When a part of the request, or of its answer, passed last.
    last: Cell<Option<Instant>>,
    /// Nobody wants the rest.
    given_up: Cell<bool>,
    /// Who waits for more of it.
    waiting: RefCell<Option<Waker>>,
    end: Notify,
}

/// How the caller broke its request off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It has left: nobody waits for an answer.
    Gone,
    /// What it sent is not HTTP.
    Garbled,
}

impl Upload {
    /// Waits until the caller has sent everything; when that was.
    pub(crate) async fn complete(&self) -> Instant {
        loop {
            match self.ended.get() {
                Some(ended) => return ended,
                None => self.end.notified().await,
            }
        }
    }

    /// How the caller broke off; `None` when it did not.
    pub(crate) const fn broken(&self) -> Option<Broken> {
        self.broken.get()
    }

    /// Whether the caller has sent everything.
    pub(crate) const fn whole(&self) -> &Rc<Cell<bool>> {
        &self.whole
    }

    /// Nobody wants the rest: whoever passes the body on stops.
    pub(crate) fn give_up(&self) {
        self.given_up.set(true);
        let waiting = self.waiting.borrow_mut().take();
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Something passed.
    pub(crate) fn pass(&self, now: Instant) {
        self.last.set(Some(now));
    }

    pub(crate) const fn last(&self) -> Option<Instant> {
        self.last.get()
    }

    fn fail(&self, error: &BodyError) {
        self.broken.set(Some(match error {
            BodyError::Garbled(_) => Broken::Garbled,
            _ => Broken::Gone,
        }));
    }

    pub(crate) fn finish(&self, now: Instant) {
        self.whole.set(true);
        if self.ended.get().is_none() {
            self.ended.set(Some(now));
            self.end.notify_waiters();
        }
    }
}

/// A request's body that is counted.
pub(crate) struct Counted {
    pub(crate) body: Body,
    pub(crate) upload: Rc<Upload>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether trailers pass.
    pub(crate) trailers: bool,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.upload.given_up.get() {
            return Poll::Ready(Some(Err(BodyError::Abandoned)));
        }
        let mut polled = Pin::new(&mut self.body).poll_frame(cx);
        if !self.trailers && matches!(&polled, Poll::Ready(Some(Ok(last))) if last.is_trailers()) {
            polled = Poll::Ready(None);
        }
        if let Poll::Ready(next) = &polled {
            let upload = &self.upload;
            upload.pass(self.clock.now());
            let count = data_length(next.as_ref());
            upload.bytes.set(upload.bytes.get() + count);
            if let Some(Err(error)) = next {
                upload.fail(error);
            } else if next.is_none() || self.body.is_end_stream() {
                upload.finish(self.clock.now());
            }
        } else {
            self.upload.waiting.replace(Some(cx.waker().clone()));
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

/// The bytes of a frame.
pub(crate) fn data_length(next: Option<&Result<Frame<Bytes>, BodyError>>) -> u64 {
    let data = next.and_then(|next| next.as_ref().ok()?.data_ref());
    data.map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX))
}
