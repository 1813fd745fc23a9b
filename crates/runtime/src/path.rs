//! Path normalisation before matching, as Envoy's `normalize_path` does it.
