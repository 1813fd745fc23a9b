//! A condition on a query parameter: Envoy's `QueryParameterMatcher`.

use std::fmt;
use std::sync::Arc;

use crate::matcher::string::StringMatch;
use crate::request::RequestHead;

/// A condition on a query parameter. The first occurrence counts, without percent-decoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryMatch {
    /// The parameter.
    pub name: Arc<str>,
    /// What is asked of it.
    pub condition: QueryCondition,
}

/// What is asked of a query parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryCondition {
    /// It is there, with or without a value.
    Present,
    /// It is not there.
    Absent,
    /// Its value fulfils this.
    Value(StringMatch),
}

impl QueryMatch {
    /// Whether `head` fulfils the condition.
    pub fn matches(&self, head: &RequestHead<'_>) -> bool {
        let found = head.query().and_then(|query| parameter(query, &self.name));
        match &self.condition {
            QueryCondition::Present => found.is_some(),
            QueryCondition::Absent => found.is_none(),
            QueryCondition::Value(value) => {
                found.is_some_and(|found| value.matches(found.as_bytes()))
            }
        }
    }
}

/// The value of the first parameter `name` in `query`; empty when it has none.
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}

/// For humans: `query lang = de`, `no query debug`.
impl fmt::Display for QueryMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.condition {
            QueryCondition::Present => write!(f, "query {} present", self.name),
            QueryCondition::Absent => write!(f, "no query {}", self.name),
            QueryCondition::Value(value) => write!(f, "query {} {value}", self.name),
        }
    }
}
