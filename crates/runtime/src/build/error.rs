//! Why resources are refused.

use thiserror::Error;

/// Why a resource is refused (a NACK).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{resource}: {path}: {problem}")]
pub struct BuildError {
    /// The resource's name.
    pub resource: String,
    /// The field, `virtual_hosts[2].routes[0].match.safe_regex`.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}
