//! Connections to a Service's own address, which no sidecar has taken: kube-proxy's part.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use sealane_seam::{Bound, BoxFuture, Connection, Transport};
use sealane_world::world::World;
use tokio::sync::watch;

/// A network on which Services' addresses lead to their ready endpoints, each in its turn.
pub struct VirtualAddresses {
    network: Arc<dyn Transport>,
    world: watch::Receiver<Arc<World>>,
    /// How many connections each address has had. Guards the numbers; held for a look-up only.
    turns: Mutex<BTreeMap<SocketAddr, usize>>,
}

impl VirtualAddresses {
    /// `network` with the Services of the world that runs.
    pub fn new(network: Arc<dyn Transport>, world: watch::Receiver<Arc<World>>) -> Self {
        Self {
            network,
            world,
            turns: Mutex::default(),
        }
    }

    /// Where a connection to `address` goes.
    fn behind(&self, address: SocketAddr) -> SocketAddr {
        let endpoints = self.world.borrow().behind(address);
        if endpoints.is_empty() {
            return address;
        }
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(address).or_default();
        let chosen = turn.checked_rem(endpoints.len());
        *turn = turn.wrapping_add(1);
        let chosen = chosen.and_then(|index| endpoints.get(index));
        chosen.copied().unwrap_or(address)
    }
}

impl Transport for VirtualAddresses {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        self.network.bind(address)
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        let endpoint = self.behind(address);
        Box::pin(async move {
            let connection = self.network.connect(endpoint).await?;
            // The address is rewritten on the way: whoever calls goes on seeing the Service's.
            Ok(Connection {
                peer: address,
                ..connection
            })
        })
    }
}
