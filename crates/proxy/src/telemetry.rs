//! What is told of the traffic: access records, metrics, and events for whoever watches.

pub mod access_log;
pub mod channel;
pub mod event;
pub mod flag;
pub mod hashed;
pub(crate) mod hop;
pub mod metrics;
pub mod record;
pub mod time;
pub mod workload;
