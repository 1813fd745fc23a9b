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

/// The point in time in whole seconds, as API servers write it: people and tables read it.
pub fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, fraction)) if fraction.ends_with('Z') => format!("{whole}Z"),
        _ => time.to_owned(),
    }
}

/// The point in time of `2026-11-21T10:20:30Z`, with a fraction or without; `None` for any other
/// form, and before 1970.
pub fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(str::parse::<u64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut time = time.split(':').map(str::parse::<u64>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    let fits = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    let micros = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    if !fits {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros))
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

/// Days from 1970 to a date of the calendar, the other way round.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for seconds in [0, 1_795_256_430, 1_709_164_800, 951_782_400] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(17);
            assert_eq!(parse(&rfc3339(time)), Some(time));
        }
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "0-0-0T0:0:0Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let shown = |seconds: u64| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(1_795_256_430), "2026-11-21T10:20:30.000000Z");
        assert_eq!(shown(1_709_164_800), "2024-02-29T00:00:00.000000Z");
        assert_eq!(shown(951_782_400), "2000-02-29T00:00:00.000000Z");
    }

    #[test]
    fn people_read_whole_seconds() {
        assert_eq!(
            seconds("2026-11-21T10:20:30.000001Z"),
            "2026-11-21T10:20:30Z"
        );
        assert_eq!(seconds("2026-11-21T10:20:30Z"), "2026-11-21T10:20:30Z");
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
