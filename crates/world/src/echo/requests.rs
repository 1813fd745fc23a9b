//! A connection of HTTP requests.

use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use http::header::UPGRADE;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_seam::Spawner;
use thiserror::Error;
use tracing::debug;

use crate::echo::arrival::Arrived;
use crate::echo::live::Live;
use crate::echo::phase::Phase;
use crate::echo::reply;
use crate::echo::sniff::Rewound;
use crate::echo::streams::{Reply, Stream};
use crate::echo::websocket;

/// Header fields of a request, at most.
const HEADERS: usize = 1000;
/// Bytes of a request head, at most.
const HEAD: usize = 1024 * 1024;
/// HTTP/2 streams of a connection at a time, at most.
const STREAMS: u32 = 1000;

/// Why a request gets no answer.
#[derive(Debug, Error)]
enum Unanswered {
    #[error("the pod resets its connections")]
    Reset,
    #[error("the request body broke off")]
    Body(#[source] hyper::Error),
}

/// Serves HTTP/1 on `io` until it ends, or until the pod does.
pub(super) async fn serve_http1(
    live: Arc<Live>,
    port: u16,
    io: Rewound,
    mut phase: Phase,
    spawner: Rc<dyn Spawner>,
) {
    let end = phase.clone();
    let service = service_fn(move |request| {
        let (live, spawner, phase) = (Arc::clone(&live), Rc::clone(&spawner), end.clone());
        async move { upgrade_or_answer(live, port, request, (spawner, phase)).await }
    });
    let mut builder = http1::Builder::new();
    builder.max_headers(HEADERS).max_buf_size(HEAD);
    let connection = builder.serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection.with_upgrades());
    let mut stop = phase.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = phase.draining() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = stop.stopped() => Ok(()),
            }
        }
    };
    tell(port, ended);
}

/// Serves HTTP/2 on `io` until it ends, or until the pod does.
pub(super) async fn serve_http2(
    live: Arc<Live>,
    port: u16,
    io: Rewound,
    mut phase: Phase,
    spawner: Rc<dyn Spawner>,
) {
    let service = service_fn(move |request| answer(Arc::clone(&live), port, request));
    let mut builder = http2::Builder::new(Here(spawner));
    builder.max_concurrent_streams(STREAMS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
    let mut stop = phase.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = phase.draining() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = stop.stopped() => Ok(()),
            }
        }
    };
    tell(port, ended);
}

/// Answers `request`, or makes its connection a WebSocket.
async fn upgrade_or_answer(
    live: Arc<Live>,
    port: u16,
    mut request: Request<Incoming>,
    (spawner, mut phase): (Rc<dyn Spawner>, Phase),
) -> Result<Response<Reply>, Unanswered> {
    let upgrade = request
        .headers()
        .contains_key(UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));
    let response = answer(live, port, request).await?;
    if let Some(upgrade) = upgrade
        && response.status() == StatusCode::SWITCHING_PROTOCOLS
    {
        let task = async move {
            let echo = async {
                match upgrade.await {
                    Ok(io) => websocket::echo(TokioIo::new(io)).await,
                    Err(error) => Err(io::Error::other(error)),
                }
            };
            tokio::select! {
                ended = echo => if let Err(error) = ended {
                    debug!(port, %error, "an echo's websocket broke");
                },
                () = phase.stopped() => {}
            }
        };
        spawner.spawn_local("echo websocket", Box::pin(task));
    }
    Ok(response)
}

async fn answer(
    live: Arc<Live>,
    port: u16,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Unanswered> {
    let played = live.played();
    let (head, body) = request.into_parts();
    let status = played.next_status();
    let what = Arrived::Request {
        method: head.method.clone(),
        target: reply::target(&head),
        host: reply::host(&head),
        version: head.version,
        headers: head.headers.clone(),
        answer: status,
    };
    live.record(&played.identity, port, what);
    let stream = Stream::wanted(&head)
        .filter(|_| status == Some(StatusCode::OK) && played.behaviour.body.is_none());
    let mut body = Some(body);
    let body_bytes = match body.take_if(|_| stream.is_none()) {
        Some(body) => count(body).await.map_err(Unanswered::Body)?,
        None => 0,
    };
    if !played.behaviour.delay.is_zero() {
        tokio::time::sleep(played.behaviour.delay).await;
    }
    let status = status.ok_or(Unanswered::Reset)?;
    if status == StatusCode::OK
        && let Some(accepted) = websocket::accept(&head)
    {
        return Ok(accepted);
    }
    let json = reply::json(&played.identity, port, &head, body_bytes);
    let response = reply::response(&played.identity, &played.behaviour, status, json);
    Ok(match (stream, body) {
        (Some(stream), Some(body)) => stream.begin(response, &played.identity.pod, body),
        _ => response.map(Reply::Whole),
    })
}

/// Reads a body to its end and counts its bytes.
async fn count(mut body: Incoming) -> hyper::Result<u64> {
    let mut bytes: u64 = 0;
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            bytes = bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
    }
    Ok(bytes)
}

fn tell(port: u16, ended: hyper::Result<()>) {
    if let Err(error) = ended {
        debug!(port, %error, "an echo's connection broke");
    }
}

/// Runs the streams of a connection on the thread of the connection.
#[derive(Clone)]
struct Here(Rc<dyn Spawner>);

impl<F: Future<Output = ()> + 'static> Executor<F> for Here {
    fn execute(&self, future: F) {
        self.0.spawn_local("echo stream", Box::pin(future));
    }
}
