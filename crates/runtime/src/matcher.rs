//! Conditions on requests, compiled once.

pub mod header;
pub mod host;
pub mod index;
pub mod path;
pub mod pattern;
pub mod query;
pub mod route;
pub mod string;

mod re2;
