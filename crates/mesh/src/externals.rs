//! Pods that stand for something that runs already: their addresses lead there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tracing::warn;

use crate::closed::Closed;
use crate::led::Open;
use crate::network::Network;
use crate::placed::Lead;

/// Mesh addresses with the sockets behind them.
pub(crate) type Wanted = BTreeMap<SocketAddr, SocketAddr>;

/// The addresses that lead out of the mesh.
pub(crate) struct Externals {
    network: Network,
    /// Connections to them; nobody waits for those.
    open: Arc<Open>,
    leads: BTreeMap<SocketAddr, (SocketAddr, Lead)>,
    staged: BTreeMap<SocketAddr, (SocketAddr, Lead)>,
}

impl Externals {
    /// None yet, on `network`.
    pub(crate) fn new(network: Network) -> Self {
        Self {
            network,
            open: Arc::default(),
            leads: BTreeMap::new(),
            staged: BTreeMap::new(),
        }
    }

    /// Lets addresses lead to where they shall, but never to a socket of `closed`.
    pub(crate) fn stage(&mut self, wanted: &Wanted, closed: &Closed) {
        for (address, socket) in wanted {
            let is_there = self.leads.get(address).map(|(socket, _)| socket) == Some(socket);
            if is_there {
                continue;
            }
            if closed.has(*socket) {
                warn!(%address, %socket, "what controls this mesh is no endpoint: nobody reaches it");
                continue;
            }
            if let Some(lead) = self.network.lead(*address, *socket, &self.open) {
                self.staged.insert(*address, (*socket, lead));
            }
        }
    }

    /// Keeps what was staged and what is `wanted`.
    pub(crate) fn settle(&mut self, wanted: &Wanted) {
        self.leads.append(&mut self.staged);
        self.leads.retain(|address, _| wanted.contains_key(address));
    }

    /// Takes back what was staged.
    pub(crate) fn undo(&mut self) {
        self.staged.clear();
    }
}
