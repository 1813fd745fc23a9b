//! Sealane: Istio's traffic management in one binary.

fn main() {}
