//! Whether what was seen is what should be seen.
//!
//! Shares that are dealt exactly are less than two away in any window of calls. Shares that are
//! left to chance are compared by the exact binomial test for each, and by chi-square for all.

use super::expect::Expected;
use super::seen::Seen;
use crate::rules::percents;
use crate::statistics::{binomial, chi_square, in_words};

/// How far an exact count may be from its share: below two in any window of calls.
const EXACT: f64 = 2.0;
/// What is less likely than this is not chance. One test of a thousand fails for nothing.
const LEVEL: f64 = 0.001;

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// What is not as expected, in words.
    pub(super) problems: Vec<String>,
    /// How likely chance alone gives what was seen; `None` where nothing is left to chance.
    pub(super) probability: Option<f64>,
}

/// Compares counts with shares.
pub(super) fn judge(expected: &[Expected], seen: &Seen) -> Verdict {
    let calls = seen.answered();
    let mut verdict = Verdict::default();
    if calls == 0 || expected.is_empty() {
        return verdict;
    }
    // Each of several is tested, so each is asked for less.
    let tests = u32::try_from(expected.len()).unwrap_or(u32::MAX);
    for part in expected {
        let got = part.who.count(seen);
        let probability = binomial(calls, got, part.share);
        let unlikely = probability < LEVEL / f64::from(tests);
        let away = (f64::from(got) - f64::from(calls) * part.share).abs();
        let why = match (part.exact, away >= EXACT, unlikely) {
            (true, true, false) => "exact shares are never 2 away; do others call meanwhile?",
            (true, true, true) | (false, _, true) => "not explained by chance",
            (true, false, _) | (false, _, false) => continue,
        };
        verdict.problems.push(format!(
            "{}: expected {}, seen {got} of {calls}: {why} ({})",
            part.who.name(),
            percents(part.share * 100.0),
            in_words(probability)
        ));
    }
    let mut counts: Vec<u32> = expected.iter().map(|part| part.who.count(seen)).collect();
    let mut shares: Vec<f64> = expected.iter().map(|part| part.share).collect();
    let others = calls.saturating_sub(counts.iter().sum());
    if others > 0 {
        let words = format!("{others} of {calls} were answered by somebody else");
        verdict.problems.push(words);
    }
    if expected.iter().any(|part| !part.exact) {
        counts.push(others);
        shares.push((1.0 - shares.iter().sum::<f64>()).max(0.0));
        if let Some(rest) = shares.last_mut().filter(|rest| **rest < 1e-9) {
            *rest = 0.0;
        }
        let probability = chi_square(&counts, &shares);
        verdict.probability = Some(probability);
        if probability < LEVEL && verdict.problems.is_empty() {
            let words = in_words(probability);
            verdict
                .problems
                .push(format!("all together: not explained by chance ({words})"));
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::super::expect::Who;
    use super::*;

    fn seen(counts: &[(&str, u32)]) -> Seen {
        let counts = counts.iter();
        Seen {
            by_workload: counts
                .map(|(version, count)| (((*version).to_owned(), format!("w-{version}")), *count))
                .collect(),
            ..Seen::default()
        }
    }

    fn check(shares: &[(&str, f64)], exact: bool, counts: &[(&str, u32)]) -> usize {
        let expected: Vec<Expected> = shares
            .iter()
            .map(|(name, share)| Expected {
                who: Who::Named((*name).to_owned()),
                share: *share,
                exact,
            })
            .collect();
        judge(&expected, &seen(counts)).problems.len()
    }

    #[test]
    fn exact_shares_are_held_to_their_bound() {
        let half = [("v1", 0.5), ("v2", 0.5)];
        assert_eq!(check(&half, true, &[("v1", 51), ("v2", 49)]), 0);
        assert_eq!(check(&half, true, &[("v1", 52), ("v2", 48)]), 2);
    }

    #[test]
    fn random_shares_may_vary_as_chance_does() {
        let half = [("v1", 0.5), ("v2", 0.5)];
        assert_eq!(check(&half, false, &[("v1", 58), ("v2", 42)]), 0);
        assert_eq!(check(&half, false, &[("v1", 80), ("v2", 20)]), 2);
        assert_eq!(check(&[("v1", 1.0)], false, &[("v1", 99), ("v2", 1)]), 2);
    }

    #[test]
    fn answers_of_others_are_a_problem() {
        assert_eq!(check(&[("v1", 1.0)], true, &[("v1", 90), ("v9", 10)]), 2);
    }

    #[test]
    fn what_is_not_expected_at_all_shows_in_the_sum() {
        let rest = [("v1", 0.7), ("v2", 0.2)];
        assert_eq!(
            check(&rest, false, &[("v1", 70), ("v2", 20), ("v3", 10)]),
            1
        );
    }
}
