//! An HTTP connection: the engine that reads requests from it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;

use http::{Request as EngineRequest, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sealane_runtime::listener::HttpManager;
use sealane_seam::BoxIo;

use crate::activity::{Observed, Patience, Tired};
use crate::connection::Downstream;
use crate::http::serve::serve;
use crate::settings::Settings;
use crate::telemetry::flag::Flag;
use crate::telemetry::record::AccessRecord;
use crate::upstream::sender::{LocalExecutor, Protocol};

/// Serves the requests of a connection until it ends.
pub(crate) async fn conduct(
    downstream: Rc<Downstream>,
    manager: &HttpManager,
    protocol: Protocol,
    io: BoxIo,
) {
    let worker = Rc::clone(&downstream.worker);
    let settings = worker.proxy().settings();
    let service = service_fn(|request: EngineRequest<Incoming>| {
        let downstream = Rc::clone(&downstream);
        async move { Ok::<_, Infallible>(serve(downstream, request).await) }
    });
    let io = TokioIo::new(Observed {
        io,
        activity: Arc::clone(&downstream.activity),
    });
    let patience = Patience {
        head: (protocol == Protocol::Http1).then_some(settings.head_timeout),
        idle: manager.idle_timeout,
    };
    let ended = match protocol {
        Protocol::Http1 => {
            let engine = http1_engine(settings).serve_connection(io, service);
            let connection = pin!(engine.with_upgrades());
            let stop = http1::UpgradeableConnection::graceful_shutdown;
            until_tired(&downstream, patience, connection, stop).await
        }
        Protocol::Http2 => {
            let executor = LocalExecutor(Rc::clone(worker.spawner()));
            let engine = http2_engine(settings, manager, executor);
            let connection = pin!(engine.serve_connection(io, service));
            let stop = http2::Connection::graceful_shutdown;
            until_tired(&downstream, patience, connection, stop).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "downstream connection failed");
        log_garbage(&downstream, &error);
    }
}

/// Runs a connection until it ends by itself, or until it should: then it is stopped gracefully.
async fn until_tired<C: Future<Output = hyper::Result<()>>>(
    downstream: &Downstream,
    patience: Patience,
    mut connection: Pin<&mut C>,
    stop: impl Fn(Pin<&mut C>),
) -> hyper::Result<()> {
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = downstream.last_call() => {}
        tired = downstream.activity.tired(patience) => match tired {
            Tired::Idle => {}
            // Half a request: nobody would understand an answer to it.
            Tired::Head => return Ok(()),
        },
    }
    stop(connection.as_mut());
    connection.await
}

/// What the engine refused before anybody saw a request is logged too.
fn log_garbage(downstream: &Downstream, error: &hyper::Error) {
    let proxy = downstream.worker.proxy();
    if !proxy.access_log().wanted() || !(error.is_parse() || error.is_parse_too_large()) {
        return;
    }
    let (status, details) = if error.is_parse_too_large() {
        (431, "http1.headers_too_large")
    } else {
        (400, "http1.codec_error")
    };
    let addresses = &downstream.addresses;
    let mut record = AccessRecord::begin(
        Arc::clone(proxy.id()),
        Arc::clone(&downstream.listener),
        proxy.outside().clock.wall(),
        (addresses.local, addresses.remote),
    );
    record.protocol = Some(Version::HTTP_11);
    record.status = status;
    record.flags.raise(Flag::DownstreamProtocolError);
    record.details = details.into();
    proxy.access_log().write(record);
}

fn http1_engine(settings: &Settings) -> http1::Builder {
    let mut engine = http1::Builder::new();
    // Without the engine's own limit for heads: it counts from the end of the last request and so
    // would close every connection that waits.
    engine
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(settings.headers)
        .max_header_size(settings.head_bytes)
        .auto_date_header(false);
    engine
}

fn http2_engine(
    settings: &Settings,
    manager: &HttpManager,
    executor: LocalExecutor,
) -> http2::Builder<LocalExecutor> {
    let streams = manager.max_concurrent_streams.unwrap_or(settings.streams);
    let mut engine = http2::Builder::new(executor);
    engine
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(streams.min(settings.streams))
        .initial_stream_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .max_header_list_size(u32::try_from(settings.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(settings.pending_resets)
        .max_local_error_reset_streams(settings.local_resets)
        .max_send_buf_size(settings.send_buffer);
    engine
}
