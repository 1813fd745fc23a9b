//! Whether some output has the shape that a document shows.
//!
//! Words, counts, shares and status codes must be equal. Durations, ages, dates, identifiers and
//! ports of this machine may differ, and so may the width of a column. Where a document writes `…`
//! it left something out: a whole line of it stands for any lines.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What differs from run to run, with the sign that stands for it.
static VARYING: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let patterns = [
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
        (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "DATE"),
        (r"\b\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT", "DATE"),
        (r"\b\d+(\.\d+)? ?(µs|ms|s|m|h|rps)\b", "TIME"),
        (r"(service-time: )\d+", "${1}TIME"),
        (r#"("?content-length"?: ?"?)\d+"#, "${1}LENGTH"),
        (r"\b(127\.0\.0\.1|localhost):\d+", "${1}:PORT"),
        ("█+", "█"),
        (r"[─-]{2,}", "--"),
        (r"\s+", " "),
    ];
    patterns
        .into_iter()
        .filter_map(|(pattern, sign)| Some((Regex::new(pattern).ok()?, sign)))
        .collect()
});

static PORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(127\.0\.0\.1|localhost):(\d+)").ok());

/// The ports in documents, and those that stand for them in this run.
#[derive(Debug, Default)]
pub(crate) struct Ports(BTreeMap<String, String>);

impl Ports {
    /// Replaces the ports in a command of a document.
    pub(crate) fn fill_in(&self, command: &str) -> String {
        let Some(port) = PORT.as_ref() else {
            return command.to_owned();
        };
        let actual = |found: &Captures<'_>| {
            let port = self.0.get(&found[2]).map_or(&found[2], String::as_str);
            format!("{}:{port}", &found[1])
        };
        port.replace_all(command, actual).into_owned()
    }

    fn learn(&mut self, shown: &str, seen: &str) {
        let Some(port) = PORT.as_ref() else { return };
        let of = |line| port.captures_iter(line).map(|found| found[2].to_owned());
        let (shown, seen): (Vec<String>, Vec<String>) = (of(shown).collect(), of(seen).collect());
        if shown.len() == seen.len() {
            self.0.extend(shown.into_iter().zip(seen));
        }
    }
}

/// Whether the lines that were `seen` are those that a document has `shown`; learns the ports.
/// Empty lines do not count.
pub(crate) fn matches(shown: &[String], seen: &[String], ports: &mut Ports) -> bool {
    let pairs = pair(&with_words(shown), &with_words(seen));
    for (shown, seen) in pairs.iter().flatten() {
        ports.learn(shown, seen);
    }
    pairs.is_some()
}

fn with_words(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Each line of the document with the one that it shows, or `None` if some line has no partner.
fn pair<'a>(shown: &[&'a str], seen: &[&'a str]) -> Option<Vec<(&'a str, &'a str)>> {
    match (shown.split_first(), seen.split_first()) {
        (None, None) => Some(Vec::new()),
        (Some((&"…", rest)), _) => (0..=seen.len()).find_map(|skip| pair(rest, &seen[skip..])),
        (Some((first, shown)), Some((other, seen))) if line_matches(first, other) => {
            let mut pairs = pair(shown, seen)?;
            pairs.push((first, other));
            Some(pairs)
        }
        _ => None,
    }
}

fn line_matches(shown: &str, seen: &str) -> bool {
    let (shown, seen) = (constant(shown), constant(seen));
    let parts: Vec<String> = shown
        .split('…')
        .map(|part| regex::escape(part.trim()))
        .collect();
    let pattern = format!("^{}$", parts.join(".*"));
    Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(&seen))
}

/// The line with a sign for everything that varies.
fn constant(line: &str) -> String {
    VARYING
        .iter()
        .fold(line.to_owned(), |line, (pattern, sign)| {
            pattern.replace_all(&line, *sign).into_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::{Ports, matches};

    fn check(shown: &str, seen: &str) -> bool {
        let lines = |text: &str| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
        matches(&lines(shown), &lines(seen), &mut Ports::default())
    }

    #[test]
    fn times_ports_and_identifiers_may_differ() {
        assert!(check(
            "live in 38 ms · p50 1.1 ms  AGE 3m",
            "live in 4 ms · p50   0.9 ms  AGE 12s"
        ));
        assert!(check("http://127.0.0.1:8080/a", "http://127.0.0.1:41234/a"));
        let (one, other) = (
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        );
        assert!(check(one, other));
        assert!(check("v1   90 %  ████████", "v1  90 %  ██"));
    }

    #[test]
    fn words_counts_and_shares_may_not() {
        assert!(!check("v1  90 %", "v1  89 %"));
        assert!(!check("reviews-v1", "reviews-v2"));
        assert!(!check(
            "HTTP/1.1 200 OK",
            "HTTP/1.1 503 Service Unavailable"
        ));
        assert!(!check("one\ntwo", "one"));
        assert!(!check("one", "one\ntwo"));
    }

    #[test]
    fn an_ellipsis_stands_for_what_was_left_out() {
        assert!(check("a\n…\nd", "a\nb\nc\nd"));
        assert!(check(
            "{\"workload\":\"a\",…}",
            "{\"workload\":\"a\",\"pod\":\"b\"}"
        ));
        assert!(!check("a\n…\nd", "a\nb"));
    }

    #[test]
    fn a_port_that_was_seen_is_used_in_later_commands() {
        let mut ports = Ports::default();
        let line = |text: &str| [text.to_owned()];
        let (shown, seen) = (
            line("at http://127.0.0.1:8080"),
            line("at http://127.0.0.1:40001"),
        );
        assert!(matches(&shown, &seen, &mut ports));
        assert_eq!(
            ports.fill_in("curl http://127.0.0.1:8080/a"),
            "curl http://127.0.0.1:40001/a"
        );
        assert_eq!(
            ports.fill_in("curl http://127.0.0.1:9/a"),
            "curl http://127.0.0.1:9/a"
        );
    }
}
