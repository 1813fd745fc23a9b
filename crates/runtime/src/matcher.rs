//! Conditions on requests, compiled once.

pub mod cors;
pub mod host;
pub mod route;
