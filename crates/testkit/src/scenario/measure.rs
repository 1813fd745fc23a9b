//! Durations, shares and comparisons as scenario files write them.

use std::time::Duration;

/// A part of a whole as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// From 0 to 1.
    pub value: f64,
    /// Half a unit of the last decimal place, for a share that was written with decimals: `33.3%` stands for
    /// anything that rounds to it. 0 for whole percentages.
    pub rounding: f64,
}

impl Share {
    /// The whole.
    pub const ALL: Self = Self {
        value: 1.0,
        rounding: 0.0,
    };

    /// Reads `90%` or `0.9`; the value must lie between 0 and 1.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (digits, unit) = match text.strip_suffix('%') {
            Some(digits) => (digits.trim(), 0.01),
            None => (text, 1.0),
        };
        let value = digits.parse::<f64>().ok()? * unit;
        let decimals = digits
            .split_once('.')
            .map_or(0, |(_, d)| d.trim_end_matches('0').len());
        let places = i32::try_from(decimals).ok()?;
        let percent_rounding = if unit < 1.0 && places > 0 {
            0.5 * 10_f64.powi(-places)
        } else {
            0.0
        };
        (0.0..=1.0).contains(&value).then_some(Self {
            value,
            rounding: percent_rounding * unit,
        })
    }
}

/// Reads `250ms`, `2s` or `1.5m`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text.strip_prefix(digits)? {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(digits.parse::<f64>().ok()? * scale).ok()
}

/// How a measured value stands to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
    /// Nothing before the value.
    Exactly,
}

impl Relation {
    /// Splits `>=2s` into the relation and the rest.
    pub fn split(text: &str) -> (Self, &str) {
        let text = text.trim();
        for (sign, relation) in [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            (">", Self::Above),
            ("<", Self::Below),
        ] {
            if let Some(rest) = text.strip_prefix(sign) {
                return (relation, rest.trim());
            }
        }
        (Self::Exactly, text)
    }

    /// Whether `value` stands to `limit` so.
    pub fn holds<T: Copy + PartialOrd>(self, value: T, limit: T) -> bool {
        match self {
            Self::AtLeast => value >= limit,
            Self::AtMost => value <= limit,
            Self::Above => value > limit,
            Self::Below => value < limit,
            Self::Exactly => value == limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_know_how_finely_they_were_written() {
        assert_eq!(
            Share::parse("50%"),
            Some(Share {
                value: 0.5,
                rounding: 0.0
            })
        );
        let third = Share::parse("33.3%").unwrap();
        assert!((third.value - 0.333).abs() < 1e-12 && (third.rounding - 0.0005).abs() < 1e-12);
        assert!((Share::parse("0.25").unwrap().value - 0.25).abs() < 1e-12);
        assert_eq!(Share::parse("120%"), None);
        assert_eq!(Share::parse("x%"), None);
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(duration("3"), None);
        assert_eq!(duration("3h"), None);
    }
}
