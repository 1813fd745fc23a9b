//! Which priority takes a request: traffic spills over as endpoints fail.

/// The endpoints of a priority or locality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) all: usize,
    pub(super) available: usize,
}

/// What a cluster says about failing endpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// By how much available capacity counts more, in percent: 140 lets 30 of 100 fail unnoticed.
    pub(super) overprovisioning: u32,
    /// Below this percentage of available endpoints, all are used. 0 never.
    pub(super) panic_threshold: u8,
}

impl Rules {
    /// The health of a set of endpoints, in percent.
    fn health(self, capacity: Capacity) -> u64 {
        let (all, available) = capacity.numbers();
        (u64::from(self.overprovisioning) * available)
            .checked_div(all)
            .unwrap_or(0)
            .min(100)
    }

    fn panics(self, capacity: Capacity) -> bool {
        let (all, available) = capacity.numbers();
        let threshold = u64::from(self.panic_threshold.min(100));
        available * 100 < threshold * all.max(1)
    }

    /// The weight of a locality as its endpoints fail, in hundredths.
    pub(super) fn locality_weight(self, weight: u32, capacity: Capacity) -> u64 {
        u64::from(weight) * self.health(capacity)
    }
}

impl Capacity {
    fn numbers(self) -> (u64, u64) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        (number(self.all), number(self.available))
    }
}

/// The shares of the priorities, in percent, and whether each uses all of its endpoints.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loads(Vec<(u64, bool)>);

impl Loads {
    /// The shares of priorities with these capacities.
    pub(super) fn of(capacities: &[Capacity], rules: Rules) -> Self {
        let health: Vec<u64> = capacities
            .iter()
            .map(|capacity| rules.health(*capacity))
            .collect();
        let total = health.iter().sum::<u64>().min(100);
        let panics: Vec<bool> = capacities
            .iter()
            .map(|capacity| total < 100 && rules.panics(*capacity))
            .collect();
        let shares = match total {
            // Everything goes to the first, where it finds nothing.
            0 if rules.panic_threshold == 0 => capacities
                .iter()
                .enumerate()
                .map(|(index, _)| if index == 0 { 100 } else { 0 })
                .collect(),
            // All panic: everybody counts alike.
            _ if panics.iter().all(|panics| *panics) => {
                let sizes = capacities.iter().map(|capacity| capacity.numbers().0);
                let all = sizes.clone().sum::<u64>().max(1);
                filled(&sizes.map(|size| 100 * size / all).collect::<Vec<_>>())
            }
            _ => {
                let total = total.max(1);
                let rounded = health
                    .iter()
                    .map(|health| (health * 100 + total / 2) / total);
                filled(&rounded.collect::<Vec<_>>())
            }
        };
        Self(shares.into_iter().zip(panics).collect())
    }

    /// The priority that a random number stands for, and whether it uses all of its endpoints.
    pub(super) fn choose(&self, draw: u64) -> Option<(usize, bool)> {
        let draw = draw % 100;
        let mut below = 0;
        self.0
            .iter()
            .enumerate()
            .find_map(|(index, (share, panics))| {
                below += share;
                (draw < below).then_some((index, *panics))
            })
    }
}

/// Shares, cut to 100 in all, with what rounding left given to the first that has any.
fn filled(wanted: &[u64]) -> Vec<u64> {
    let mut left = 100;
    let mut shares: Vec<u64> = wanted
        .iter()
        .map(|share| {
            let share = (*share).min(left);
            left -= share;
            share
        })
        .collect();
    if let Some(first) = shares.iter_mut().find(|share| **share > 0) {
        *first += left;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `share%` of every priority, with `!` where it panics.
    fn loads(capacities: &[(usize, usize)], panic_threshold: u8) -> String {
        let capacities: Vec<_> = capacities
            .iter()
            .map(|(available, all)| Capacity {
                all: *all,
                available: *available,
            })
            .collect();
        let rules = Rules {
            overprovisioning: 140,
            panic_threshold,
        };
        let Loads(shares) = Loads::of(&capacities, rules);
        let shares: Vec<_> = shares
            .iter()
            .map(|(share, panics)| format!("{share}{}", if *panics { "!" } else { "" }))
            .collect();
        shares.join(" ")
    }

    #[test]
    fn traffic_spills_over_as_envoys_documents_say() {
        for (first, second, expected) in [
            (100, 100, "100 0"),
            (72, 100, "100 0"),
            (71, 71, "99 1"),
            (50, 50, "70 30"),
            (25, 100, "35 65"),
            (25, 25, "50! 50!"),
            (0, 100, "0 100"),
        ] {
            assert_eq!(
                loads(&[(first, 100), (second, 100)], 50),
                expected,
                "{first} {second}"
            );
        }
        assert_eq!(loads(&[(25, 100), (25, 100)], 0), "50 50");
    }

    #[test]
    fn without_panic_nothing_is_found_where_nothing_is_available() {
        assert_eq!(loads(&[(0, 2), (0, 2)], 0), "100 0");
        assert_eq!(loads(&[(0, 2)], 50), "100!");
        assert_eq!(loads(&[(1, 3)], 50), "100!");
        assert_eq!(loads(&[(2, 3)], 50), "100");
        assert_eq!(loads(&[(0, 1), (0, 3)], 50), "25! 75!");
        assert_eq!(loads(&[], 0), "");
    }

    #[test]
    fn every_draw_chooses_a_priority_by_its_share() {
        let loads = Loads(vec![(35, false), (0, false), (65, true)]);
        let of = |wanted| {
            (0..100)
                .filter(|draw| loads.choose(*draw) == Some(wanted))
                .count()
        };
        assert_eq!((of((0, false)), of((2, true))), (35, 65));
        assert_eq!(Loads(Vec::new()).choose(7), None);
    }
}
