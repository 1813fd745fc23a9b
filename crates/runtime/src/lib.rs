//! Envoy resources to immutable runtime values, and the pure `decide()`.
