//! The metrics of many proxies, added up.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::Metrics;
use super::labels::{ConnectionLabels, Hop, RequestLabels};
use super::series::RequestsNow;

/// Series of one kind that a mesh keeps of proxies that are gone, at most.
const TOTALS: usize = 65_536;

/// What proxies have counted, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    pub(super) requests: BTreeMap<RequestLabels, RequestsNow>,
    pub(super) messages: BTreeMap<Hop, [u64; 2]>,
    pub(super) connections: BTreeMap<ConnectionLabels, [u64; 4]>,
    pub(super) uncounted: u64,
}

impl Totals {
    /// Adds what a proxy has counted so far.
    pub fn add(&mut self, metrics: &Metrics) {
        for (labels, more) in metrics.requests.now() {
            if let Some(sum) = sum(&mut self.requests, labels, &mut self.uncounted) {
                sum.add(&more);
            }
        }
        for (hop, more) in metrics.messages.now() {
            if let Some(sum) = sum(&mut self.messages, hop, &mut self.uncounted) {
                add_each(sum, more);
            }
        }
        for (labels, more) in metrics.connections.now() {
            if let Some(sum) = sum(&mut self.connections, labels, &mut self.uncounted) {
                add_each(sum, more);
            }
        }
        self.uncounted += metrics.uncounted.load(Ordering::Relaxed);
    }

    /// The requests, by their labels.
    pub const fn requests(&self) -> &BTreeMap<RequestLabels, RequestsNow> {
        &self.requests
    }
}

fn sum<'a, K: Ord, V: Default>(
    sums: &'a mut BTreeMap<K, V>,
    labels: K,
    uncounted: &mut u64,
) -> Option<&'a mut V> {
    if sums.len() >= TOTALS && !sums.contains_key(&labels) {
        *uncounted += 1;
        return None;
    }
    Some(sums.entry(labels).or_default())
}

fn add_each<const N: usize>(sum: &mut [u64; N], more: [u64; N]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}
