//! Times of day as text: for the log, and for the `date` header.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A time of day in UTC, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Utc {
    year: u64,
    /// 1 to 12.
    month: u64,
    /// 1 to 31.
    day: u64,
    /// 0 is a Thursday, the day of the epoch.
    weekday: u64,
    /// Seconds of the day.
    second: u64,
    milli: u32,
}

impl Utc {
    /// Times before 1970 count as 1970.
    fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let days = since.as_secs() / 86_400;
        // Howard Hinnant's days-to-civil: years start in March, so that the leap day is last.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            weekday: days % 7,
            second: since.as_secs() % 86_400,
            milli: since.subsec_millis(),
        }
    }
}

/// `2026-08-22T10:44:35.540Z`, as Envoy's `%START_TIME%`.
#[derive(Debug, Clone, Copy)]
pub struct Rfc3339(pub SystemTime);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = Utc::of(self.0);
        let (hour, minute, second) = clock(utc.second);
        write!(f, "{:04}-{:02}-{:02}T", utc.year, utc.month, utc.day)?;
        write!(f, "{hour:02}:{minute:02}:{second:02}.{:03}Z", utc.milli)
    }
}

/// `Sat, 22 Aug 2026 10:44:35 GMT`, as in a `date` header.
#[derive(Debug, Clone, Copy)]
pub struct HttpDate(pub SystemTime);

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = Utc::of(self.0);
        let name = |names: &[&'static str], index: u64| {
            let index = usize::try_from(index).unwrap_or(0);
            names.get(index).copied().unwrap_or_default()
        };
        let (hour, minute, second) = clock(utc.second);
        let (weekday, month) = (name(&DAYS, utc.weekday), name(&MONTHS, utc.month - 1));
        write!(f, "{weekday}, {:02} {month} {:04} ", utc.day, utc.year)?;
        write!(f, "{hour:02}:{minute:02}:{second:02} GMT")
    }
}

const fn clock(second: u64) -> (u64, u64, u64) {
    (second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn check(seconds: u64, rfc: &str, http: &str) {
        let time = UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 7);
        assert_eq!(Rfc3339(time).to_string(), rfc);
        assert_eq!(HttpDate(time).to_string(), http);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        check(
            0,
            "1970-01-01T00:00:00.007Z",
            "Thu, 01 Jan 1970 00:00:00 GMT",
        );
        check(
            951_782_400,
            "2000-02-29T00:00:00.007Z",
            "Tue, 29 Feb 2000 00:00:00 GMT",
        );
        check(
            1_795_257_875,
            "2026-11-21T10:44:35.007Z",
            "Sat, 21 Nov 2026 10:44:35 GMT",
        );
    }
}
