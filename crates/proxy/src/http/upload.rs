//! How far a request's body is: counted as it passes.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

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
    end: Notify,
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

    pub(crate) fn finish(&self, now: Instant) {
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
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(next) = &polled {
            let upload = &self.upload;
            let count = data_length(next.as_ref());
            upload.bytes.set(upload.bytes.get() + count);
            if next.is_none() || self.body.is_end_stream() {
                upload.finish(self.clock.now());
            }
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
