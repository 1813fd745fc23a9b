//! Points in time as the API writes them: RFC 3339, UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2026-11-21T10:20:30.000001Z`: always six digits, so that texts sort as times do.
pub fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, of_day) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let micros = since.subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// The later of `now` and one microsecond after `last`: creation times of one transaction are
/// after those of the one before, however fast they follow.
pub fn after(last: SystemTime, now: SystemTime) -> SystemTime {
    let next = last + Duration::from_micros(1);
    // What is shown has microseconds, so what is compared must not have more.
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
    next.max(UNIX_EPOCH + Duration::from_micros(micros))
}

/// Year, month and day of a number of days since 1970. The year is taken to begin in March, so
/// that the leap day is its last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let shown = |seconds: u64| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(1_795_256_430), "2026-11-21T10:20:30.000000Z");
        assert_eq!(shown(1_709_164_800), "2024-02-29T00:00:00.000000Z");
        assert_eq!(shown(951_782_400), "2000-02-29T00:00:00.000000Z");
    }

    #[test]
    fn times_grow_even_when_the_clock_stands() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let first = after(UNIX_EPOCH, now);
        let second = after(first, now);
        assert!(rfc3339(first) < rfc3339(second));
        assert_eq!(rfc3339(second), "1970-01-01T00:01:40.000001Z");
    }
}
