//! Connections to endpoints, kept alive: one set per thread, limits shared by all threads.

pub(crate) mod kept;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use sealane_runtime::endpoint::EndpointAddress;
use sealane_seam::{Clock, Spawner};
use tokio::sync::oneshot;

use super::Upstream;
use super::connect::{Connector, Side};
use super::sender::{LocalExecutor, Protocol, Room, Unanswered, handshake};
use crate::body::Body;
use crate::failure::Failure;
use crate::live::circuit::{Permit, Resource};
use crate::live::endpoint::EndpointLive;
use crate::live::open::OpenConnection;
use crate::settings::Settings;
use kept::{Busy, Kept, Pool, Terms};

/// What connections are shared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    cluster: Arc<str>,
    address: EndpointAddress,
    protocol: Protocol,
    side: Side,
}

/// A connection that is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Demand<'a> {
    pub(crate) upstream: &'a Upstream,
    pub(crate) address: &'a EndpointAddress,
    pub(crate) live: &'a Arc<EndpointLive>,
    pub(crate) protocol: Protocol,
    pub(crate) side: Side,
}

/// A thread's connections to endpoints.
pub(crate) struct Pools {
    connector: Connector,
    clock: Arc<dyn Clock>,
    spawner: Rc<dyn Spawner>,
    idle_limit: usize,
    room: Room,
    endpoints: RefCell<BTreeMap<Key, Rc<Pool>>>,
}

/// A connection, or a stream of one, for one request. Dropping it ends an HTTP/1 connection;
/// [`Lease::release`] keeps it.
pub(crate) struct Lease {
    kept: Kept,
    pool: Rc<Pool>,
    terms: Terms,
    _busy: Busy,
    _request: Permit,
}

impl Pools {
    pub(crate) fn new(
        connector: Connector,
        clock: Arc<dyn Clock>,
        spawner: Rc<dyn Spawner>,
        settings: &Settings,
    ) -> Self {
        Self {
            connector,
            clock,
            spawner,
            idle_limit: settings.idle_connections,
            room: Room::of(settings),
            endpoints: RefCell::default(),
        }
    }

    pub(crate) const fn connector(&self) -> &Connector {
        &self.connector
    }

    /// A connection, new or kept, within the limits of its cluster.
    pub(crate) async fn lease(&self, demand: Demand<'_>) -> Result<Lease, Failure> {
        let key = Key {
            cluster: Arc::clone(&demand.upstream.cluster.name),
            address: demand.address.clone(),
            protocol: demand.protocol,
            side: demand.side,
        };
        let pool = Rc::clone(self.endpoints.borrow_mut().entry(key).or_default());
        let terms = Terms {
            clock: Arc::clone(&self.clock),
            spawner: Rc::clone(&self.spawner),
            idle_limit: self.idle_limit,
            cluster: Arc::clone(&demand.upstream.cluster),
        };
        let kept = match demand.protocol {
            Protocol::Http1 => self.http1(demand, &pool, &terms).await,
            Protocol::Http2 => self.http2(demand, &pool, &terms).await,
        }?;
        let limit = demand.upstream.cluster.limits.requests;
        let permit = Permit::take(&demand.upstream.live, Resource::Requests, limit);
        let Some(request) = permit else {
            pool.keep(kept, &terms);
            demand.upstream.live.traffic.pending_overflow.add(1);
            return Err(Failure::Overflow);
        };
        demand.upstream.live.traffic.requests.add(1);
        let busy = Busy::on(&kept, &terms);
        Ok(Lease {
            kept,
            pool,
            terms,
            _busy: busy,
            _request: request,
        })
    }

    /// Forgets the endpoints for which `stays` is false. What runs there goes on to its end.
    pub(crate) fn retire(&self, stays: impl Fn(&str, &EndpointAddress) -> bool) {
        self.endpoints.borrow_mut().retain(|key, pool| {
            let stays = stays(&key.cluster, &key.address);
            if !stays {
                pool.retire();
            }
            stays
        });
    }

    /// Lets go of the connections to a host: somebody else is there now. What runs on them goes on
    /// to its end.
    pub(crate) fn forget(&self, host: IpAddr) {
        self.retire(|_, address| match address {
            EndpointAddress::Socket(address) => address.ip() != host,
            EndpointAddress::Name { .. } => true,
        });
    }

    async fn http1(
        &self,
        demand: Demand<'_>,
        pool: &Rc<Pool>,
        terms: &Terms,
    ) -> Result<Kept, Failure> {
        if let Some(kept) = pool.take_idle(terms) {
            return Ok(kept);
        }
        let _pending = pending(demand)?;
        loop {
            if let Some(permit) = may_open(demand, pool) {
                return self.open(demand, pool, terms, permit).await;
            }
            let (sender, receiver) = oneshot::channel();
            pool.wait(sender);
            if let Ok(Some(kept)) = receiver.await
                && kept.is_usable(terms)
            {
                return Ok(kept);
            }
        }
    }

    async fn http2(
        &self,
        demand: Demand<'_>,
        pool: &Rc<Pool>,
        terms: &Terms,
    ) -> Result<Kept, Failure> {
        if let Some(kept) = pool.shared(terms) {
            return Ok(kept);
        }
        let _pending = pending(demand)?;
        let _connecting = pool.connecting.lock().await;
        if let Some(kept) = pool.shared(terms) {
            return Ok(kept);
        }
        // One connection per thread and endpoint, so the limit cannot hold it back: Envoy, too,
        // makes the first connection to an endpoint whatever the limit says.
        let permit = Permit::take_anyway(&demand.upstream.live, Resource::Connections);
        self.open(demand, pool, terms, permit).await
    }

    async fn open(
        &self,
        demand: Demand<'_>,
        pool: &Rc<Pool>,
        terms: &Terms,
        permit: Permit,
    ) -> Result<Kept, Failure> {
        let opening = pool.opening();
        let cluster = &demand.upstream.cluster;
        let connecting = self.connector.connect(demand.side, cluster, demand.address);
        let connection = connecting.await.map_err(|failure| {
            OpenConnection::failed(&demand.upstream.live, demand.live);
            Failure::Connect(failure)
        })?;
        let open = OpenConnection::made(&demand.upstream.live, demand.live);
        let (local, peer) = (connection.local, connection.peer);
        let executor = LocalExecutor(Rc::clone(&self.spawner));
        let made = handshake(demand.protocol, connection.io, executor, self.room).await;
        let (sender, driver) = made.map_err(Failure::Reset)?;
        let kept = Kept::new(sender, (local, peer), self.clock.now());
        let end = (permit, opening, open);
        let task = kept::drive(
            driver,
            Rc::clone(&kept.about),
            terms.clone(),
            Rc::clone(pool),
        );
        let task = async move {
            task.await;
            drop(end);
        };
        self.spawner.spawn_local("upstream", Box::pin(task));
        if demand.protocol == Protocol::Http2 {
            pool.keep(kept, terms);
            // It was put there a line ago.
            return pool.shared(terms).ok_or(Failure::Overflow);
        }
        Ok(kept)
    }
}

impl Lease {
    /// Our end of the connection.
    pub(crate) fn local(&self) -> SocketAddr {
        self.kept.about.local
    }

    /// The other end.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.kept.about.peer
    }

    /// Whether the connection has served requests before this one.
    pub(crate) fn is_reused(&self) -> bool {
        self.kept.about.is_reused()
    }

    /// Sends `request` and waits for the head of the answer.
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.kept.sender.send(request).await
    }

    /// The answer has been read to its end: the connection may serve others.
    pub(crate) fn release(self) {
        let Self {
            kept, pool, terms, ..
        } = self;
        pool.settle(kept, terms);
    }
}

fn pending(demand: Demand<'_>) -> Result<Permit, Failure> {
    let limit = demand.upstream.cluster.limits.pending;
    Permit::take(&demand.upstream.live, Resource::Pending, limit).ok_or_else(|| {
        demand.upstream.live.traffic.pending_overflow.add(1);
        Failure::Overflow
    })
}

/// Whether another connection may be made. The first one to an endpoint always may, or requests
/// could wait there for ever.
fn may_open(demand: Demand<'_>, pool: &Pool) -> Option<Permit> {
    let limit = demand.upstream.cluster.limits.connections;
    let live = &demand.upstream.live;
    let permit = Permit::take(live, Resource::Connections, limit);
    let first = || Permit::take_anyway(live, Resource::Connections);
    permit.or_else(|| (pool.open() == 0).then(first))
}
