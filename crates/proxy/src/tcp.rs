//! TCP chains: one connection of the caller, one to an endpoint, bytes in between.

mod tally;

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use sealane_runtime::endpoint::EndpointAddress;
use sealane_runtime::hash::source_hash;
use sealane_runtime::listener::{Listener, TcpProxy};
use sealane_runtime::split::Split;
use sealane_seam::{BoxIo, Connection};
use tokio::time::Instant;

use self::tally::{REPORT, Tally};
use crate::connection::{Addresses, Downstream};
use crate::failure::ConnectFailure;
use crate::live::circuit::{Permit, Resource};
use crate::live::endpoint::Active;
use crate::live::open::OpenConnection;
use crate::live::outlier::Health;
use crate::serving::Serving;
use crate::splice::{Limits, Over, Passed, splice};
use crate::telemetry::flag::Flag;
use crate::telemetry::record::AccessRecord;
use crate::upstream::{Choice, Upstream};
use crate::worker::Worker;

/// A connection that no filter chain takes is closed, and logged.
pub(crate) fn refuse(worker: &Rc<Worker>, listener: &Listener, addresses: &Addresses) {
    let mut books = Books::open(worker, &listener.name, addresses);
    books.record.flags.raise(Flag::NoRoute);
    books.record.details = "filter_chain_not_found".into();
}

/// Serves one connection to its end.
pub(crate) async fn serve(
    serving: &Serving,
    proxy: &TcpProxy,
    downstream: Rc<Downstream>,
    io: BoxIo,
) {
    let worker = Rc::clone(&downstream.worker);
    let _connected = worker.connected();
    let mut books = Books::open(&worker, &downstream.listener, &downstream.addresses);
    books.tally = Some(Tally::new(downstream.direction));
    let Some(upstream) = destination(serving, &proxy.split, &worker, &mut books) else {
        return;
    };
    let source = downstream.addresses.remote.ip();
    let hash = proxy.hash_source_ip.then(|| source_hash(source));
    let Some((connection, _held)) = connect(&downstream, &upstream, hash, &mut books).await else {
        return;
    };
    books.record.upstream_local = Some(connection.local);
    let limits = Limits {
        idle: proxy.idle_timeout.filter(|limit| !limit.is_zero()),
        total: proxy.max_duration.filter(|limit| !limit.is_zero()),
    };
    let spliced = splice(io, connection.io, &books.passed, limits);
    let over = tokio::select! {
        over = spliced => over,
        // Bytes know no requests: there is nothing to wait for.
        () = downstream.closing() => Over::Closed,
        never = books.keep_reporting() => match never {},
    };
    if let Over::Broken(error) = &over {
        tracing::debug!(%error, "connection broke");
    }
    if let Over::Expired = over {
        books.record.termination_details = Some("max_connection_duration_reached");
    }
}

/// The cluster of this connection; it is logged when there is none.
fn destination(
    serving: &Serving,
    split: &Split,
    worker: &Worker,
    books: &mut Books,
) -> Option<Arc<Upstream>> {
    let part = worker.proxy().live().sequences.pick(split)?;
    let cluster = &split.parts.get(part)?.cluster;
    books.record.wanted_cluster = Some(Arc::clone(cluster));
    let upstream = serving.upstream(cluster);
    if let Some(upstream) = upstream {
        books
            .tally
            .iter_mut()
            .for_each(|tally| tally.routed(upstream));
        books.record.cluster = Some(Arc::clone(cluster));
    } else {
        books.record.flags.raise(Flag::NoCluster);
    }
    upstream.map(Arc::clone)
}

/// A connection to an endpoint, within the cluster's limits.
async fn connect(
    downstream: &Downstream,
    upstream: &Upstream,
    hash: Option<u64>,
    books: &mut Books,
) -> Option<(Connection, (Permit, Active, OpenConnection))> {
    let worker = &downstream.worker;
    let outside = worker.proxy().outside();
    let limit = upstream.cluster.limits.connections;
    let Some(permit) = Permit::take(&upstream.live, Resource::Connections, limit) else {
        books.record.flags.raise(Flag::UpstreamOverflow);
        return None;
    };
    let choice = Choice {
        original: downstream.addresses.local,
        hash,
        tried: &[],
        again: 0,
    };
    let chosen = upstream.choose(&choice, &*outside.random, outside.clock.now());
    let Some(host) = chosen else {
        books.record.flags.raise(Flag::NoHealthyUpstream);
        return None;
    };
    books.tally.iter_mut().for_each(|tally| tally.tried(&host));
    let address = &host.endpoint.address;
    if let EndpointAddress::Socket(address) = address {
        books.record.upstream_host = Some(*address);
    }
    let connector = worker.pools().connector();
    let connecting = connector.connect(downstream.side(), &upstream.cluster, address);
    match connecting.await {
        Ok(connection) => {
            books.record.upstream_host = Some(connection.peer);
            let open = OpenConnection::made(&upstream.live, &host.live);
            Some((connection, (permit, Active::at(&host.live), open)))
        }
        Err(failure) => {
            OpenConnection::failed(&upstream.live, &host.live);
            upstream.note(&host, Health::Failed, outside.clock.now());
            books.failed(&failure);
            None
        }
    }
}

/// The bookkeeping of one connection. When it is dropped, the last is counted, and the access log
/// is written.
struct Books {
    worker: Rc<Worker>,
    record: Box<AccessRecord>,
    started: Instant,
    passed: Passed,
    /// What metrics are told; nothing of a connection that no chain takes.
    tally: Option<Tally>,
}

impl Books {
    fn open(worker: &Rc<Worker>, listener: &Arc<str>, addresses: &Addresses) -> Self {
        let proxy = worker.proxy();
        let clock = &proxy.outside().clock;
        let (id, listener) = (Arc::clone(proxy.id()), Arc::clone(listener));
        let ends = (addresses.local, addresses.remote);
        let mut record = AccessRecord::begin(id, listener, clock.wall(), ends);
        record.server_name.clone_from(&addresses.server_name);
        Self {
            record: Box::new(record),
            started: clock.now(),
            passed: Passed::new(Arc::clone(clock)),
            worker: Rc::clone(worker),
            tally: None,
        }
    }

    /// Tells metrics what passes, for as long as it is polled.
    async fn keep_reporting(&self) -> Infallible {
        loop {
            if let Some(tally) = &self.tally {
                tally.report(self.worker.proxy(), &self.record, &self.passed);
            }
            tokio::time::sleep(REPORT).await;
        }
    }

    fn failed(&mut self, failure: &ConnectFailure) {
        let flags = &mut self.record.flags;
        flags.raise(Flag::UpstreamConnectionFailure);
        // The one attempt that there is was the last.
        flags.raise(Flag::RetryLimitExceeded);
        self.record.transport_failure = failure.transport_failure().cloned();
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        let proxy = self.worker.proxy();
        if let Some(tally) = &self.tally {
            tally.close(proxy, &self.record, &self.passed);
        }
        if !proxy.access_log().wanted() {
            return;
        }
        let now = proxy.outside().clock.now();
        self.record.duration = now.saturating_duration_since(self.started);
        self.record.bytes_received = self.passed.forth.get();
        self.record.bytes_sent = self.passed.back.get();
        proxy.access_log().write((*self.record).clone());
    }
}
