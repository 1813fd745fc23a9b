//! What the series of a proxy count, and the tables they are in.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::histogram::{Distribution, Histogram};

/// Series of one kind in one proxy, at most. Beyond it, what would begin another one is counted as
/// not counted.
pub const SERIES: usize = 4096;

/// What one series counts; `Now` is its value at one moment.
pub(super) trait Series: Default {
    type Now: Default;

    fn now(&self) -> Self::Now;
}

/// The series of one kind, by their labels.
#[derive(Debug)]
pub(super) struct Table<K, S> {
    /// Guards the table: read for every request, written when a series begins.
    series: RwLock<HashMap<K, Arc<S>>>,
}

impl<K, S> Default for Table<K, S> {
    fn default() -> Self {
        Self {
            series: RwLock::default(),
        }
    }
}

impl<K: Hash + Ord + Clone, S: Series> Table<K, S> {
    /// The series with these labels, begun where there is none; `None` when there are too many.
    pub(super) fn series(&self, labels: &K) -> Option<Arc<S>> {
        let known = {
            let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
            series.get(labels).map(Arc::clone)
        };
        if known.is_some() {
            return known;
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if series.len() >= SERIES && !series.contains_key(labels) {
            return None;
        }
        let entry = series.entry(labels.clone());
        Some(Arc::clone(entry.or_default()))
    }

    /// What all of them count now.
    pub(super) fn now(&self) -> BTreeMap<K, S::Now> {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let values = series.iter();
        values
            .map(|(labels, series)| (labels.clone(), series.now()))
            .collect()
    }
}

/// Requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    duration: Histogram,
    request_bytes: Histogram,
    response_bytes: Histogram,
}

/// Requests at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestsNow {
    /// Milliseconds from the first byte in to the last byte out. Each request is there once, so
    /// its count is the number of requests.
    pub duration: Distribution,
    /// Bytes of the requests' bodies.
    pub request_bytes: Distribution,
    /// Bytes of the responses' bodies.
    pub response_bytes: Distribution,
}

impl Requests {
    pub(super) fn add(&self, millis: u64, (received, sent): (u64, u64)) {
        self.duration.add(millis);
        self.request_bytes.add(received);
        self.response_bytes.add(sent);
    }
}

impl Series for Requests {
    type Now = RequestsNow;

    fn now(&self) -> RequestsNow {
        RequestsNow {
            duration: self.duration.now(),
            request_bytes: self.request_bytes.now(),
            response_bytes: self.response_bytes.now(),
        }
    }
}

impl RequestsNow {
    pub(super) fn add(&mut self, other: &Self) {
        self.duration.add(&other.duration);
        self.request_bytes.add(&other.request_bytes);
        self.response_bytes.add(&other.response_bytes);
    }
}

/// Counters of one series that belong together.
#[derive(Debug)]
pub(super) struct Counters<const N: usize>([AtomicU64; N]);

/// The messages of gRPC calls: of requests, of responses.
pub(super) type Messages = Counters<2>;
/// TCP connections: opened, closed, bytes sent, bytes received.
pub(super) type Connections = Counters<4>;

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; N])
    }
}

impl<const N: usize> Counters<N> {
    pub(super) fn add(&self, more: [u64; N]) {
        for (counter, more) in self.0.iter().zip(more) {
            counter.fetch_add(more, Ordering::Relaxed);
        }
    }
}

impl<const N: usize> Series for Counters<N>
where
    [u64; N]: Default,
{
    type Now = [u64; N];

    fn now(&self) -> [u64; N] {
        let mut now = <[u64; N]>::default();
        for (now, counter) in now.iter_mut().zip(&self.0) {
            *now = counter.load(Ordering::Relaxed);
        }
        now
    }
}
