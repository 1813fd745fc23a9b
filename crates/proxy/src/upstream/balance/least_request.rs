//! The less busy of a few random endpoints; by weight and load where weights differ.

use sealane_seam::Random;

use super::round_robin::{WHOLE, Weighted};

#[derive(Debug)]
pub(super) struct LeastRequest {
    choices: u32,
    weighted: Option<Weighted>,
}

impl LeastRequest {
    pub(super) fn new(choices: u32, places: &[usize], weights: impl Iterator<Item = u32>) -> Self {
        Self {
            choices: choices.max(1),
            weighted: Weighted::new(places, weights),
        }
    }

    /// One of the `usable`; `active` says how many requests run at a place.
    pub(super) fn pick(
        &self,
        usable: &[usize],
        active: impl Fn(usize) -> u32,
        random: &dyn Random,
    ) -> Option<usize> {
        if let Some(weighted) = &self.weighted {
            let factor = |place| (WHOLE / (u64::from(active(place)) + 1)).max(1);
            return weighted.pick(usable, factor);
        }
        (0..self.choices)
            .filter_map(|_| super::at(usable, random.next_u64()))
            .min_by_key(|place| active(*place))
    }
}
