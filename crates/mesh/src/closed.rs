//! Sockets of this machine that control this process: nothing in the mesh may reach them.

use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

/// The sockets that workloads may not reach.
#[derive(Debug, Default)]
pub struct Closed(
    /// Held for look-ups only.
    RwLock<Vec<SocketAddr>>,
);

impl Closed {
    /// Keeps workloads from one more.
    pub fn add(&self, socket: SocketAddr) {
        let mut closed = self.0.write().unwrap_or_else(PoisonError::into_inner);
        closed.push(socket);
    }

    /// All of them.
    pub fn all(&self) -> Vec<SocketAddr> {
        let closed = self.0.read().unwrap_or_else(PoisonError::into_inner);
        closed.clone()
    }

    /// Whether who connects to `address` would reach one of them.
    pub fn has(&self, address: SocketAddr) -> bool {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let closed = self.0.read().unwrap_or_else(PoisonError::into_inner);
        closed.iter().any(|socket| {
            // The unspecified address leads to this machine, and a socket that is bound to it has
            // every address of this machine, of which we know only loopback's.
            let is_there = socket.ip().to_canonical() == ip
                || ip.is_unspecified()
                || (socket.ip().is_unspecified() && ip.is_loopback());
            socket.port() == port && is_there
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_socket_is_closed_by_all_its_names() {
        let closed = Closed::default();
        closed.add("127.0.0.1:15000".parse().unwrap());
        for name in [
            "127.0.0.1:15000",
            "0.0.0.0:15000",
            "[::ffff:127.0.0.1]:15000",
            "[::]:15000",
        ] {
            assert!(closed.has(name.parse().unwrap()), "{name}");
        }
        for other in ["127.0.0.1:15001", "127.0.0.2:15000", "[::1]:15000"] {
            assert!(!closed.has(other.parse().unwrap()), "{other}");
        }
    }
}
