//! A downstream connection, as the requests on it see it.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_runtime::listener::{
    Direction, DownstreamTransport, FilterChain, HttpManager, Listener, Network,
};
use tokio::sync::watch;

use crate::activity::Activity;
use crate::live::open::TakenConnection;
use crate::serving::Serving;
use crate::upstream::connect::Side;
use crate::worker::Worker;

/// How long a connection that shall end waits for a request that is on its way.
const LAST_CALL: Duration = Duration::from_millis(250);

/// Who called, where to, and which listener took it.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Where the caller wanted to go.
    pub(crate) local: SocketAddr,
    /// Who calls.
    pub(crate) remote: SocketAddr,
    /// The server name of its TLS handshake.
    pub(crate) server_name: Option<Arc<str>>,
    /// Says when its connection shall end.
    pub(crate) closing: watch::Receiver<bool>,
}

/// A connection whose listener and chain are known.
#[derive(Debug)]
pub(crate) struct Downstream {
    pub(crate) worker: Rc<Worker>,
    pub(crate) addresses: Addresses,
    pub(crate) listener: Arc<str>,
    pub(crate) direction: Direction,
    pub(crate) activity: Arc<Activity>,
    /// Whether it came in TLS.
    pub(crate) tls: bool,
    pub(crate) taken: TakenConnection,
    chain: RefCell<Arc<FilterChain>>,
    /// The generation in which `chain` was looked for last.
    generation: Cell<u64>,
    /// What an inbound connection is served from: the last that had `chain`.
    had: RefCell<Option<Arc<Serving>>>,
}

impl Downstream {
    pub(crate) fn new(
        worker: &Rc<Worker>,
        addresses: Addresses,
        listener: &Listener,
        chain: &Arc<FilterChain>,
    ) -> Self {
        Self {
            worker: Rc::clone(worker),
            addresses,
            listener: Arc::clone(&listener.name),
            direction: listener.direction,
            tls: matches!(chain.transport, DownstreamTransport::Tls(_)),
            taken: TakenConnection::of(worker.proxy().live().listener(&listener.name)),
            activity: Arc::new(Activity::new(Arc::clone(&worker.proxy().outside().clock))),
            chain: RefCell::new(Arc::clone(chain)),
            generation: Cell::new(u64::MAX),
            had: RefCell::new((listener.direction == Direction::Inbound).then(|| worker.serving())),
        }
    }

    /// What a request is served from: what the proxy serves from now. An inbound connection whose
    /// chain is gone goes on with what it had: its workload still answers callers who have not
    /// heard yet that they shall go elsewhere.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        let newest = self.worker.serving();
        if self.generation.replace(newest.generation) != newest.generation
            && let Some(chain) = self.find(&newest)
        {
            self.chain.replace(chain);
            let mut had = self.had.borrow_mut();
            *had = had.is_some().then(|| Arc::clone(&newest));
        }
        self.had.borrow().clone().unwrap_or(newest)
    }

    /// The HTTP settings of the connection's chain, as [`Self::serving`] found them last. When the
    /// chain is gone, the connection goes on with those that it had.
    pub(crate) fn manager(&self) -> Option<Arc<HttpManager>> {
        match &self.chain.borrow().network {
            Network::Http(manager) => Some(Arc::clone(manager)),
            Network::Tcp(_) => None,
        }
    }

    /// Waits until the connection shall end: no new requests, those in flight finish.
    pub(crate) async fn closing(&self) {
        let mut closing = self.addresses.closing.clone();
        // An error says that nobody is left who could ask for it: then it is time, too.
        drop(closing.wait_for(|closing| *closing).await);
    }

    /// Waits until the connection shall end, and a moment longer.
    pub(crate) async fn last_call(&self) {
        last_call(self.addresses.closing.clone()).await;
    }

    /// Whether the connection shall end.
    pub(crate) fn is_closing(&self) -> bool {
        *self.addresses.closing.borrow()
    }

    /// Which side an upstream of this connection is on.
    pub(crate) fn side(&self) -> Side {
        match self.direction {
            Direction::Inbound => Side::Workload,
            Direction::Outbound | Direction::Unspecified => Side::Mesh,
        }
    }

    /// The chain of `serving` that has the conditions of ours.
    fn find(&self, serving: &Serving) -> Option<Arc<FilterChain>> {
        let listener = serving.runtime.listeners.get(&self.listener)?;
        let ours = self.chain.borrow();
        let chains = listener.chains.iter().chain(&listener.default_chain);
        let mut same = chains.filter(|chain| {
            let is_http = matches!(chain.network, Network::Http(_));
            is_http && chain.matches == ours.matches && chain.transport == ours.transport
        });
        same.next().map(Arc::clone)
    }
}

/// Waits until a connection shall end, and a moment longer: a request may be on its way on it, whose
/// caller cannot know. What is answered meanwhile says that it is the last.
pub(crate) async fn last_call(mut closing: watch::Receiver<bool>) {
    // An error says that nobody is left who could ask for it: then it is time, too.
    drop(closing.wait_for(|closing| *closing).await);
    tokio::time::sleep(LAST_CALL).await;
}
