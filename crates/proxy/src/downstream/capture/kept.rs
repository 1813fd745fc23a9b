//! Connections in memory from a capture port to the listeners, each for one destination, kept for
//! the next request of the same caller.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::body::Body;
use crate::worker::Worker;

/// Sealane's own: an answered connection gets this long to be ready for the next request.
const SETTLE: Duration = Duration::from_millis(500);

/// The kept connections of one caller.
pub(super) struct Kept {
    worker: Rc<Worker>,
    /// The caller's address, as the mesh sees it.
    source: SocketAddr,
    list: RefCell<Vec<Pipe>>,
}

/// A connection in memory.
struct Pipe {
    destination: SocketAddr,
    /// The generation under which its listener and chain were chosen.
    generation: u64,
    sender: http1::SendRequest<Body>,
}

impl Kept {
    pub(super) fn new(worker: &Rc<Worker>, source: SocketAddr) -> Self {
        Self {
            worker: Rc::clone(worker),
            source,
            list: RefCell::default(),
        }
    }

    /// Hands `request` to the listener of `destination`, and waits for the head of the answer.
    /// Dropping this ends the connection, so that whoever serves it stops.
    pub(super) async fn send(
        &self,
        destination: SocketAddr,
        request: Request<Body>,
    ) -> hyper::Result<Response<Incoming>> {
        let request = match self.take(destination).await {
            None => request,
            Some(mut pipe) => match pipe.sender.try_send_request(request).await {
                Ok(response) => {
                    self.keep(pipe);
                    return Ok(response);
                }
                // It had ended meanwhile; nothing was sent.
                Err(mut error) => match error.take_message() {
                    Some(request) => request,
                    None => return Err(error.into_error()),
                },
            },
        };
        let mut pipe = self.open(destination).await?;
        let response = pipe.sender.send_request(request).await?;
        self.keep(pipe);
        Ok(response)
    }

    /// A kept connection to `destination` whose listener was chosen by what is served now.
    async fn take(&self, destination: SocketAddr) -> Option<Pipe> {
        let generation = self.worker.proxy().generation();
        let mut pipe = {
            let mut list = self.list.borrow_mut();
            list.retain(|pipe| pipe.generation == generation && !pipe.sender.is_closed());
            let found = list
                .iter()
                .position(|pipe| pipe.destination == destination)?;
            list.remove(found)
        };
        // The last answer has been passed on, so this is a matter of turns of the scheduler.
        match tokio::time::timeout(SETTLE, pipe.sender.ready()).await {
            Ok(Ok(())) => Some(pipe),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn open(&self, destination: SocketAddr) -> hyper::Result<Pipe> {
        let generation = self.worker.proxy().generation();
        let (ours, theirs) = tokio::io::duplex(self.worker.proxy().settings().capture_pipe);
        let (worker, source) = (Rc::clone(&self.worker), self.source);
        self.worker.spawn("captured", async move {
            let io = Box::new(theirs);
            worker.serve_captured(io, destination, source).await;
        });
        let made = http1::Builder::new()
            .preserve_header_case(true)
            .handshake(TokioIo::new(ours));
        let (sender, connection) = made.await?;
        self.worker.spawn("capture pipe", async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "captured connection failed");
            }
        });
        Ok(Pipe {
            destination,
            generation,
            sender,
        })
    }

    fn keep(&self, pipe: Pipe) {
        let limit = self.worker.proxy().settings().capture_kept;
        let mut list = self.list.borrow_mut();
        list.push(pipe);
        let spare = list.len().saturating_sub(limit);
        list.drain(..spare);
    }
}
