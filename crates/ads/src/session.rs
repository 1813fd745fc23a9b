//! The two ends of a conversation as pure state machines.
//!
//! A *generation* is one state of everything declared. The server session is told of a generation
//! and says what the proxy has to hear; the client session gathers what it hears into one set of
//! resources, asks for what these refer to, and answers when the proxy has decided.
//!
//! The server sends clusters before endpoints before listeners before routes, and of each only what
//! changed. A request with another nonce than that of the latest response of its kind is stale and
//! ignored; whatever it wanted comes again with the answer to that response. An ACK quotes nonce
//! and version; a request that quotes the nonce and an older version only changes the subscription.

mod client;
mod server;
mod watch;

pub use self::client::{ClientSession, Verdict};
pub use self::server::ServerSession;
pub use self::watch::{KindStatus, Rejection};

#[cfg(test)]
mod tests;
