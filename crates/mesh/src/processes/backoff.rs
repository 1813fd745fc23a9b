//! How long a process that ended rests before it is started again.

use std::time::Duration;

/// The first rest.
const FIRST: Duration = Duration::from_secs(1);
/// The longest rest.
const LONGEST: Duration = Duration::from_mins(1);
/// Who ran for so long begins anew.
const STEADY: Duration = Duration::from_mins(1);

/// Rests that double.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The rest of a process that ran for so long.
    pub(super) fn after(&mut self, ran: Duration) -> Duration {
        if ran >= STEADY {
            self.0 = FIRST;
        }
        let rest = self.0;
        self.0 = (rest * 2).min(LONGEST);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_a_minute_and_a_steady_run_forgives() {
        let mut backoff = Backoff::default();
        let mut rest = || backoff.after(Duration::ZERO).as_secs();
        let rests: Vec<u64> = (0..8).map(|_| rest()).collect();
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.after(STEADY), FIRST);
        assert_eq!(backoff.after(Duration::ZERO), FIRST * 2);
    }
}
