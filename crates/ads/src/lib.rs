//! xDS as a conversation: state machines, and the in-memory carrier.
//!
//! * [`message`]: requests and responses, decoded.
//! * [`session`]: the two ends of a conversation as pure state machines: messages in, messages out,
//!   no I/O and no clock.
//! * [`local`]: carries a conversation between control and a proxy in one process.
//!
//! The conversation is the state-of-the-world variant over one aggregated stream. The sessions do
//! not know how messages travel, so gRPC becomes another carrier; the incremental variant becomes
//! other requests and responses over the same book-keeping. Both are absent so far.

#![warn(clippy::indexing_slicing)]

pub mod local;
pub mod message;
pub mod session;

#[cfg(test)]
mod fixture;
