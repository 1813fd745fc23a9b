//! Envoy's ring hash (ketama): endpoints stand on a ring as often as their weights say.

use sealane_runtime::hash::xx64;

/// The ring: hashes with the endpoints they belong to, sorted.
#[derive(Debug)]
pub(super) struct Ring(Vec<(u64, usize)>);

impl Ring {
    /// A ring of endpoints, each with its key and weight. Every endpoint stands on it at least
    /// once and in proportion to its weight, unless that takes more than `maximum` entries.
    pub(super) fn new(endpoints: &[(String, u32)], minimum: u64, maximum: u64) -> Self {
        let total: f64 = endpoints.iter().map(|(_, weight)| f64::from(*weight)).sum();
        let share = |weight: u32| f64::from(weight) / total;
        let smallest = endpoints
            .iter()
            .map(|(_, weight)| share(*weight))
            .fold(1.0, f64::min);
        let scale = ((smallest * real(minimum)).ceil() / smallest).min(real(maximum));
        let mut ring = Vec::new();
        let mut target = 0.0;
        let mut placed = 0.0;
        for (index, (key, weight)) in endpoints.iter().enumerate() {
            target += scale * share(*weight);
            let mut number = 0_u64;
            while placed < target {
                ring.push((xx64(format!("{key}_{number}").as_bytes(), 0), index));
                number += 1;
                placed += 1.0;
            }
        }
        ring.sort_unstable();
        Self(ring)
    }

    /// The endpoint at or after `hash` on the ring; later attempts go on from there.
    pub(super) fn pick(&self, hash: u64, attempt: u32) -> Option<usize> {
        let first = self.0.partition_point(|(entry, _)| *entry < hash);
        let attempt = usize::try_from(attempt).unwrap_or(0);
        let position = (first + attempt).checked_rem(self.0.len())?;
        self.0.get(position).map(|(_, index)| *index)
    }
}

/// A size as a real number; sizes are at most 8 Mi (`runtime::build`).
fn real(size: u64) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX))
}
