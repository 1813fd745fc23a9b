//! What metrics are told of a TCP connection: that it is open, what has passed, that it is closed.

use std::cell::{Cell, OnceCell};
use std::time::Duration;

use sealane_runtime::listener::Direction;

use crate::proxy::Proxy;
use crate::splice::Passed;
use crate::telemetry::hashed::Hashed;
use crate::telemetry::hop::{Called, Ends};
use crate::telemetry::metrics::CountedConnection;
use crate::telemetry::metrics::labels::{CalledService, ConnectionLabels};
use crate::telemetry::record::AccessRecord;
use crate::telemetry::workload::Workload;
use crate::upstream::Upstream;
use crate::upstream::balance::Host;

/// How often an open connection's bytes are told, as in Istio.
pub(super) const REPORT: Duration = Duration::from_secs(5);

/// One connection.
#[derive(Debug)]
pub(super) struct Tally {
    direction: Direction,
    service: Option<Hashed<CalledService>>,
    /// Who was called, as the endpoint's metadata has it.
    workload: Option<Hashed<Workload>>,
    /// Its series, once it is counted as open; `None` when it cannot be counted.
    series: OnceCell<Option<CountedConnection>>,
    /// Bytes to the caller, and from it, that were told.
    told: Cell<(u64, u64)>,
}

impl Tally {
    pub(super) const fn new(direction: Direction) -> Self {
        Self {
            direction,
            service: None,
            workload: None,
            series: OnceCell::new(),
            told: Cell::new((0, 0)),
        }
    }

    /// The connection has a cluster.
    pub(super) fn routed(&mut self, upstream: &Upstream) {
        self.service.clone_from(&upstream.service);
    }

    /// An endpoint was chosen.
    pub(super) fn tried(&mut self, host: &Host) {
        self.workload.clone_from(&host.workload);
    }

    /// Counts it as open, if it is not, and what has passed since.
    pub(super) fn report(&self, proxy: &Proxy, record: &AccessRecord, passed: &Passed) {
        let series = self.series.get_or_init(|| {
            let labels = self.labels(proxy, record);
            proxy.metrics().connection(&labels)
        });
        let Some(series) = series else { return };
        let now = (passed.back.get(), passed.forth.get());
        let (sent, received) = self.told.replace(now);
        series.passed((now.0.saturating_sub(sent), now.1.saturating_sub(received)));
    }

    /// It has ended.
    pub(super) fn close(&self, proxy: &Proxy, record: &AccessRecord, passed: &Passed) {
        self.report(proxy, record, passed);
        if let Some(Some(series)) = self.series.get() {
            series.closed();
        }
    }

    fn labels(&self, proxy: &Proxy, record: &AccessRecord) -> ConnectionLabels {
        let who = proxy.who();
        let service = self.service.as_ref().unwrap_or(&who.no_service);
        let called = Called {
            address: record.upstream_host,
            workload: self.workload.as_ref(),
            service: service.clone(),
        };
        let ends = Ends {
            direction: self.direction,
            caller: record.downstream_remote.ip(),
        };
        ConnectionLabels {
            hop: who.hop(ends, called),
            flags: record.flags.clone(),
        }
    }
}
