//! A proxy's share of one thread: its connections, and the tasks that serve them.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use sealane_seam::Spawner;
use tokio::sync::{Notify, watch};

use crate::proxy::Proxy;
use crate::serving::Serving;
use crate::upstream::connect::Connector;
use crate::upstream::pool::Pools;

/// A proxy on one thread. It stays there; everything it starts stays there too.
pub struct Worker {
    proxy: Arc<Proxy>,
    spawner: Rc<dyn Spawner>,
    pools: Pools,
    /// The generation that the pools were last pruned for.
    pruned: Cell<u64>,
    /// Mirrored requests in flight.
    pub(crate) mirrors: Cell<usize>,
    drain: watch::Sender<bool>,
    /// Downstream connections that are served.
    connections: Cell<usize>,
    quiet: Notify,
}

impl Worker {
    /// `proxy` on the current thread; `spawner` starts tasks on it.
    pub fn new(proxy: Arc<Proxy>, spawner: Rc<dyn Spawner>) -> Rc<Self> {
        let outside = proxy.outside();
        let connector = Connector {
            mesh: Arc::clone(&outside.transport),
            workload: Arc::clone(&outside.workload),
            resolver: Arc::clone(&outside.resolver),
            random: Arc::clone(&outside.random),
        };
        let clock = Arc::clone(&outside.clock);
        Rc::new(Self {
            pools: Pools::new(connector, clock, Rc::clone(&spawner), proxy.settings()),
            spawner,
            pruned: Cell::new(0),
            mirrors: Cell::new(0),
            drain: watch::Sender::new(false),
            connections: Cell::new(0),
            quiet: Notify::new(),
            proxy,
        })
    }

    /// The proxy.
    pub const fn proxy(&self) -> &Arc<Proxy> {
        &self.proxy
    }

    /// Ends connections gracefully: no new requests on them, those in flight finish.
    pub fn drain(&self) {
        self.drain.send_replace(true);
    }

    /// Waits until no downstream connection is served.
    pub async fn drained(&self) {
        while self.connections.get() > 0 {
            self.quiet.notified().await;
        }
    }

    /// Starts `task` on this thread.
    pub(crate) fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + 'static) {
        self.spawner.spawn_local(name, Box::pin(task));
    }

    pub(crate) const fn spawner(&self) -> &Rc<dyn Spawner> {
        &self.spawner
    }

    /// Says when connections shall end.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.drain.subscribe()
    }

    /// Counts a downstream connection until the answer is dropped.
    pub(crate) fn connected(self: &Rc<Self>) -> Connected {
        self.connections.set(self.connections.get() + 1);
        Connected(Rc::clone(self))
    }

    /// What to serve from now. Connections to endpoints that are gone are let go.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        let serving = self.proxy.serving();
        if self.pruned.replace(serving.generation) != serving.generation {
            self.pools.retire(|cluster, address| {
                let upstream = serving.upstream(cluster);
                upstream.is_some_and(|upstream| upstream.may_use(address))
            });
        }
        serving
    }

    /// Makes new connections to a host from now on: somebody else is there. What runs on the old
    /// ones goes on to its end.
    pub fn forget(&self, host: IpAddr) {
        self.pools.forget(host);
    }

    pub(crate) const fn pools(&self) -> &Pools {
        &self.pools
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("proxy", &self.proxy)
            .field("connections", &self.connections.get())
            .finish_non_exhaustive()
    }
}

/// A downstream connection that is served.
pub(crate) struct Connected(Rc<Worker>);

impl Drop for Connected {
    fn drop(&mut self) {
        let left = self.0.connections.get() - 1;
        self.0.connections.set(left);
        if left == 0 {
            self.0.quiet.notify_waiters();
        }
    }
}
