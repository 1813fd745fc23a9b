//! A pod's place on a traffic thread: its proxy, built when it is needed, and the sockets that
//! lead to it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_proxy::downstream::capture::Capture;
use sealane_proxy::proxy::{Kind, Proxy};
use sealane_proxy::worker::Worker;
use sealane_seam::{Accept, Bound, Connection, LocalSpawner, Transport};
use sealane_world::change::PodName;
use tokio::sync::OnceCell;
use tracing::{debug, warn};

use crate::staff::Staff;
use crate::task::Task;

/// How long a socket rests when it cannot accept (no file descriptors left, for example).
const REST: Duration = Duration::from_millis(50);

/// A pod's place on a thread.
pub struct Seat {
    pod: PodName,
    /// The pod's address in the mesh.
    pub address: IpAddr,
    staff: Arc<Staff>,
    worker: OnceCell<Rc<Worker>>,
    /// What leads to the pod's inbound proxy, by port.
    fronts: RefCell<BTreeMap<u16, Front>>,
    capture: RefCell<Option<Front>>,
    capturing: std::cell::OnceCell<Rc<Capture>>,
    /// Keeps the proxy's configuration current.
    following: Cell<Option<Task>>,
    /// Accepts a gateway's connections on this thread.
    accepting: Cell<Option<Task>>,
}

/// A socket and the task that accepts on it.
struct Front {
    /// Holds the address.
    _bound: Arc<dyn Bound>,
    _accepting: Task,
}

impl Seat {
    /// A place without sockets, whose proxy does not run yet.
    pub fn new(pod: PodName, address: IpAddr, staff: Arc<Staff>) -> Self {
        Self {
            pod,
            address,
            staff,
            worker: OnceCell::new(),
            fronts: RefCell::default(),
            capture: RefCell::default(),
            capturing: std::cell::OnceCell::new(),
            following: Cell::default(),
            accepting: Cell::default(),
        }
    }

    /// The pod's proxy on this thread, started when this is first asked. `None` when the pod is
    /// gone.
    pub async fn worker(&self) -> Option<Rc<Worker>> {
        let started = self.worker.get_or_try_init(|| async {
            let proxy = self.staff.sidecar(&self.pod, self.address);
            let worker = Worker::new(proxy, Rc::new(LocalSpawner));
            let following = self.staff.follow(&self.pod, Rc::clone(&worker)).await;
            self.following.set(Some(following.ok_or(())?));
            Ok::<_, ()>(worker)
        });
        started.await.ok().map(Rc::clone)
    }

    /// Runs a gateway's share of this thread. On the thread that leads, this also keeps its
    /// configuration current, and returns when the first one is served or refused.
    pub async fn start(&self, proxy: Arc<Proxy>, leads: bool) {
        let worker = Worker::new(proxy, Rc::new(LocalSpawner));
        if leads {
            let following = self.staff.follow(&self.pod, Rc::clone(&worker)).await;
            self.following.set(following);
        }
        let accepts = Rc::clone(&worker);
        let accepting = Task::start(async move { accepts.accept().await });
        self.accepting.set(Some(accepting));
        // A gateway's seat is started once.
        drop(self.worker.set(worker));
    }

    /// The proxy, if it was ever needed.
    pub fn running(&self) -> Option<Rc<Worker>> {
        self.worker.get().map(Rc::clone)
    }

    /// Whether its proxy is a gateway.
    pub fn is_gateway(&self) -> bool {
        let proxy = self.worker.get().map(|worker| worker.proxy());
        proxy.is_some_and(|proxy| proxy.kind() == Kind::Gateway)
    }

    /// Lets the proxy finish its requests, while the sockets stay: others may be about to finish
    /// theirs through them.
    pub fn drain(&self) {
        if let Some(worker) = self.running() {
            worker.drain();
        }
    }

    /// Closes the sockets, and lets the proxy finish its requests.
    pub fn close(&self) {
        self.fronts.borrow_mut().clear();
        self.capture.take();
        if let Some(worker) = self.running() {
            worker.proxy().close();
        }
        self.drain();
    }

    /// Waits until the proxy serves no connection.
    pub async fn drained(&self) {
        if let Some(worker) = self.running() {
            worker.drained().await;
        }
    }

    /// Takes `ports` of the pod's address on the mesh, for the inbound proxy. Others that were
    /// taken stay.
    pub fn open(self: &Rc<Self>, ports: &BTreeSet<u16>, network: &dyn Transport) {
        for port in ports {
            if self.fronts.borrow().contains_key(port) {
                continue;
            }
            let address = SocketAddr::new(self.address, *port);
            match self.front(address, network) {
                Ok(front) => drop(self.fronts.borrow_mut().insert(*port, front)),
                Err(error) => warn!(%address, %error, "a pod's port cannot be taken"),
            }
        }
    }

    /// Lets go of all ports but these. Connections go on.
    pub fn narrow(&self, ports: &BTreeSet<u16>) {
        self.fronts
            .borrow_mut()
            .retain(|port, _| ports.contains(port));
    }

    /// Takes a socket for programs that call as this pod; its address.
    pub fn open_capture(self: &Rc<Self>, sockets: &dyn Transport) -> io::Result<SocketAddr> {
        let bound = sockets.bind(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0))?;
        let address = bound.address();
        let seat = Rc::clone(self);
        let accepting = accept_all(bound.accept_here()?, move |connection| {
            let seat = Rc::clone(&seat);
            async move { seat.serve_capture(connection).await }
        });
        let front = Front {
            _bound: bound,
            _accepting: Task::start(accepting),
        };
        self.capture.replace(Some(front));
        Ok(address)
    }

    fn front(self: &Rc<Self>, address: SocketAddr, network: &dyn Transport) -> io::Result<Front> {
        let bound = network.bind(address)?;
        let seat = Rc::clone(self);
        let accepting = accept_all(bound.accept_here()?, move |connection| {
            let seat = Rc::clone(&seat);
            async move { seat.serve_inbound(address, connection).await }
        });
        Ok(Front {
            _bound: bound,
            _accepting: Task::start(accepting),
        })
    }

    async fn serve_inbound(&self, address: SocketAddr, connection: Connection) {
        if let Some(worker) = self.worker().await {
            let source = connection.peer;
            worker.serve_inbound(connection.io, address, source).await;
        }
    }

    async fn serve_capture(&self, connection: Connection) {
        if let Some(worker) = self.worker().await {
            let capture = self.capturing.get_or_init(|| {
                let names = Arc::new(self.staff.names(&self.pod));
                let capture = Capture::new(&worker, names)
                    .as_workload(self.address)
                    .closed_to(self.staff.closed().all());
                Rc::new(capture)
            });
            capture.serve(connection).await;
        }
    }
}

/// Accepts and serves connections, each in a task of its own, until it is stopped.
async fn accept_all<F, S>(mut accept: Box<dyn Accept>, serve: S)
where
    F: Future<Output = ()> + 'static,
    S: Fn(Connection) -> F,
{
    loop {
        match accept.accept().await {
            Ok(connection) => drop(tokio::task::spawn_local(serve(connection))),
            Err(error) => {
                debug!(%error, "a socket of the mesh cannot accept");
                tokio::time::sleep(REST).await;
            }
        }
    }
}
