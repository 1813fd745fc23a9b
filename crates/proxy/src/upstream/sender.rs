//! One connection to an endpoint, from the sender's end: the engine and its errors.

use std::error::Error as _;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use sealane_seam::{BoxIo, Spawner};

use crate::body::Body;
use crate::failure::ResetReason;
use crate::settings::Settings;

/// What HTTP version is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// The sending end.
pub(crate) enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// A request that was not answered.
pub(crate) struct Unanswered {
    pub(crate) reason: ResetReason,
    /// The request, when not a byte of it was sent.
    pub(crate) unsent: Option<Request<Body>>,
}

impl Sender {
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let sent = match self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        };
        sent.map_err(|mut error| Unanswered {
            unsent: error.take_message(),
            reason: reset_reason(error.error()),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    /// Whether another request may be sent at once.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_ready(),
            Self::Http2(sender) => sender.is_ready(),
        }
    }

    /// Waits until another request may be sent; false when the connection has ended.
    pub(crate) async fn ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }
}

/// Drives a connection until it ends.
pub(crate) type Driver = LocalBoxFuture<'static, ()>;

/// What a connection to an endpoint may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    head_bytes: usize,
    headers: usize,
    buffer: usize,
    stream_window: u32,
    connection_window: u32,
    send_buffer: usize,
}

impl Room {
    pub(crate) const fn of(settings: &Settings) -> Self {
        Self {
            head_bytes: settings.response_head_bytes,
            headers: settings.response_headers,
            buffer: settings.connection_buffer,
            stream_window: settings.stream_window,
            connection_window: settings.connection_window,
            send_buffer: settings.send_buffer,
        }
    }
}

/// Starts to speak HTTP over `io`. The driver must be run for anything to happen.
pub(crate) async fn handshake(
    protocol: Protocol,
    io: BoxIo,
    executor: LocalExecutor,
    room: Room,
) -> Result<(Sender, Driver), ResetReason> {
    let io = TokioIo::new(io);
    match protocol {
        Protocol::Http1 => {
            let made = http1::Builder::new()
                .max_headers(room.headers)
                .max_header_size(room.head_bytes)
                .max_buf_size(room.buffer.max(room.head_bytes))
                .handshake(io)
                .await;
            let (sender, connection) = made.map_err(|error| reset_reason(&error))?;
            let driver = async move {
                if let Err(error) = connection.with_upgrades().await {
                    tracing::debug!(%error, "upstream connection failed");
                }
            };
            Ok((Sender::Http1(sender), Box::pin(driver)))
        }
        Protocol::Http2 => {
            let made = http2::Builder::new(executor)
                .timer(TokioTimer::new())
                .initial_stream_window_size(room.stream_window)
                .initial_connection_window_size(room.connection_window)
                .max_header_list_size(u32::try_from(room.head_bytes).unwrap_or(u32::MAX))
                .max_send_buf_size(room.send_buffer)
                .handshake(io)
                .await;
            let (sender, connection) = made.map_err(|error| reset_reason(&error))?;
            let driver = async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "upstream connection failed");
                }
            };
            Ok((Sender::Http2(sender), Box::pin(driver)))
        }
    }
}

/// Why the engine gave up, in Envoy's words.
pub(crate) fn reset_reason(error: &hyper::Error) -> ResetReason {
    if let Some(cause) = error.source().and_then(|c| c.downcast_ref::<h2::Error>()) {
        return match cause.reason() {
            Some(h2::Reason::REFUSED_STREAM) => ResetReason::RefusedStream,
            _ if cause.is_io() || cause.is_go_away() => ResetReason::ConnectionTermination,
            _ if cause.is_reset() && cause.is_remote() => ResetReason::RemoteReset,
            // By us, because the request's body broke off.
            _ if cause.is_reset() && !cause.is_library() => ResetReason::LocalReset,
            _ => ResetReason::ProtocolError,
        };
    }
    if error.is_parse() {
        return ResetReason::ProtocolError;
    }
    if error.is_user() {
        return ResetReason::LocalReset;
    }
    ResetReason::ConnectionTermination
}

/// Runs the engine's own tasks on our thread.
#[derive(Clone)]
pub(crate) struct LocalExecutor(pub(crate) Rc<dyn Spawner>);

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, task: F) {
        let task = async move {
            task.await;
        };
        self.0.spawn_local("http2", Box::pin(task));
    }
}
