//! Bodies that a test feeds, part by part.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

/// A body that comes as it is fed; it breaks off when its feed is dropped before the end.
pub(crate) struct Frames(mpsc::Receiver<Option<Frame<Bytes>>>);

/// The other end.
pub(crate) struct Feed(mpsc::Sender<Option<Frame<Bytes>>>);

/// A body and its feed. One part is in flight.
pub(crate) fn frames() -> (Feed, Frames) {
    let (sender, receiver) = mpsc::channel(1);
    (Feed(sender), Frames(receiver))
}

impl Feed {
    /// Waits until the last part was taken.
    pub(crate) async fn send(&self, data: impl Into<Bytes>) {
        self.0.send(Some(Frame::data(data.into()))).await.unwrap();
    }

    /// Ends the body with trailers.
    pub(crate) async fn trailers(&self, pairs: &[(&'static str, &'static str)]) {
        let mut trailers = HeaderMap::new();
        for (name, value) in pairs {
            trailers.insert(*name, value.parse().unwrap());
        }
        self.0.send(Some(Frame::trailers(trailers))).await.unwrap();
    }

    /// Ends the body.
    pub(crate) async fn end(&self) {
        self.0.send(None).await.unwrap();
    }
}

/// Broke off.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the feed was dropped")
    }
}

impl std::error::Error for Cut {}

impl Body for Frames {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.0.poll_recv(cx).map(|next| match next {
            Some(Some(frame)) => Some(Ok(frame)),
            Some(None) => None,
            None => Some(Err(Cut)),
        })
    }
}
