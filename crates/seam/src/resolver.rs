//! Names to addresses, as an argument.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::transport::BoxFuture;

/// What a name stands for, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The addresses, in the order of the answer.
    pub addresses: Vec<IpAddr>,
    /// How long the answer may be kept.
    pub ttl: Duration,
}

/// Looks names up.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `host`, a name without port.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Resolved>>;
}
