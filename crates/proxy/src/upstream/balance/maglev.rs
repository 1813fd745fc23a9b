//! Envoy's Maglev table: endpoints take places in turn, each by a permutation of its own.

use sealane_runtime::hash::xx64;

/// The table: at each place an endpoint.
#[derive(Debug)]
pub(super) struct Maglev(Vec<u32>);

/// An endpoint while the table is filled.
struct Filler {
    offset: u64,
    skip: u64,
    weight: f64,
    target: f64,
    next: u64,
}

impl Maglev {
    /// A table of `size` places, a prime, for endpoints, each with its key and weight.
    pub(super) fn new(endpoints: &[(String, u32)], size: u64) -> Self {
        let total: f64 = endpoints.iter().map(|(_, weight)| f64::from(*weight)).sum();
        let mut fillers: Vec<Filler> = endpoints
            .iter()
            .map(|(key, weight)| Filler {
                offset: xx64(key.as_bytes(), 0) % size,
                skip: xx64(key.as_bytes(), 1) % (size - 1).max(1) + 1,
                weight: f64::from(*weight) / total,
                target: 0.0,
                next: 0,
            })
            .collect();
        let heaviest = fillers
            .iter()
            .map(|filler| filler.weight)
            .fold(0.0, f64::max);
        let mut table = vec![None; usize::try_from(size).unwrap_or(0)];
        let mut free = table.len();
        let mut round = 0.0;
        while free > 0 && !fillers.is_empty() {
            round += 1.0;
            for (index, filler) in (0_u32..).zip(&mut fillers) {
                // The heaviest has a turn in every round, the others in proportion.
                if free == 0 || round * filler.weight < filler.target {
                    continue;
                }
                filler.target += heaviest;
                if let Some(place) = filler.next_free(&mut table, size) {
                    *place = Some(index);
                    free -= 1;
                }
            }
        }
        Self(table.into_iter().flatten().collect())
    }

    /// The endpoint for `hash`; later attempts lead elsewhere.
    pub(super) fn pick(&self, hash: u64, attempt: u32) -> Option<usize> {
        let hash = match attempt {
            0 => hash,
            attempt => hash ^ (u64::MAX - u64::from(attempt) + 1),
        };
        let place = hash.checked_rem(u64::try_from(self.0.len()).ok()?)?;
        let index = self.0.get(usize::try_from(place).ok()?)?;
        usize::try_from(*index).ok()
    }
}

impl Filler {
    /// The next place of the permutation that is free.
    fn next_free<'a>(
        &mut self,
        table: &'a mut [Option<u32>],
        size: u64,
    ) -> Option<&'a mut Option<u32>> {
        loop {
            let place = (self.offset + self.skip * self.next) % size;
            self.next += 1;
            let place = usize::try_from(place).ok()?;
            if table.get(place)?.is_none() {
                return table.get_mut(place);
            }
        }
    }
}
