//! How old something is, in the words of `kubectl get`.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::time::parse;

/// The age of an object by its creation time.
pub(super) fn age(object: &Value, now: SystemTime) -> String {
    since(object, "/metadata/creationTimestamp", now)
}

/// How long ago the point in time at `pointer` was.
pub(super) fn since(object: &Value, pointer: &str, now: SystemTime) -> String {
    let then = object.pointer(pointer).and_then(Value::as_str);
    let Some(then) = then.and_then(parse) else {
        return "<unknown>".to_owned();
    };
    words(now.duration_since(then).unwrap_or_default())
}

/// Two units at most, the smaller one only while it matters.
fn words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let years = days / 365;
    let two = |large: u64, unit: char, small: u64, smaller: char| {
        if small == 0 {
            format!("{large}{unit}")
        } else {
            format!("{large}{unit}{small}{smaller}")
        }
    };
    if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        two(minutes, 'm', seconds % 60, 's')
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        two(hours, 'h', minutes % 60, 'm')
    } else if hours < 48 {
        format!("{hours}h")
    } else if days < 8 {
        two(days, 'd', hours % 24, 'h')
    } else if years < 2 {
        format!("{days}d")
    } else if years < 8 {
        two(years, 'y', days % 365, 'd')
    } else {
        format!("{years}y")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_kubectl_writes_them() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (185, "3m5s"),
            (600, "10m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"),
            (47 * 3600, "47h"),
            (50 * 3600, "2d2h"),
            (100 * 86_400, "100d"),
            (800 * 86_400, "2y70d"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(words(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }
}
