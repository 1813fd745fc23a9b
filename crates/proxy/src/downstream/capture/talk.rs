//! One connection to a capture port: the engine that reads requests from it.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_seam::Connection;

use super::Capture;
use super::dispatch::Caller;
use super::kept::Kept;
use crate::activity::{Activity, Patience, Tired};
use crate::body::{Body, BodyError};
use crate::connection::last_call;
use crate::observed::Observed;
use crate::settings::Settings;

/// Answers the requests on `connection` until it ends.
pub(super) async fn talk(capture: &Rc<Capture>, connection: Connection) {
    let worker = &capture.worker;
    let _connected = worker.connected();
    let settings = worker.proxy().settings();
    let peer = connection.peer;
    let address = capture.source.unwrap_or_else(|| peer.ip());
    let source = SocketAddr::new(address, peer.port());
    let caller = Rc::new(Caller {
        capture: Rc::clone(capture),
        source,
        kept: Kept::new(worker, source),
    });
    let clock = Arc::clone(&worker.proxy().outside().clock);
    let activity = Arc::new(Activity::new(clock));
    let service = service_fn(|request: Request<Incoming>| {
        let busy = Busy::begin(&activity);
        let answer = Rc::clone(&caller).answer(request);
        async move {
            let response = answer.await?;
            Ok::<_, hyper::Error>(response.map(|body| Body::layered(Last { body, _busy: busy })))
        }
    });
    let delayed_close = settings.delayed_close;
    let io = Observed::new(connection.io, Arc::clone(&activity), delayed_close);
    let io = TokioIo::new(io);
    let engine = engine(settings).serve_connection(io, service);
    let mut serving = pin!(engine.with_upgrades());
    let patience = Patience {
        head: Some(settings.head_timeout),
        idle: Some(settings.idle_timeout),
    };
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        tired = activity.tired(patience) => {
            tracing::debug!(%peer, ?tired, "capture connection took too long");
            match tired {
                Tired::Head => activity.end_head(),
                Tired::Idle => serving.as_mut().graceful_shutdown(),
            }
            serving.await
        }
        () = last_call(worker.draining()) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "capture connection failed");
    }
}

fn engine(settings: &Settings) -> http1::Builder {
    let mut engine = http1::Builder::new();
    engine
        .header_read_timeout(None)
        .max_headers(settings.headers)
        .max_header_size(settings.head_bytes)
        .max_buf_size(settings.connection_buffer.max(settings.head_bytes))
        .preserve_header_case(true)
        .auto_date_header(false);
    engine
}

/// A request that is answered, until this is dropped.
struct Busy(Arc<Activity>);

impl Busy {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.begin();
        Self(Arc::clone(activity))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The body of an answer: with its end the request is over.
struct Last {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Last {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
