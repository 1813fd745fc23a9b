//! `sealane traffic`: requests that are made, seen, and decided.

mod call;
pub(crate) mod config;
mod expect;
mod judge;
pub(crate) mod monitor;
mod seen;
mod show;
pub(crate) mod test;
