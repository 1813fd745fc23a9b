//! One request to a capture port: where it goes, and what comes back.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::Capture;
use super::ask::{self, Asked, Host, Kind, Refused};
use super::kept::Kept;
use crate::body::Body;
use crate::http::expect::{Gate, expects_continue};
use crate::http::upload::{Broken, Counted, Upload};
use crate::splice::{Limits, Passed, splice};

/// One caller of a capture port.
pub(super) struct Caller {
    pub(super) capture: Rc<Capture>,
    /// Its address, as the mesh sees it.
    pub(super) source: SocketAddr,
    pub(super) kept: Kept,
}

impl Caller {
    /// Answers `request`. An error is for a request whose connection broke off unanswered on the
    /// way: the caller's shall do the same.
    pub(super) async fn answer(
        self: Rc<Self>,
        mut request: Request<Incoming>,
    ) -> hyper::Result<Response<Body>> {
        let asked = ask::asked(request.method(), request.uri());
        let known = asked.and_then(|asked| Ok((self.destination(&asked)?, asked.kind)));
        match known {
            Ok((destination, Kind::Tunnel)) => {
                self.tunnel(destination, hyper::upgrade::on(&mut request));
                Ok(Response::new(Body::Empty))
            }
            Ok((destination, Kind::Request)) => self.pass_on(destination, request).await,
            Err(refused) => Ok(refuse(&refused)),
        }
    }

    /// Where the listeners would see the connection go.
    fn destination(&self, asked: &Asked) -> Result<SocketAddr, Refused> {
        let destination = match &asked.host {
            Host::Address(address) => SocketAddr::new(*address, asked.port),
            Host::Name(host) => {
                let known = self.capture.names.destination(host, asked.port);
                known.ok_or_else(|| Refused::Unknown {
                    host: host.clone(),
                    port: asked.port,
                })?
            }
        };
        let mut closed = self.capture.closed.iter();
        if closed.any(|guarded| ask::reaches(destination, *guarded)) {
            return Err(Refused::Closed(destination));
        }
        Ok(destination)
    }

    /// Sends `request` on, as its sender would have sent it to `destination`.
    async fn pass_on(
        &self,
        destination: SocketAddr,
        mut request: Request<Incoming>,
    ) -> hyper::Result<Response<Body>> {
        let asks_for_upgrade = ask::asks_for_upgrade(request.headers());
        let upgrade = asks_for_upgrade.then(|| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        if let Err(refused) = ask::as_captured(&mut parts.uri, &mut parts.headers) {
            return Ok(refuse(&refused));
        }
        let waits = matches!(expects_continue(&parts.headers), Ok(true));
        let upload = Rc::<Upload>::default();
        let body = Body::layered(Counted {
            body: Body::engine(body, Version::HTTP_11),
            upload: Rc::clone(&upload),
            clock: Arc::clone(&self.capture.worker.proxy().outside().clock),
            trailers: true,
        });
        let request = if waits {
            let (gate, body) = Gate::before(body);
            let mut request = Request::from_parts(parts, body);
            gate.watch(&mut request);
            request
        } else {
            Request::from_parts(parts, body)
        };
        let mut response = match self.kept.send(destination, request).await {
            // The listener has only seen its connection end.
            Err(_) if upload.broken() == Some(Broken::Garbled) => {
                return Ok(refuse(&Refused::NoHttp));
            }
            answered => answered?,
        };
        if let Some(upgrade) = upgrade
            && response.status() == StatusCode::SWITCHING_PROTOCOLS
        {
            self.join(upgrade, hyper::upgrade::on(&mut response));
        }
        ask::as_answer(response.headers_mut());
        let version = response.version();
        Ok(response.map(|body| Body::engine(body, version)))
    }

    /// Hands the caller's connection over when the 200 is sent.
    fn tunnel(&self, destination: SocketAddr, caller: OnUpgrade) {
        let (worker, source) = (Rc::clone(&self.capture.worker), self.source);
        self.capture.worker.spawn("tunnel", async move {
            match caller.await {
                Ok(caller) => {
                    let io = Box::new(TokioIo::new(caller));
                    worker.serve_captured(io, destination, source).await;
                }
                Err(error) => tracing::debug!(%error, "no tunnel"),
            }
        });
    }

    /// Joins the caller with the mesh after a 101.
    fn join(&self, caller: OnUpgrade, mesh: OnUpgrade) {
        let passed = Passed::new(self.capture.worker.proxy().outside().clock.clone());
        self.capture.worker.spawn("upgrade", async move {
            match tokio::join!(caller, mesh) {
                (Ok(caller), Ok(mesh)) => {
                    let (caller, mesh) = (TokioIo::new(caller), TokioIo::new(mesh));
                    // The listener at the other end has the limits.
                    let over = splice(caller, mesh, &passed, Limits::default()).await;
                    tracing::debug!(?over, "captured upgrade ended");
                }
                (Err(error), _) | (_, Err(error)) => tracing::debug!(%error, "no upgrade"),
            }
        });
    }
}

fn refuse(refused: &Refused) -> Response<Body> {
    let (status, text) = refused.answer();
    let mut response = Response::new(Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
