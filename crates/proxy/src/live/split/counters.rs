//! Many destinations over a very long period: what each is owed, counted.
//!
//! This is Tijdeman's solution of the chairman assignment problem: among those that are owed
//! enough, the one that would first be owed too much. No count strays from its share by one or
//! more.

/// What each destination is owed, in parts of the whole.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    owed: Vec<i128>,
}

impl Counters {
    pub(super) fn new(lead: &[i64]) -> Self {
        Self {
            owed: lead.iter().copied().map(i128::from).collect(),
        }
    }

    /// What each destination is owed, in parts of the whole.
    pub(super) fn owed(&self) -> impl Iterator<Item = i128> {
        self.owed.iter().copied()
    }

    /// The destination that gets the next ticket. The weights add up to `whole`.
    pub(super) fn next(&mut self, weights: &[u64], whole: u64) -> usize {
        let whole = i128::from(whole);
        for (owed, weight) in self.owed.iter_mut().zip(weights) {
            *owed += i128::from(*weight);
        }
        // With k destinations the least debt that counts is 1/(2k-2), the most allowed 1 less that.
        let scale = i128::try_from(weights.len()).unwrap_or(2) * 2 - 2;
        let enough = |owed: i128| owed * scale >= whole;
        let candidates = || self.owed.iter().zip(weights).enumerate();
        // The time until a debt is too large, as a fraction, compared without dividing.
        let patience = |owed: i128| whole * (scale - 1) - owed * scale;
        let sooner = |(_, (a, wa)): &(usize, (&i128, &u64)),
                      (_, (b, wb)): &(usize, (&i128, &u64))| {
            (patience(**a) * i128::from(**wb)).cmp(&(patience(**b) * i128::from(**wa)))
        };
        let chosen = candidates()
            .filter(|(_, (owed, _))| enough(**owed))
            .min_by(sooner)
            // After a change of weights nobody may be owed enough.
            .or_else(|| candidates().max_by_key(|(_, (owed, _))| **owed))
            .map_or(0, |(index, _)| index);
        if let Some(owed) = self.owed.get_mut(chosen) {
            *owed -= whole;
        }
        chosen
    }
}
