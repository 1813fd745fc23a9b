//! The capture port: an HTTP proxy on loopback that stands for iptables.
//!
//! Whatever a program sends through it is handed to the listener of its destination as a captured
//! connection, and served there. A request in absolute form goes on its own, over a connection in
//! memory to its destination; a CONNECT tunnel goes as one connection. So there is one path for
//! everything, and nothing here knows of routes.

mod ask;
mod dispatch;
mod kept;
mod talk;

use std::cell::Cell;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_seam::{Accept, Connection};

use crate::worker::Worker;

/// How long to wait when no connection can be accepted (no more files, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What names mean to the workload behind a capture port: cluster DNS, in the workload's namespace.
pub trait Names: Send + Sync + 'static {
    /// Where a connection to `port` of `host` goes; `None` when nobody has that name.
    ///
    /// `host` is in lower case and not an IP address.
    fn destination(&self, host: &str, port: u16) -> Option<SocketAddr>;
}

/// A capture port on one thread.
pub struct Capture {
    worker: Rc<Worker>,
    names: Arc<dyn Names>,
    closed: Vec<SocketAddr>,
    source: Option<IpAddr>,
    open: Cell<usize>,
}

impl Capture {
    /// A capture port in front of the proxy of `worker`.
    pub fn new(worker: &Rc<Worker>, names: Arc<dyn Names>) -> Self {
        Self {
            worker: Rc::clone(worker),
            names,
            closed: Vec::new(),
            source: None,
            open: Cell::new(0),
        }
    }

    /// Never lets anybody through to these addresses: the ports that control this process.
    #[must_use]
    pub fn closed_to(mut self, addresses: Vec<SocketAddr>) -> Self {
        self.closed = addresses;
        self
    }

    /// What comes through it comes from this address: the workload's own.
    #[must_use]
    pub const fn as_workload(mut self, address: IpAddr) -> Self {
        self.source = Some(address);
        self
    }

    /// Serves the connections that `accept` gives, until the worker drains. The port stays bound
    /// for as long as its `Bound` lives.
    pub async fn listen(self: &Rc<Self>, mut accept: Box<dyn Accept>) {
        let mut draining = self.worker.draining();
        // Said once, until it works again.
        let mut told = false;
        loop {
            let accepted = tokio::select! {
                accepted = accept.accept() => accepted,
                _ = draining.wait_for(|draining| *draining) => return,
            };
            match accepted {
                Ok(connection) => {
                    told = false;
                    let capture = Rc::clone(self);
                    let task = async move { capture.serve(connection).await };
                    self.worker.spawn("capture", task);
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(%error, "a capture port cannot accept, and tries again");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection to its end. One too many is closed.
    pub async fn serve(self: &Rc<Self>, connection: Connection) {
        if !self.worker.lets_in(connection.peer) {
            return;
        }
        let Some(_open) = Open::count(self) else {
            tracing::warn!(peer = %connection.peer, "too many connections to a capture port: one is closed");
            return;
        };
        talk::talk(self, connection).await;
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("worker", &self.worker)
            .field("open", &self.open.get())
            .finish_non_exhaustive()
    }
}

/// A connection to the port, until this is dropped.
struct Open(Rc<Capture>);

impl Open {
    /// Counts one more; `None` when that would be too many.
    fn count(capture: &Rc<Capture>) -> Option<Self> {
        let open = capture.open.get();
        if open >= capture.worker.proxy().settings().capture_connections {
            return None;
        }
        capture.open.set(open + 1);
        Some(Self(Rc::clone(capture)))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}
