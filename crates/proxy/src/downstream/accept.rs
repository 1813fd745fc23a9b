//! Connections to listeners with sockets of their own: a gateway's. Every thread accepts on all of
//! them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_seam::{Accept, Bound, Connection};
use tokio::sync::{Semaphore, watch};

use crate::connection::Addresses;
use crate::worker::Worker;

/// How long to wait when no connection can be accepted (no more files, say).
const PAUSE: Duration = Duration::from_millis(50);

impl Worker {
    /// Accepts and serves what comes to the sockets of the proxy's listeners, as those change,
    /// until this worker drains. One call per worker.
    pub async fn accept(self: &Rc<Self>) {
        let mut sockets = self.proxy().sockets().watch();
        let mut draining = self.draining();
        let room = Arc::new(Semaphore::new(self.proxy().settings().connections));
        let mut doors: BTreeMap<SocketAddr, Door> = BTreeMap::new();
        loop {
            let taken = Arc::clone(&sockets.borrow_and_update());
            doors.retain(|address, door| {
                let socket = taken.get(address);
                socket.is_some_and(|socket| Arc::ptr_eq(socket, &door.socket))
            });
            for (address, socket) in &*taken {
                let open = || Door::open(self, (*address, socket), &room);
                doors.entry(*address).or_insert_with(open);
            }
            tokio::select! {
                changed = sockets.changed() => if changed.is_err() { return },
                _ = draining.wait_for(|draining| *draining) => return,
            }
        }
    }
}

/// A socket that is accepted on. Dropping it stops that, and ends its connections gracefully.
struct Door {
    socket: Arc<dyn Bound>,
    closing: watch::Sender<bool>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closing.send_replace(true);
    }
}

impl Door {
    fn open(
        worker: &Rc<Worker>,
        (address, socket): (SocketAddr, &Arc<dyn Bound>),
        room: &Arc<Semaphore>,
    ) -> Self {
        let door = Self {
            socket: Arc::clone(socket),
            closing: watch::Sender::new(false),
        };
        let entrance = Entrance {
            worker: Rc::clone(worker),
            address,
            room: Arc::clone(room),
            closing: door.closing.subscribe(),
        };
        let socket = Arc::clone(socket);
        worker.spawn("accept", async move {
            let mut closing = entrance.closing.clone();
            tokio::select! {
                () = entrance.accept(&*socket) => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
            // Their callers are connected, and may have sent a request already.
            while let Some(connection) = socket.accept_waiting() {
                entrance.enter(connection);
            }
            // Last, so that whoever still finds the socket knows that it is taken.
            drop(socket);
        });
        door
    }
}

/// What a connection to a socket needs to be served.
struct Entrance {
    worker: Rc<Worker>,
    /// As the listener names it; the socket may be elsewhere.
    address: SocketAddr,
    room: Arc<Semaphore>,
    closing: watch::Receiver<bool>,
}

impl Entrance {
    async fn accept(&self, socket: &dyn Bound) {
        // Said once, until it works again.
        let mut told = false;
        loop {
            let error = match socket.accept_here() {
                Ok(accept) => self.accept_all(accept, &mut told).await,
                Err(error) => error,
            };
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(address = %self.address, %error, "a gateway cannot accept, and tries again");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes connections until that fails.
    async fn accept_all(&self, mut accept: Box<dyn Accept>, told: &mut bool) -> io::Error {
        loop {
            match accept.accept().await {
                Ok(connection) => {
                    *told = false;
                    self.enter(connection);
                }
                Err(error) => return error,
            }
        }
    }

    /// Starts to serve a connection. One too many is closed.
    fn enter(&self, connection: Connection) {
        if !self.worker.lets_in(connection.peer) {
            return;
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            tracing::debug!(peer = %connection.peer, "too many connections");
            return;
        };
        let serving = self.worker.serving();
        let mut listeners = serving.runtime.listeners.values();
        let own = listeners.find(|listener| listener.bound && listener.address == self.address);
        let Some(listener) = own.map(Arc::clone) else {
            return;
        };
        let addresses = Addresses {
            local: connection.local,
            remote: connection.peer,
            server_name: None,
            closing: self.closing.clone(),
        };
        let worker = Rc::clone(&self.worker);
        // From now on, not from when the task first runs: somebody may be waiting for the last one.
        let connected = worker.connected();
        self.worker.spawn("downstream", async move {
            let io = connection.io;
            worker.take(&listener, io, addresses).await;
            drop((permit, connected));
        });
    }
}
