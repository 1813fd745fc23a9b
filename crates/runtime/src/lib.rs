//! Envoy resources to immutable runtime values, and the pure `decide()`.
//!
//! [`Runtime::build`] reads one proxy's resources once and refuses what it does not understand,
//! with the path of the field. Everything after that is plain data without locks: which listener
//! and filter chain takes a connection ([`Runtime::choose_chain`]), which route takes a request
//! ([`decide()`]), what that route would do. Deliberately absent: sockets, clocks, randomness and
//! anything that changes while serving; splits, fractions and hash policies stay symbolic, and
//! `proxy::live` resolves them.

pub mod build;
pub mod cluster;
pub mod cors;
pub mod decide;
pub mod endpoint;
pub mod fault;
pub mod format;
pub mod hash;
pub mod header;
pub mod listener;
pub mod matcher;
pub mod origin;
pub mod path;
pub mod redirect;
pub mod request;
pub mod retry;
pub mod rewrite;
pub mod route;
pub mod split;
pub mod table;
pub mod tls;

mod choose;
mod runtime;

pub use build::{BuildError, Builds};
pub use decide::{Decision, decide};
pub use request::RequestHead;
pub use runtime::Runtime;
