//! Shares, symbolic: who gets how much. `proxy::live` draws from them.

use std::sync::Arc;

use crate::header::HeaderOps;

/// The destinations of a rule with their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// A name for the sequence of picks: the rule's origin, else its place in the table. One
    /// sequence serves a rule on every port and host under which it appears.
    pub key: Arc<str>,
    /// The destinations, those of weight 0 left out; never empty.
    pub parts: Vec<Part>,
    /// The sum of the weights; never 0.
    pub total: u64,
    /// Draw at random instead of exactly.
    pub random: bool,
}

/// One destination of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The cluster.
    pub cluster: Arc<str>,
    /// Its weight; its share is `weight / total`.
    pub weight: u64,
    /// Header operations for requests that go this way.
    pub headers: HeaderOps,
    /// The authority that this upstream sees.
    pub host_rewrite: Option<Arc<str>>,
}

/// A share of all requests, as Envoy's `FractionalPercent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// How many …
    pub numerator: u32,
    /// … of how many: 100, 10,000 or 1,000,000.
    pub denominator: u32,
}

impl Fraction {
    /// All.
    pub const ALL: Self = Self {
        numerator: 100,
        denominator: 100,
    };

    /// Whether every request is in it.
    pub const fn is_all(self) -> bool {
        self.numerator >= self.denominator
    }

    /// Whether no request is in it.
    pub const fn is_none(self) -> bool {
        self.numerator == 0
    }
}
