//! What is told of the traffic: access records, and events for whoever watches.

pub mod access_log;
pub mod channel;
pub mod event;
pub mod flag;
pub mod record;
pub mod time;
