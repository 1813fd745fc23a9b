//! The in-memory carrier: control and a proxy in one process, with the same ACK and NACK as over
//! the wire, and one thing more: a generation is a transaction.
//!
//! [`Publisher`] is control's side of one proxy, [`Subscriber`] the proxy's, [`Fleet`] the publishers
//! of many. Between them is room for one generation, the newest: a proxy that is slow skips those it
//! missed. The sessions run in the proxy's task; nothing here spawns, waits for time or blocks.

mod fleet;
mod publisher;
mod push;
mod status;
mod subscriber;

pub use self::fleet::Fleet;
pub use self::publisher::Publisher;
pub use self::status::{NotLive, Status};
pub use self::subscriber::{Subscriber, Update};

#[cfg(test)]
mod tests;
