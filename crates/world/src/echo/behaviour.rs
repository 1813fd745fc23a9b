//! What the annotations of a pod make its echo do.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};

/// Parts of an error rate that make a whole.
const WHOLE: u64 = 100_000_000;

/// How an echo answers. The default answers 200 at once, with the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behaviour {
    /// `sealane.dev/status`.
    pub status: Option<StatusCode>,
    /// `sealane.dev/status-sequence`: one request after the other; the last one repeats.
    pub sequence: Vec<StatusCode>,
    /// `sealane.dev/error-rate`.
    pub error_rate: Option<ErrorRate>,
    /// `sealane.dev/delay`.
    pub delay: Duration,
    /// `sealane.dev/reset`: closes the connection without an answer.
    pub reset: bool,
    /// `sealane.dev/body`: in place of the JSON.
    pub body: Option<String>,
    /// `sealane.dev/response-headers`, sorted by name.
    pub response_headers: Vec<(HeaderName, HeaderValue)>,
}

/// A share of requests, in 100,000,000ths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorRate(u64);

impl ErrorRate {
    /// Reads `10%`, `0.5%`, `10`; `None` for what is not a percentage from 0 to 100.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if part.len() > 6 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let millionths: u64 = format!("{part:0<6}").parse().ok()?;
        let rate = whole.parse::<u64>().ok()?.checked_mul(1_000_000)? + millionths;
        (rate <= WHOLE).then_some(Self(rate))
    }

    /// Whether the `n`-th request (from 1) is one of them. They are spread evenly.
    fn hits(self, n: u64) -> bool {
        let until = |n: u64| u128::from(n) * u128::from(self.0) / u128::from(WHOLE);
        until(n) > until(n.saturating_sub(1))
    }
}

impl Behaviour {
    /// Reads the annotations. What cannot be read is left out and said in the second part, one
    /// sentence each.
    pub fn from_annotations(annotations: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut wrong = Vec::new();
        let mut behaviour = Self::default();
        for (key, value) in annotations {
            let Some(name) = key.strip_prefix("sealane.dev/") else {
                continue;
            };
            if let Err(wanted) = behaviour.set(name, value) {
                wrong.push(format!("annotation {key}: {value:?} is not {wanted}"));
            }
        }
        (behaviour, wrong)
    }

    /// Sets what the annotation `sealane.dev/NAME` says; the error says what it should have been.
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        const STATUS: &str = "a status from 200 to 599";
        match name {
            "status" => self.status = Some(status(value).ok_or(STATUS)?),
            "status-sequence" => {
                let sequence: Option<Vec<_>> = value.split(',').map(status).collect();
                self.sequence = sequence.ok_or("a list of statuses from 200 to 599")?;
            }
            "error-rate" => {
                self.error_rate =
                    Some(ErrorRate::parse(value).ok_or("a percentage from 0% to 100%")?);
            }
            "delay" => self.delay = duration(value).ok_or("a duration such as 300ms or 2s")?,
            "reset" => self.reset = boolean(value).ok_or("true or false")?,
            "body" => self.body = Some(value.to_owned()),
            "response-headers" => {
                self.response_headers =
                    response_headers(value).ok_or("a JSON object of header names and values")?;
            }
            "ready" => drop(boolean(value).ok_or("true or false")?),
            // Others steer the pod (`proxy`, `command`), not its answers.
            _ => {}
        }
        Ok(())
    }

    /// The status of the `n`-th request (from 1) that reaches the pod.
    pub fn status_of(&self, n: u64) -> StatusCode {
        let turn = usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(last) = self.sequence.last() {
            return *self.sequence.get(turn).unwrap_or(last);
        }
        match self.error_rate {
            Some(rate) if rate.hits(n) => self.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Some(_) => StatusCode::OK,
            None => self.status.unwrap_or(StatusCode::OK),
        }
    }
}

fn status(text: &str) -> Option<StatusCode> {
    let number: u16 = text.trim().parse().ok()?;
    let sendable = (200..=599).contains(&number);
    sendable
        .then(|| StatusCode::from_u16(number).ok())
        .flatten()
}

/// Reads what people write for yes and no.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" | "" => Some(false),
        _ => None,
    }
}

/// Reads Go's form of a duration: numbers with units, one after the other (`1m30s`, `1.5s`).
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            _ => return None,
        };
        let part = number.parse::<f64>().ok()? * seconds;
        total = total.checked_add(Duration::try_from_secs_f64(part).ok()?)?;
        rest = after;
    }
    Some(total)
}

/// Reads `{"name": "value"}`; a list gives the field several times.
fn response_headers(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut headers = Vec::new();
    for (name, value) in fields {
        let name = HeaderName::try_from(name).ok()?;
        let values = match value {
            serde_json::Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            let text = match value {
                serde_json::Value::String(text) => text,
                value => value.to_string(),
            };
            headers.push((name.clone(), HeaderValue::try_from(text).ok()?));
        }
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behaviour(annotations: &[(&str, &str)]) -> (Behaviour, Vec<String>) {
        let annotations = annotations
            .iter()
            .map(|(key, value)| (format!("sealane.dev/{key}"), (*value).to_owned()))
            .collect();
        Behaviour::from_annotations(&annotations)
    }

    fn statuses(annotations: &[(&str, &str)], requests: u64) -> Vec<u16> {
        let (behaviour, wrong) = behaviour(annotations);
        assert_eq!(wrong, Vec::<String>::new());
        (1..=requests)
            .map(|n| behaviour.status_of(n).as_u16())
            .collect()
    }

    #[test]
    fn the_last_status_of_a_sequence_repeats() {
        let seen = statuses(&[("status-sequence", "503, 429,200")], 5);
        assert_eq!(seen, [503, 429, 200, 200, 200]);
    }

    #[test]
    fn errors_are_spread_evenly() {
        let seen = statuses(&[("error-rate", "25%")], 8);
        assert_eq!(seen, [200, 200, 200, 500, 200, 200, 200, 500]);
        let seen = statuses(&[("error-rate", "33.3%"), ("status", "503")], 1000);
        assert_eq!(seen.iter().filter(|status| **status == 503).count(), 333);
        assert_eq!(seen.iter().filter(|status| **status == 200).count(), 667);
        assert_eq!(statuses(&[("error-rate", "100%")], 2), [500, 500]);
        assert_eq!(statuses(&[("error-rate", "0%")], 2), [200, 200]);
    }

    #[test]
    fn a_value_that_cannot_be_read_is_left_out_and_told() {
        let (read, wrong) = behaviour(&[
            ("status", "99"),
            ("error-rate", "101%"),
            ("delay", "soon"),
            ("body", "hi"),
        ]);
        assert_eq!(read.body.as_deref(), Some("hi"));
        assert_eq!(read.status_of(1), StatusCode::OK);
        assert_eq!(
            wrong,
            [
                "annotation sealane.dev/delay: \"soon\" is not a duration such as 300ms or 2s",
                "annotation sealane.dev/error-rate: \"101%\" is not a percentage from 0% to 100%",
                "annotation sealane.dev/status: \"99\" is not a status from 200 to 599",
            ]
        );
    }

    #[test]
    fn durations_are_those_of_go() {
        for (text, millis) in [("300ms", 300), ("2s", 2000), ("1m1.5s", 61500), ("0s", 0)] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "2", "s", "-1s", "2 s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_list_of_header_values_repeats_the_field() {
        let headers = response_headers(r#"{"a":["1",2],"b":"x"}"#).unwrap();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(headers, [("a", "1"), ("a", "2"), ("b", "x")]);
        assert_eq!(response_headers("[]"), None);
    }
}
