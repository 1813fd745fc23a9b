//! Cross-origin policy.

/// How cross-origin requests are answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CorsPolicy {}
