//! What a change costs: the requests that failed because something was changed under them.
//!
//! A request is *lost* to a change when it was in flight at any moment between the beginning of
//! the transaction and the moment when removed pods were let go, and a proxy could not carry it to
//! an answer: no route, no cluster, no endpoint, no connection, or one that broke. One that a retry
//! saved is not lost, and neither is one of a destination that failed before the change began.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use sealane_proxy::telemetry::access_log::AccessLog;
use sealane_proxy::telemetry::flag::Flag;
use sealane_proxy::telemetry::record::AccessRecord;
use sealane_seam::Clock;
use sealane_xds::names::VIRTUAL_INBOUND;

use crate::options::Options;

/// What a proxy raises when it cannot carry a request to an answer. Time-outs, breakers and faults
/// are not here: they are what somebody configured.
const FATAL: [Flag; 7] = [
    Flag::NoRoute,
    Flag::NoCluster,
    Flag::NoHealthyUpstream,
    Flag::UpstreamConnectionFailure,
    Flag::UpstreamConnectionTermination,
    Flag::UpstreamReset,
    Flag::UpstreamProtocolError,
];
/// A destination that failed this recently was failing before the change.
const RECENT: Duration = Duration::from_secs(10);
/// Failing destinations that are remembered.
const FAILING: usize = 1024;
/// Requests that failed behind a caller's proxy and are waited for there.
const INSIDE: usize = 1024;

/// Counts what changes cost, and passes every record on.
pub struct Toll {
    log: Arc<dyn AccessLog>,
    clock: Arc<dyn Clock>,
    /// How long requests may take that were in flight when a change was complete.
    patience: Duration,
    /// Guards the books; held to add to them, never over an await. Only failures come here.
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    change: Option<Change>,
    /// When destinations failed last without a change.
    failing: BTreeMap<String, SystemTime>,
    /// What inbound proxies could not answer; the caller's proxy may try again.
    inside: VecDeque<HeaderValue>,
}

/// The change that is under way, or was last.
struct Change {
    began: SystemTime,
    settled: Option<SystemTime>,
    lost: u64,
    late: u64,
}

impl Toll {
    /// Nothing lost yet; records go on to the access log of `options`.
    pub fn new(options: &Options) -> Self {
        Self {
            log: Arc::clone(&options.access_log),
            clock: Arc::clone(&options.clock),
            patience: options.drain_time,
            books: Mutex::default(),
        }
    }

    /// A change begins.
    pub fn begin(&self) {
        let began = self.clock.wall();
        let mut books = self.books();
        books
            .failing
            .retain(|_, last| is_within(RECENT, *last, began));
        books.change = Some(Change {
            began,
            settled: None,
            lost: 0,
            late: 0,
        });
    }

    /// The change is complete: what it took away is gone.
    pub fn settle(&self) {
        let now = self.clock.wall();
        if let Some(change) = &mut self.books().change {
            change.settled = Some(now);
        }
    }

    /// How many requests the change has cost so far.
    pub fn lost(&self) -> u64 {
        self.books().change.as_ref().map_or(0, |change| change.lost)
    }

    /// How many it cost after it was complete, since this was last asked.
    pub fn take_late(&self) -> u64 {
        let mut books = self.books();
        let change = books.change.as_mut();
        change.map_or(0, |change| std::mem::take(&mut change.late))
    }

    fn note(&self, record: &AccessRecord) {
        let is_fatal = FATAL.into_iter().any(|flag| record.flags.contains(flag));
        let is_inbound = *record.listener == *VIRTUAL_INBOUND;
        let mut books = self.books();
        match &record.request_id {
            Some(id) if is_inbound && is_fatal => books.remember(id.clone()),
            id => {
                let failed_inside = id.as_ref().is_some_and(|id| books.forget(id));
                if is_fatal || failed_inside {
                    books.failed(record, self.clock.wall(), self.patience);
                }
            }
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn remember(&mut self, id: HeaderValue) {
        if self.inside.len() == INSIDE {
            self.inside.pop_front();
        }
        self.inside.push_back(id);
    }

    fn forget(&mut self, id: &HeaderValue) -> bool {
        let before = self.inside.len();
        self.inside.retain(|known| known != id);
        self.inside.len() < before
    }

    /// A request of a caller has failed, which ends now.
    fn failed(&mut self, record: &AccessRecord, now: SystemTime, patience: Duration) {
        let wanted = destination(record);
        let failed_before = self
            .failing
            .get(&wanted)
            .is_some_and(|last| is_within(RECENT, *last, now));
        match &mut self.change {
            Some(change) if change.concerns(record, now, patience) => {
                if failed_before {
                    return;
                }
                if change.settled.is_some() {
                    change.late += 1;
                } else {
                    change.lost += 1;
                }
            }
            _ => {
                if self.failing.len() < FAILING || self.failing.contains_key(&wanted) {
                    self.failing.insert(wanted, now);
                }
            }
        }
    }
}

impl Change {
    /// Whether a request that ends now was in flight while things changed.
    fn concerns(&self, record: &AccessRecord, now: SystemTime, patience: Duration) -> bool {
        match self.settled {
            None => now >= self.began,
            Some(settled) => record.start <= settled && is_within(patience, settled, now),
        }
    }
}

/// What a request wanted to reach.
fn destination(record: &AccessRecord) -> String {
    let cluster = record.wanted_cluster.as_ref().or(record.cluster.as_ref());
    let cluster = cluster.map(ToString::to_string);
    cluster
        .or_else(|| record.authority.clone())
        .unwrap_or_else(|| record.downstream_local.to_string())
}

fn is_within(limit: Duration, from: SystemTime, to: SystemTime) -> bool {
    // A clock that was set back says nothing.
    to.duration_since(from).unwrap_or_default() <= limit
}

impl AccessLog for Toll {
    fn wanted(&self) -> bool {
        true
    }

    fn write(&self, record: AccessRecord) {
        if !record.flags.is_empty() || record.status >= 500 {
            self.note(&record);
        }
        if self.log.wanted() {
            self.log.write(record);
        }
    }
}

#[cfg(test)]
mod tests;
