//! Who is turned away because the process has too many connections.

use std::net::SocketAddr;

use crate::worker::Worker;

impl Worker {
    /// Whether a caller from outside is let in. One that is not is closed at once: it sees an end
    /// of its connection, and may come again; those who are in are served.
    pub(crate) fn lets_in(&self, peer: SocketAddr) -> bool {
        let proxy = self.proxy();
        let descriptors = proxy.descriptors();
        if !descriptors.is_crowded() {
            return true;
        }
        if let Some(refused) = descriptors.refuse(proxy.outside().clock.now()) {
            let limit = descriptors.limit();
            // The others are told by `events`.
            tracing::info!(%peer, refused, limit, "too many connections: new ones are closed");
            proxy.events().crowded(refused, limit);
        }
        false
    }
}
