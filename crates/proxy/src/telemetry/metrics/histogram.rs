//! A histogram of whole numbers that all threads add to.

use std::sync::atomic::{AtomicU64, Ordering};

/// The upper bounds of Envoy's buckets, which Istio leaves as they are, for milliseconds as for
/// bytes.
///
/// <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/metrics/v3/stats.proto#config-metrics-v3-histogrambucketsettings>
pub const BOUNDS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1_000.0,
    2_500.0,
    5_000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// The same bounds for whole numbers: a number is in the first bucket whose bound it is not above.
const WHOLE: [u64; BOUNDS.len()] = [
    0, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
    600_000, 1_800_000, 3_600_000,
];

/// How many numbers fell into each bucket, and their sum. The last bucket has no bound.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distribution {
    /// How many numbers fell into each bucket; the last one has no bound.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// The sum of all numbers.
    pub sum: u64,
}

impl Histogram {
    pub(super) fn add(&self, number: u64) {
        let bucket = WHOLE.partition_point(|bound| *bound < number);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Distribution {
        let mut now = Distribution::default();
        for (count, bucket) in now.buckets.iter_mut().zip(&self.buckets) {
            *count = bucket.load(Ordering::Relaxed);
        }
        now.sum = self.sum.load(Ordering::Relaxed);
        now
    }
}

impl Distribution {
    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (count, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *count += more;
        }
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_falls_into_the_first_bucket_that_it_does_not_exceed() {
        for (number, bucket) in [(0, 0), (1, 1), (2, 2), (5, 2), (6, 3), (3_600_001, 19)] {
            let histogram = Histogram::default();
            histogram.add(number);
            let now = histogram.now();
            assert_eq!(now.buckets[bucket], 1, "{number}");
            assert_eq!((now.count(), now.sum), (1, number));
        }
    }

    #[test]
    fn whole_bounds_are_envoys_bounds_rounded_down() {
        for (bound, whole) in BOUNDS.iter().zip(WHOLE) {
            let text = format!("{:.0}", bound.floor());
            assert_eq!(text, whole.to_string());
        }
    }
}
