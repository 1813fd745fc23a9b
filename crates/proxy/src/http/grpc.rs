//! What is seen of a gRPC call as it passes: its messages and its status.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::message::Response;
use crate::body::{Body, BodyError};

/// The highest status that gRPC has.
const MAX_STATUS: u8 = 16;
/// The status for one that gRPC does not have.
const UNKNOWN: u8 = 2;

/// One call.
#[derive(Debug, Default)]
pub(crate) struct Call {
    request: Rc<Side>,
    response: Rc<Side>,
}

/// One direction of a call.
#[derive(Debug, Default)]
struct Side {
    messages: Cell<Messages>,
    status: Cell<Option<u8>>,
}

impl Call {
    /// Watches the request's body.
    pub(crate) fn request(&self, body: Body) -> Body {
        Body::layered(Watched {
            body,
            side: Rc::clone(&self.request),
        })
    }

    /// Watches the response.
    pub(crate) fn response(&self, response: Response) -> Response {
        self.response.note_status(response.headers());
        response.map(|body| {
            if body.is_end_stream() {
                return body;
            }
            Body::layered(Watched {
                body,
                side: Rc::clone(&self.response),
            })
        })
    }

    /// How many messages have begun to pass: of the request, and of the response.
    pub(crate) fn messages(&self) -> [u64; 2] {
        [&self.request, &self.response].map(|side| side.messages.get().count)
    }

    /// The status, where the upstream, or the proxy, said one.
    pub(crate) fn status(&self) -> Option<u8> {
        self.response.status.get()
    }
}

impl Side {
    fn note_status(&self, headers: &HeaderMap) {
        let Some(status) = headers.get("grpc-status") else {
            return;
        };
        let status = status
            .to_str()
            .ok()
            .and_then(|text| text.parse::<u8>().ok());
        let status = status.filter(|status| *status <= MAX_STATUS);
        self.status.set(Some(status.unwrap_or(UNKNOWN)));
    }
}

/// Counts messages: each is a byte, four bytes with its length, and as many bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Messages {
    count: u64,
    /// Bytes of the head that have come, and the length as far as they tell.
    head: (u8, u32),
    /// Bytes of the message that are to come.
    left: usize,
}

impl Messages {
    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len());
                self.left -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let (seen, length) = self.head;
            // The first byte is no part of the length; it is shifted out of it.
            let length = (length << 8) | u32::from(if seen == 0 { 0 } else { *first });
            self.head = (seen + 1, length);
            if seen == 4 {
                self.count += 1;
                self.head = (0, 0);
                self.left = usize::try_from(length).unwrap_or(usize::MAX);
            }
            bytes = rest;
        }
    }
}

/// A body whose messages are counted.
struct Watched {
    body: Body,
    side: Rc<Side>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            if let Some(data) = frame.data_ref() {
                let mut messages = self.side.messages.get();
                messages.pass(data);
                self.side.messages.set(messages);
            }
            if let Some(trailers) = frame.trailers_ref() {
                self.side.note_status(trailers);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(lengths: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for length in lengths {
            bytes.push(1);
            bytes.extend(u32::try_from(*length).unwrap().to_be_bytes());
            bytes.extend(std::iter::repeat_n(0xff, *length));
        }
        bytes
    }

    proptest! {
        #[test]
        fn messages_are_counted_however_they_are_cut(
            lengths in prop::collection::vec(0_usize..600, 0..8),
            piece in 1_usize..700,
        ) {
            let mut messages = Messages::default();
            for piece in encoded(&lengths).chunks(piece) {
                messages.pass(piece);
            }
            prop_assert_eq!(messages.count, u64::try_from(lengths.len()).unwrap());
            prop_assert_eq!(messages.left, 0);
        }
    }

    #[test]
    fn a_status_that_grpc_does_not_have_is_unknown() {
        for (text, status) in [("0", 0), ("14", 14), ("17", 2), ("-1", 2), ("", 2)] {
            let side = Side::default();
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", text.parse().unwrap());
            side.note_status(&headers);
            assert_eq!(side.status.get(), Some(status), "{text:?}");
        }
    }
}
