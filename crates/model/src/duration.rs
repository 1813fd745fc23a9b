//! Durations as Istio's YAML writes them: `1h2m3.5s`, `10ms`, `1.5s`.

use std::fmt;
use std::time::Duration as Std;

/// A duration of the configuration. It is never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(pub Std);

impl Duration {
    /// A duration of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Std::from_millis(millis))
    }

    /// Reads Go's duration syntax, of which the proto syntax (`1.5s`) is a part.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "0" {
            return Some(Self::default());
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        let mut nanos: u128 = 0;
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let (amount, after) = one_amount(rest)?;
            nanos = nanos.checked_add(amount)?;
            rest = after;
        }
        // Go's durations are 64-bit counts of nanoseconds.
        let nanos = i64::try_from(nanos)
            .ok()
            .and_then(|nanos| u64::try_from(nanos).ok())?;
        Some(Self(Std::from_nanos(nanos)))
    }

    /// The duration as the standard library's type.
    pub const fn std(self) -> Std {
        self.0
    }
}

/// Units, the longer names first where one begins with another.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// One number with a unit, in nanoseconds, and what follows it.
fn one_amount(text: &str) -> Option<(u128, &str)> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (whole, after) = text.split_at_checked(digits)?;
    let (fraction, after) = match after.strip_prefix('.') {
        Some(after) => after.split_at_checked(
            after
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(after.len()),
        )?,
        None => ("", after),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (rest, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((after.strip_prefix(name)?, *unit)))?;
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    Some((
        whole
            .checked_mul(unit)?
            .checked_add(fraction_of(fraction, unit))?,
        rest,
    ))
}

/// `0.fraction` of a unit, cut to nanoseconds.
fn fraction_of(fraction: &str, unit: u128) -> u128 {
    let mut scale = unit;
    let mut sum = 0;
    for digit in fraction.bytes().take(15) {
        sum += scale * u128::from(digit - b'0') / 10;
        scale /= 10;
    }
    sum
}

impl fmt::Display for Duration {
    /// Writes seconds, with a fraction where there is one: `1.5s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.subsec_nanos();
        if nanos == 0 {
            return write!(f, "{}s", self.0.as_secs());
        }
        let fraction = format!("{nanos:09}");
        write!(
            f,
            "{}.{}s",
            self.0.as_secs(),
            fraction.trim_end_matches('0')
        )
    }
}

impl From<Duration> for Std {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_and_proto_syntax_are_read() {
        let nanos = |text| Duration::parse(text).map(|d| d.0.as_nanos());
        assert_eq!(nanos("1h2m3.5s"), Some(3_723_500_000_000));
        assert_eq!(nanos("1ms"), Some(1_000_000));
        assert_eq!(nanos("1.5s"), Some(1_500_000_000));
        assert_eq!(nanos(".5s"), Some(500_000_000));
        assert_eq!(nanos("0"), Some(0));
        assert_eq!(nanos("1us"), Some(1_000));
        assert_eq!(nanos("1.000000001s"), Some(1_000_000_001));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1d",
            "1s2",
            "1 s",
            ".s",
            "99999999999h",
        ] {
            assert_eq!(Duration::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for millis in [0, 1, 10, 1500, 60_000, 3_723_500] {
            let duration = Duration::from_millis(millis);
            assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
        }
    }
}
