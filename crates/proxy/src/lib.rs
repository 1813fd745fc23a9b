//! Traffic: serves by a runtime that `ads` keeps current.
