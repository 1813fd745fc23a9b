//! A condition on a request header: Envoy's `HeaderMatcher`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use http::HeaderName;

use crate::matcher::string::StringMatch;
use crate::request::RequestHead;

/// A condition on a header. The values of a repeated header are looked at one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Which header.
    pub field: HeaderField,
    /// What is asked of it.
    pub condition: HeaderCondition,
    /// The condition must not hold.
    pub invert: bool,
    /// A missing header counts as one with an empty value.
    pub missing_as_empty: bool,
}

/// Something that a header condition may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderField {
    /// `:method`.
    Method,
    /// `:scheme`.
    Scheme,
    /// `:authority`, also called `host`.
    Authority,
    /// `:path`, with the query.
    Path,
    /// A header.
    Name(HeaderName),
    /// A pseudo-header that no request has.
    Never(Arc<str>),
}

/// What is asked of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderCondition {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// Its value fulfils this.
    Value(StringMatch),
    /// Its value is a whole number in this range.
    Number(Range<i64>),
}

impl HeaderField {
    /// The field called `name`; `None` when that is no header name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            ":method" => Self::Method,
            ":scheme" => Self::Scheme,
            ":authority" | "host" => Self::Authority,
            ":path" => Self::Path,
            lower if lower.starts_with(':') => Self::Never(lower.into()),
            lower => Self::Name(HeaderName::from_bytes(lower.as_bytes()).ok()?),
        })
    }

    /// Calls `look` with each value until it answers true; whether there was any value, and
    /// whether it answered true.
    fn any(&self, head: &RequestHead<'_>, look: impl Fn(&[u8]) -> bool) -> Look {
        let one = |value: &str| Look {
            present: true,
            found: look(value.as_bytes()),
        };
        match self {
            Self::Method => one(head.method.as_str()),
            Self::Scheme => one(head.scheme),
            Self::Authority => one(head.authority),
            Self::Path => one(head.path_and_query),
            Self::Never(_) => Look::default(),
            Self::Name(name) => {
                let mut outcome = Look::default();
                for value in head.headers.get_all(name) {
                    outcome.present = true;
                    if look(value.as_bytes()) {
                        outcome.found = true;
                        break;
                    }
                }
                outcome
            }
        }
    }
}

#[derive(Default)]
struct Look {
    present: bool,
    found: bool,
}

impl HeaderMatch {
    /// Whether `head` fulfils the condition.
    pub fn matches(&self, head: &RequestHead<'_>) -> bool {
        let holds = match &self.condition {
            HeaderCondition::Present => self.field.any(head, |_| true).present,
            HeaderCondition::Absent => !self.field.any(head, |_| true).present,
            HeaderCondition::Value(value) => {
                return self.value(head, |found| value.matches(found));
            }
            HeaderCondition::Number(range) => {
                return self.value(head, |found| {
                    std::str::from_utf8(found)
                        .ok()
                        .and_then(|text| text.trim().parse().ok())
                        .is_some_and(|number| range.contains(&number))
                });
            }
        };
        holds != self.invert
    }

    /// A condition on values: a missing header never fulfils it, not even inverted, unless it
    /// counts as empty.
    fn value(&self, head: &RequestHead<'_>, holds: impl Fn(&[u8]) -> bool) -> bool {
        let outcome = self.field.any(head, &holds);
        match (outcome.present, self.missing_as_empty) {
            (true, _) => outcome.found != self.invert,
            (false, true) => holds(b"") != self.invert,
            (false, false) => false,
        }
    }
}

impl fmt::Display for HeaderField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method => f.write_str("method"),
            Self::Scheme => f.write_str("scheme"),
            Self::Authority => f.write_str("authority"),
            Self::Path => f.write_str("path"),
            Self::Name(name) => write!(f, "header {name}"),
            Self::Never(name) => write!(f, "header {name}"),
        }
    }
}

/// For humans: `header end-user = jason`, `no header x-debug`, `not (method = GET)`.
impl fmt::Display for HeaderMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match (&self.condition, self.invert) {
            (HeaderCondition::Present, false) | (HeaderCondition::Absent, true) => {
                write!(f, "{field} present")
            }
            (HeaderCondition::Present, true) | (HeaderCondition::Absent, false) => {
                write!(f, "no {field}")
            }
            (HeaderCondition::Value(value), false) => write!(f, "{field} {value}"),
            (HeaderCondition::Value(value), true) => write!(f, "not ({field} {value})"),
            (HeaderCondition::Number(range), false) => {
                write!(f, "{field} from {} below {}", range.start, range.end)
            }
            (HeaderCondition::Number(range), true) => {
                write!(f, "not ({field} from {} below {})", range.start, range.end)
            }
        }
    }
}
