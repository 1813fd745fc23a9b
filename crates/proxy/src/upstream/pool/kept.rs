//! The open connections of one thread to one endpoint.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_runtime::cluster::Cluster;
use sealane_seam::{Clock, Spawner};
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use crate::upstream::sender::{Driver, Sender};

/// Sealane's own: a connection that has answered gets this long to be ready for the next request.
const SETTLE: Duration = Duration::from_secs(1);

/// The connections to one endpoint.
#[derive(Default)]
pub(crate) struct Pool {
    idle: RefCell<Vec<Kept>>,
    /// The connection that HTTP/2 requests share.
    shared: RefCell<Option<Kept>>,
    /// Held while an HTTP/2 connection is made, so that all callers share that one.
    pub(crate) connecting: Mutex<()>,
    /// Requests that may not make another connection. `None` says: try again.
    waiting: RefCell<VecDeque<oneshot::Sender<Option<Kept>>>>,
    open: Cell<u32>,
    /// The cluster or the endpoint is gone: nothing is kept any more.
    retired: Cell<bool>,
}

/// An open connection.
pub(crate) struct Kept {
    pub(crate) sender: Sender,
    pub(crate) about: Rc<About>,
}

/// What is known of a connection.
pub(crate) struct About {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    born: Instant,
    used: Cell<Instant>,
    requests: Cell<u32>,
    active: Cell<u32>,
}

/// What decides whether a connection is kept.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawner: Rc<dyn Spawner>,
    pub(crate) idle_limit: usize,
    pub(crate) cluster: Arc<Cluster>,
}

/// Counts a connection as open until this is dropped; then somebody who waits may make another.
pub(crate) struct Opening(Rc<Pool>);

impl Drop for Opening {
    fn drop(&mut self) {
        let pool = &self.0;
        pool.open.set(pool.open.get() - 1);
        while let Some(waiting) = pool.next_waiting() {
            if waiting.send(None).is_ok() {
                break;
            }
        }
    }
}

/// A request on a connection, until this is dropped.
pub(crate) struct Busy {
    about: Rc<About>,
    clock: Arc<dyn Clock>,
}

impl Busy {
    pub(crate) fn on(kept: &Kept, terms: &Terms) -> Self {
        let about = Rc::clone(&kept.about);
        about.requests.set(about.requests.get() + 1);
        about.active.set(about.active.get() + 1);
        Self {
            about,
            clock: Arc::clone(&terms.clock),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.about.active.set(self.about.active.get() - 1);
        self.about.used.set(self.clock.now());
    }
}

impl Pool {
    /// Connections that are open or being made.
    pub(crate) fn open(&self) -> u32 {
        self.open.get()
    }

    /// Counts another connection.
    pub(crate) fn opening(self: &Rc<Self>) -> Opening {
        self.open.set(self.open.get() + 1);
        Opening(Rc::clone(self))
    }

    /// A kept HTTP/1 connection, the one used last.
    pub(crate) fn take_idle(&self, terms: &Terms) -> Option<Kept> {
        loop {
            let kept = self.idle.borrow_mut().pop()?;
            if kept.is_usable(terms) {
                return Some(kept);
            }
        }
    }

    /// A stream of the shared HTTP/2 connection.
    pub(crate) fn shared(&self, terms: &Terms) -> Option<Kept> {
        let mut shared = self.shared.borrow_mut();
        match &*shared {
            Some(kept) if kept.is_usable(terms) => kept.stream(),
            _ => {
                // Its streams go on; no more are added.
                shared.take();
                None
            }
        }
    }

    pub(crate) fn wait(&self, sender: oneshot::Sender<Option<Kept>>) {
        self.waiting.borrow_mut().push_back(sender);
    }

    /// Keeps a connection whose request has ended, when it is ready for another.
    pub(crate) fn settle(self: Rc<Self>, mut kept: Kept, terms: Terms) {
        if matches!(kept.sender, Sender::Http2(_)) {
            return;
        }
        if kept.sender.is_ready() {
            self.keep(kept, &terms);
            return;
        }
        let spawner = Rc::clone(&terms.spawner);
        let settling = async move {
            if let Ok(true) = tokio::time::timeout(SETTLE, kept.sender.ready()).await {
                self.keep(kept, &terms);
            }
        };
        spawner.spawn_local("settle", Box::pin(settling));
    }

    /// Gives a connection to who waits for one, or keeps it.
    pub(crate) fn keep(&self, mut kept: Kept, terms: &Terms) {
        if self.retired.get() || !kept.is_usable(terms) {
            return;
        }
        if matches!(kept.sender, Sender::Http2(_)) {
            *self.shared.borrow_mut() = Some(kept);
            return;
        }
        while let Some(waiting) = self.next_waiting() {
            // Who has left gives it back; the next one takes it.
            match waiting.send(Some(kept)) {
                Err(Some(back)) => kept = back,
                Ok(()) | Err(None) => return,
            }
        }
        let mut idle = self.idle.borrow_mut();
        if idle.len() < terms.idle_limit {
            idle.push(kept);
        }
    }

    /// Keeps nothing any more.
    pub(crate) fn retire(&self) {
        self.retired.set(true);
        self.idle.borrow_mut().clear();
        self.shared.borrow_mut().take();
    }

    fn next_waiting(&self) -> Option<oneshot::Sender<Option<Kept>>> {
        self.waiting.borrow_mut().pop_front()
    }

    fn discard(&self, about: &Rc<About>) {
        let mut idle = self.idle.borrow_mut();
        idle.retain(|kept| !Rc::ptr_eq(&kept.about, about));
        let mut shared = self.shared.borrow_mut();
        if shared
            .as_ref()
            .is_some_and(|kept| Rc::ptr_eq(&kept.about, about))
        {
            shared.take();
        }
    }
}

impl Kept {
    pub(crate) fn new(
        sender: Sender,
        (local, peer): (SocketAddr, SocketAddr),
        now: Instant,
    ) -> Self {
        let about = About {
            local,
            peer,
            born: now,
            used: Cell::new(now),
            requests: Cell::new(0),
            active: Cell::new(0),
        };
        Self {
            sender,
            about: Rc::new(about),
        }
    }

    /// Whether it may take another request.
    pub(crate) fn is_usable(&self, terms: &Terms) -> bool {
        let spent = terms.cluster.max_requests_per_connection;
        let age = terms.cluster.max_connection_duration;
        !self.sender.is_closed()
            && spent.is_none_or(|limit| self.about.requests.get() < limit)
            && age.is_none_or(|limit| terms.clock.now() < self.about.born + limit)
    }

    /// Another stream of the same connection; `None` for HTTP/1.
    fn stream(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                about: Rc::clone(&self.about),
            }),
        }
    }
}

impl About {
    pub(crate) fn is_reused(&self) -> bool {
        self.requests.get() > 1
    }
}

/// Runs a connection to its end, and ends it when it has been idle, or alive, for too long.
pub(crate) async fn drive(driver: Driver, about: Rc<About>, terms: Terms, pool: Rc<Pool>) {
    let mut driver = driver;
    tokio::select! {
        () = &mut driver => {}
        () = expired(&about, &terms) => {
            // Without a sender the connection ends by itself.
            pool.discard(&about);
            driver.await;
        }
    }
    pool.discard(&about);
}

/// Waits until a connection has no requests and its time is over.
async fn expired(about: &About, terms: &Terms) {
    let Some(idle) = terms.cluster.idle_timeout else {
        return std::future::pending().await;
    };
    loop {
        let since = if about.active.get() > 0 {
            terms.clock.now()
        } else {
            about.used.get()
        };
        tokio::time::sleep_until(since + idle).await;
        let quiet = terms
            .clock
            .now()
            .saturating_duration_since(about.used.get());
        if about.active.get() == 0 && quiet >= idle {
            return;
        }
    }
}
