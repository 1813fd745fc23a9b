//! Limits that a listener sets on any request: how long its stream may be silent, and how long it
//! may take to arrive.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http_body::{Body as HttpBody, Frame, SizeHint};
use sealane_runtime::listener::HttpManager;
use sealane_seam::Clock;

use super::upload::Upload;
use crate::body::{Body, BodyError};
use crate::failure::Failure;

/// Watches one request.
#[derive(Clone)]
pub(crate) struct Watch {
    idle: Option<Duration>,
    arrival: Option<Duration>,
    upload: Rc<Upload>,
    clock: Arc<dyn Clock>,
}

impl Watch {
    pub(crate) fn of(manager: &HttpManager, upload: &Rc<Upload>, clock: &Arc<dyn Clock>) -> Self {
        let set = |limit: Option<Duration>| limit.filter(|limit| !limit.is_zero());
        Self {
            idle: set(manager.stream_idle_timeout),
            arrival: set(manager.request_timeout),
            upload: Rc::clone(upload),
            clock: Arc::clone(clock),
        }
    }

    /// Does `work`, until the head of the answer is there, within the limits.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if self.idle.is_none() && self.arrival.is_none() {
            return work.await;
        }
        self.upload.pass(self.clock.now());
        tokio::select! {
            biased;
            done = work => done,
            () = self.silence() => Err(Failure::StreamIdle { arrived: self.upload.whole().get() }),
            () = self.arrival() => Err(Failure::RequestTimeout),
        }
    }

    /// `body`, which may not be silent for too long.
    pub(crate) fn body(&self, body: Body) -> Body {
        if self.idle.is_none() || body.is_end_stream() {
            return body;
        }
        let watch = self.clone();
        Body::layered(Watched {
            body,
            watch: self.clone(),
            silence: Box::pin(async move { watch.silence().await }),
        })
    }

    /// Waits until nothing has passed for too long.
    async fn silence(&self) {
        let Some(limit) = self.idle else {
            return std::future::pending().await;
        };
        loop {
            let last = self.upload.last();
            let since = last.unwrap_or_else(|| self.clock.now());
            tokio::time::sleep_until(since + limit).await;
            if self.upload.last() == last {
                return;
            }
        }
    }

    /// Waits until the request should have arrived, and has not.
    async fn arrival(&self) {
        match self.arrival {
            Some(limit) => tokio::time::sleep(limit).await,
            None => return std::future::pending().await,
        }
        if self.upload.whole().get() {
            std::future::pending::<()>().await;
        }
    }
}

/// An answer's body that may not be silent for too long.
struct Watched {
    body: Body,
    watch: Watch,
    silence: LocalBoxFuture<'static, ()>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) {
            self.watch.upload.pass(self.watch.clock.now());
            return Poll::Ready(next);
        }
        self.silence
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err(BodyError::Idle)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
