//! Declared objects to Envoy resources, pure and deterministic.
