//! How likely it is that chance alone explains counts: exact binomial and chi-square.

/// The probability that `trials` with chance `share` give a count at least as unlikely as `seen`:
/// the two-sided exact binomial test.
pub(crate) fn binomial(trials: u32, seen: u32, share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        let certain = if share <= 0.0 { 0 } else { trials };
        return if seen == certain { 1.0 } else { 0.0 };
    }
    let (ln_yes, ln_no) = (share.ln(), (1.0 - share).ln());
    let of_all = ln_factorial(trials);
    let ln_chance = |count: u32| {
        of_all - ln_factorial(count) - ln_factorial(trials - count)
            + f64::from(count) * ln_yes
            + f64::from(trials - count) * ln_no
    };
    // Equally unlikely counts on the other side count, whatever the rounding.
    let limit = ln_chance(seen.min(trials)) + 1e-7;
    let counts = (0..=trials).map(ln_chance);
    let sum: f64 = counts.filter(|chance| *chance <= limit).map(f64::exp).sum();
    sum.min(1.0)
}

/// The probability that chance alone gives counts at least as far from `shares` (which add up to
/// 1): Pearson's chi-square test. Cells that are expected empty must be empty.
pub(crate) fn chi_square(counts: &[u32], shares: &[f64]) -> f64 {
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let mut distance = 0.0;
    let mut cells = 0_u32;
    for (count, share) in counts.iter().zip(shares) {
        let expected = total * share;
        if expected <= 0.0 {
            if *count > 0 {
                return 0.0;
            }
            continue;
        }
        distance += (f64::from(*count) - expected).powi(2) / expected;
        cells += 1;
    }
    match cells {
        0 | 1 => 1.0,
        cells => upper_gamma(f64::from(cells - 1) / 2.0, distance / 2.0),
    }
}

/// A probability as people read it: `p = 0.03`, `p < 1e-9`.
pub(crate) fn in_words(probability: f64) -> String {
    if probability < 1e-9 {
        "p < 1e-9".to_owned()
    } else if probability < 0.001 {
        format!("p = {probability:.0e}")
    } else {
        format!("p = {probability:.3}")
    }
}

fn ln_factorial(number: u32) -> f64 {
    ln_gamma(f64::from(number) + 1.0)
}

/// Lanczos' approximation, good to about 15 digits for the positive arguments that it is given.
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    let mut place = x;
    for coefficient in COEFFICIENTS {
        place += 1.0;
        sum += coefficient / place;
    }
    let t = x + G + 0.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// Terms that are added at most.
const STEPS: u32 = 1_000;
/// What is smaller than this changes nothing.
const ENOUGH: f64 = 1e-15;

/// The regularised upper incomplete gamma function: by its series where that converges fast, else
/// by Lentz' continued fraction.
fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let scale = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut place) = (1.0 / a, 1.0 / a, a);
        for _ in 0..STEPS {
            place += 1.0;
            term *= x / place;
            sum += term;
            if term < sum * ENOUGH {
                break;
            }
        }
        return (1.0 - scale * sum).clamp(0.0, 1.0);
    }
    (scale * continued_fraction(a, x)).clamp(0.0, 1.0)
}

/// What the scale is multiplied by where the series converges slowly: Lentz' method.
fn continued_fraction(shape: f64, x: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE / ENOUGH;
    let mut denominator = x + 1.0 - shape;
    let (mut above, mut below) = (1.0 / tiny, 1.0 / denominator);
    let mut fraction = below;
    for step in 1..=STEPS {
        let n = f64::from(step);
        let numerator = -n * (n - shape);
        denominator += 2.0;
        below = 1.0 / not_zero(numerator * below + denominator, tiny);
        above = not_zero(denominator + numerator / above, tiny);
        let change = below * above;
        fraction *= change;
        if (change - 1.0).abs() < ENOUGH {
            break;
        }
    }
    fraction
}

fn not_zero(x: f64, tiny: f64) -> f64 {
    if x.abs() < tiny { tiny } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 + b.abs() * 1e-6, "{a} is not {b}");
    }

    #[test]
    fn binomial_is_exact() {
        // 2 of 10 or as unlikely, by hand: 2 * (1 + 10 + 45) / 1024.
        near(binomial(10, 2, 0.5), 0.109_375);
        near(binomial(10, 5, 0.5), 1.0);
        near(
            binomial(4, 0, 0.25),
            0.316_406_25 + 0.003_906_25 + 0.046_875 + 0.210_937_5,
        );
        assert!(binomial(100, 80, 0.5) < 1e-8);
        near(binomial(100, 100, 1.0), 1.0);
        near(binomial(100, 99, 1.0), 0.0);
        near(binomial(100, 0, 0.0), 1.0);
    }

    #[test]
    fn chi_square_agrees_with_the_tables() {
        // 3.841 is the 95 % point of one degree of freedom, 5.991 of two, 18.307 of ten.
        near(upper_gamma(0.5, 3.841_458_820_694_124 / 2.0), 0.05);
        near(upper_gamma(1.0, 5.991_464_547_107_979 / 2.0), 0.05);
        near(upper_gamma(5.0, 18.307_038_053_275_146 / 2.0), 0.05);
        near(chi_square(&[50, 50], &[0.5, 0.5]), 1.0);
        assert!(chi_square(&[33, 33, 34], &[1.0 / 3.0; 3]) > 0.98);
        assert!(chi_square(&[80, 20], &[0.5, 0.5]) < 1e-8);
        near(chi_square(&[10, 1], &[1.0, 0.0]), 0.0);
    }

    #[test]
    fn probabilities_are_short() {
        assert_eq!(in_words(0.0), "p < 1e-9");
        assert_eq!(in_words(0.000_02), "p = 2e-5");
        assert_eq!(in_words(0.5), "p = 0.500");
    }
}
