//! An HTTP connection: the engine that reads requests from it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::Request as EngineRequest;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sealane_runtime::listener::HttpManager;
use sealane_seam::BoxIo;

use super::engine::{frame_limits, http1_engine, http2_engine};
use super::unserved;
use crate::activity::{Patience, Tired};
use crate::connection::Downstream;
use crate::guarded::Guarded;
use crate::http::serve::serve;
use crate::observed::Observed;
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
        async move { serve(downstream, request).await }
    });
    let limits = &manager.limits;
    let delayed_close = limits.delayed_close.unwrap_or(settings.delayed_close);
    let activity = Arc::clone(&downstream.activity);
    let io = Observed::new(io, Arc::clone(&activity), delayed_close);
    let head = limits.head_timeout.unwrap_or(settings.head_timeout);
    let term = Term {
        patience: Patience {
            head: set(head).filter(|_| protocol == Protocol::Http1),
            idle: manager.idle_timeout,
        },
        stuck: manager.stream_idle_timeout.and_then(set),
        total: limits.connection_duration.and_then(set),
        delayed_close,
    };
    let ended = match protocol {
        Protocol::Http1 => {
            let engine = http1_engine(settings, manager);
            let engine = engine.serve_connection(TokioIo::new(io), service);
            let connection = pin!(engine.with_upgrades());
            let stop = http1::UpgradeableConnection::graceful_shutdown;
            term.run(&downstream, connection, stop).await
        }
        Protocol::Http2 => {
            let frames = frame_limits(settings, manager);
            let io = TokioIo::new(Guarded::new(io, &activity, frames));
            let executor = LocalExecutor(Rc::clone(worker.spawner()));
            let engine = http2_engine(settings, manager, executor);
            let connection = pin!(engine.serve_connection(io, service));
            let stop = http2::Connection::graceful_shutdown;
            term.run(&downstream, connection, stop).await
        }
    };
    if let Some(flood) = activity.flooded() {
        tracing::debug!(peer = %downstream.addresses.remote, ?flood, "downstream sent away");
        downstream.taken.flooded(flood);
        unserved::log_flood(&downstream, flood);
    } else if let Err(error) = ended {
        tracing::debug!(%error, "downstream connection failed");
        unserved::log(&downstream, &error);
    }
}

/// A time limit; zero is none.
fn set(limit: Duration) -> Option<Duration> {
    (!limit.is_zero()).then_some(limit)
}

/// How long a connection may last.
struct Term {
    patience: Patience,
    /// With bytes that the caller does not take.
    stuck: Option<Duration>,
    /// In any case; then it takes no new requests.
    total: Option<Duration>,
    /// When it is ended for a flood.
    delayed_close: Duration,
}

impl Term {
    /// Runs a connection until it ends by itself, or until it should: then it is stopped
    /// gracefully.
    async fn run<C: Future<Output = hyper::Result<()>>>(
        &self,
        downstream: &Downstream,
        mut connection: Pin<&mut C>,
        stop: impl Fn(Pin<&mut C>),
    ) -> hyper::Result<()> {
        let activity = &downstream.activity;
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = downstream.last_call() => {}
            () = self.over() => {}
            () = activity.stuck(self.stuck) => return Ok(()),
            () = activity.overstayed(self.delayed_close) => return Ok(()),
            tired = activity.tired(self.patience) => match tired {
                Tired::Idle => {}
                Tired::Head => {
                    activity.end_head();
                    return connection.await;
                }
            },
        }
        stop(connection.as_mut());
        tokio::select! {
            biased;
            ended = connection => ended,
            () = activity.stuck(self.stuck) => Ok(()),
            () = activity.overstayed(self.delayed_close) => Ok(()),
        }
    }

    async fn over(&self) {
        match self.total {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    }
}
