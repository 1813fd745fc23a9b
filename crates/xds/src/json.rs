//! Canonical JSON of every Envoy message, out and in.
//!
//! The mapping is protobuf's own, with keys sorted and `Any` expanded: the fields of the message
//! beside `@type`. A message in an `Any` that the descriptors do not know, or whose bytes are
//! malformed, stays visible as `{"@type": URL, "@bytes": BASE64}`, and reads back from that.

mod decode;
mod encode;
mod pool;
mod text;

pub use self::decode::{JsonError, decode};
pub use self::encode::{Names, encode};
pub use self::text::{canonical_text, pretty_text};

#[cfg(test)]
mod tests;
