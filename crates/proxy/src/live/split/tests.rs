//! The promises of sequences, held for weights at random.

use proptest::prelude::*;
use sealane_runtime::header::HeaderOps;
use sealane_runtime::split::Part;

use super::*;

fn split(key: &str, weights: &[u64]) -> Split {
    named(key, "c", weights)
}

fn named(key: &str, prefix: &str, weights: &[u64]) -> Split {
    let part = |(index, weight): (usize, &u64)| Part {
        cluster: format!("{prefix}{index}").into(),
        weight: *weight,
        headers: HeaderOps::default(),
        host_rewrite: None,
    };
    Split {
        key: key.into(),
        parts: weights.iter().enumerate().map(part).collect(),
        total: weights.iter().sum(),
        random: false,
    }
}

/// How often each destination was picked, pick by pick.
struct Tally {
    weights: Vec<f64>,
    counts: Vec<f64>,
    shares: Vec<f64>,
}

impl Tally {
    fn new(parts: usize) -> Self {
        Self {
            weights: vec![0.0; parts],
            counts: vec![0.0; parts],
            shares: vec![0.0; parts],
        }
    }

    fn weigh(&mut self, split: &Split) {
        let total = f64_of(split.total);
        self.weights = split
            .parts
            .iter()
            .map(|part| f64_of(part.weight) / total)
            .collect();
    }

    /// Draws once; the deviations afterwards.
    fn draw(&mut self, sequences: &Sequences, split: &Split) -> Vec<f64> {
        let picked = sequences.pick(split).unwrap();
        self.counts[picked] += 1.0;
        for (share, weight) in self.shares.iter_mut().zip(&self.weights) {
            *share += weight;
        }
        let both = self.counts.iter().zip(&self.shares);
        both.map(|(count, share)| count - share).collect()
    }
}

fn f64_of(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// The deviations of every destination after each of `picks` picks.
fn deviations(seed: u64, weights: &[u64], picks: usize) -> Vec<Vec<f64>> {
    let sequences = Sequences::new(seed);
    let split = split("k", weights);
    let mut tally = Tally::new(weights.len());
    tally.weigh(&split);
    (0..picks).map(|_| tally.draw(&sequences, &split)).collect()
}

const ROUNDING: f64 = 1e-6;

fn check(deviations: &[Vec<f64>], from_start: f64, any_window: f64) -> Result<(), TestCaseError> {
    for part in 0..deviations.first().map_or(0, Vec::len) {
        let of_part = || deviations.iter().map(|all| all[part]);
        let highest = of_part().fold(0.0, f64::max);
        let lowest = of_part().fold(0.0, f64::min);
        prop_assert!(
            highest < from_start && lowest > -from_start,
            "{lowest}…{highest}"
        );
        prop_assert!(highest - lowest < any_window, "{lowest}…{highest}");
    }
    Ok(())
}

#[test]
fn the_first_hundred_at_90_to_10_are_90_and_10() {
    let sequences = Sequences::new(7);
    let split = split("k", &[90, 10]);
    let mut counts = [0; 2];
    for pick in 1..=1000 {
        counts[sequences.pick(&split).unwrap()] += 1;
        if pick % 10 == 0 {
            assert_eq!(counts, [pick / 10 * 9, pick / 10]);
        }
    }
}

#[test]
fn six_destinations_keep_their_shares_where_smooth_round_robin_fails() {
    for seed in 0..50 {
        let found = deviations(seed, &[1, 1, 1, 1, 1, 45], 500);
        check(&found, 1.0, 2.0).unwrap();
    }
}

#[test]
fn a_client_that_alternates_does_not_lock_step_with_the_split() {
    for weights in [&[50, 50][..], &[90, 10], &[98, 1, 1], &[1, 1, 1, 1]] {
        let sequences = Sequences::new(3);
        let split = split("k", weights);
        let mut last_on_even_turns = 0;
        let mut last = 0;
        for turn in 0..8000 {
            if sequences.pick(&split) == Some(weights.len() - 1) {
                last += 1;
                last_on_even_turns += i32::from(turn % 2 == 0);
            }
        }
        let share = f64::from(last_on_even_turns) / f64::from(last);
        assert!((0.3..0.7).contains(&share), "{weights:?}: {share}");
    }
}

#[test]
fn the_same_rule_on_another_port_goes_on_in_the_same_sequence() {
    let sequences = Sequences::new(1);
    let (one, other) = (named("k", "80-", &[3, 1]), named("k", "8080-", &[3, 1]));
    let mut counts = [0; 2];
    for pick in 0..400 {
        let split = if pick % 3 == 0 { &one } else { &other };
        counts[sequences.pick(split).unwrap()] += 1;
    }
    assert_eq!(counts, [300, 100]);
}

#[test]
fn threads_draw_from_one_sequence() {
    let sequences = Sequences::new(5);
    let split = split("k", &[70, 20, 10]);
    let counts: Vec<[usize; 3]> = std::thread::scope(|scope| {
        let draw = || {
            let mut counts = [0; 3];
            for _ in 0..2500 {
                counts[sequences.pick(&split).unwrap()] += 1;
            }
            counts
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(draw)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let total = |part: usize| counts.iter().map(|counts| counts[part]).sum::<usize>();
    assert_eq!([total(0), total(1), total(2)], [7000, 2000, 1000]);
}

#[test]
fn a_random_split_is_not_exact_and_keeps_its_shares() {
    let sequences = Sequences::new(9);
    let mut split = split("k", &[90, 10]);
    split.random = true;
    let picks: Vec<_> = (0..10_000)
        .map(|_| sequences.pick(&split).unwrap())
        .collect();
    let second: usize = picks.iter().sum();
    assert!((850..1150).contains(&second), "{second}");
    let uneven = picks.chunks(10).any(|ten| ten.iter().sum::<usize>() != 1);
    assert!(uneven);
}

#[test]
fn fractions_are_exact_and_kinds_have_sequences_of_their_own() {
    let sequences = Sequences::new(2);
    let key: Arc<str> = "k#fault".into();
    let third = Fraction {
        numerator: 333_000,
        denominator: 1_000_000,
    };
    let mut inside = [0; 2];
    for _ in 0..1000 {
        inside[0] += usize::from(sequences.draw(&key, Draw::Delay, third));
        inside[1] += usize::from(sequences.draw(&key, Draw::Abort, third));
    }
    assert_eq!(inside, [333, 333]);
    let none = Fraction {
        numerator: 0,
        denominator: 100,
    };
    assert!(!sequences.draw(&key, Draw::Mirror, none));
    assert!(sequences.draw(&key, Draw::Mirror, Fraction::ALL));
    let rare = Fraction {
        numerator: 1,
        denominator: 1_000_000,
    };
    let found = (0..2_000_000).filter(|_| sequences.draw(&key, Draw::Mirror, rare));
    assert_eq!(found.count(), 2);
}

#[test]
fn one_destination_takes_all_and_none_takes_nothing() {
    let sequences = Sequences::new(1);
    assert_eq!(sequences.pick(&split("one", &[7])), Some(0));
    assert_eq!(sequences.pick(&split("none", &[])), None);
    assert!(sequences.splits.read().unwrap().is_empty());
}

#[test]
fn all_and_none_take_nothing_from_a_sequence() {
    let sequences = Sequences::new(2);
    let key: Arc<str> = "k#fault".into();
    let percent = |numerator| Fraction {
        numerator,
        denominator: 100,
    };
    assert!(sequences.draw(&key, Draw::Delay, percent(100)));
    assert!(!sequences.draw(&key, Draw::Delay, percent(0)));
    assert!(sequences.fractions.read().unwrap().is_empty());
}

#[test]
fn a_change_of_a_percentage_carries_what_is_owed() {
    let key: Arc<str> = "k#fault".into();
    for seed in 0..20 {
        let sequences = Sequences::new(seed);
        let mut deviation = 0.0_f64;
        for percent in (5..95).chain((5..95).rev()) {
            let fraction = Fraction {
                numerator: percent,
                denominator: 100,
            };
            for _ in 0..3 {
                let inside = sequences.draw(&key, Draw::Abort, fraction);
                deviation += f64::from(u8::from(inside)) - f64::from(percent) / 100.0;
                assert!(deviation.abs() < 1.01, "{deviation} at {percent} %");
            }
        }
    }
}

#[test]
fn what_nobody_wants_any_more_is_forgotten() {
    let sequences = Sequences::new(2);
    let key: Arc<str> = "b#fault".into();
    let half = Fraction {
        numerator: 50,
        denominator: 100,
    };
    sequences.pick(&split("a", &[1, 1]));
    sequences.draw(&key, Draw::Delay, half);
    sequences.retain(|key| key == "a");
    assert_eq!(sequences.splits.read().unwrap().len(), 1);
    assert!(sequences.fractions.read().unwrap().is_empty());
    sequences.retain(|_| false);
    assert!(sequences.splits.read().unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_stays_within_one_of_its_shares(
        seed: u64,
        weights in prop::collection::vec(1_u64..60, 2..9),
        picks in 1_usize..700,
    ) {
        check(&deviations(seed, &weights, picks), 1.0 + ROUNDING, 2.0 + ROUNDING)?;
    }

    #[test]
    fn lopsided_splits_too(
        seed: u64,
        small in prop::collection::vec(1_u64..3, 1..8),
        large in 100_u64..3000,
    ) {
        let mut weights = small;
        weights.push(large);
        check(&deviations(seed, &weights, 6000), 1.0 + ROUNDING, 2.0 + ROUNDING)?;
    }

    #[test]
    fn very_long_periods_too(
        seed: u64,
        weights in prop::collection::vec(5000_u64..1_000_000, 2..7),
    ) {
        check(&deviations(seed, &weights, 3000), 1.0 + ROUNDING, 2.0 + ROUNDING)?;
    }

    #[test]
    fn a_change_of_weights_carries_what_is_owed(
        seed: u64,
        changes in prop::collection::vec(
            (prop::collection::vec(1_u64..40, 4), 1_usize..120), 2..12),
    ) {
        let sequences = Sequences::new(seed);
        let mut tally = Tally::new(4);
        let mut all = Vec::new();
        for (weights, picks) in &changes {
            let split = split("k", weights);
            tally.weigh(&split);
            all.extend((0..*picks).map(|_| tally.draw(&sequences, &split)));
        }
        // Two destinations may both be due at the next pick, so that one comes late.
        check(&all, 2.0, 3.0)?;
    }

    #[test]
    fn a_change_over_very_long_periods_does_too(
        seed: u64,
        changes in prop::collection::vec(
            (prop::collection::vec(5000_u64..1_000_000, 3), 1_usize..40), 10..40),
    ) {
        let sequences = Sequences::new(seed);
        let mut tally = Tally::new(3);
        let mut all = Vec::new();
        for (weights, picks) in &changes {
            let split = split("k", weights);
            tally.weigh(&split);
            all.extend((0..*picks).map(|_| tally.draw(&sequences, &split)));
        }
        check(&all, 2.0, 3.0)?;
    }

    #[test]
    fn a_change_between_two_destinations_never_strays_by_one(
        seed: u64,
        changes in prop::collection::vec((1_u64..100, 1_u64..100, 1_usize..90), 2..20),
    ) {
        let sequences = Sequences::new(seed);
        let mut tally = Tally::new(2);
        let mut all = Vec::new();
        for (first, second, picks) in &changes {
            let split = split("k", &[*first, *second]);
            tally.weigh(&split);
            all.extend((0..*picks).map(|_| tally.draw(&sequences, &split)));
        }
        // What is carried is rounded to fine parts of the new weights.
        check(&all, 1.001, 2.001)?;
    }

    #[test]
    fn the_same_seed_gives_the_same_picks(
        seed: u64,
        weights in prop::collection::vec(1_u64..30, 2..6),
    ) {
        let picks = || {
            let sequences = Sequences::new(seed);
            let split = split("k", &weights);
            (0..200).map(|_| sequences.pick(&split)).collect::<Vec<_>>()
        };
        prop_assert_eq!(picks(), picks());
    }
}
