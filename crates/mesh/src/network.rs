//! The two networks of a standalone mesh, over sockets or in memory.
//!
//! On the *mesh* network a pod's address leads to its inbound proxy (or straight to the workload,
//! where there are no inbound proxies). On the *workload* network it leads to the workload: that
//! is the loopback interface inside a pod, and only the pod's own proxy uses it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sealane_seam::{
    Bound, BoxFuture, Connection, CountedTcp, Descriptors, MemoryTransport, Transport,
};

use crate::led::Open;
use crate::placed::{Lead, Placed};

/// A network of mesh addresses.
#[derive(Clone)]
pub enum Network {
    /// In memory.
    Memory(MemoryTransport),
    /// Over loopback sockets.
    Sockets(Placed),
}

impl Network {
    /// An empty network in memory.
    pub fn memory() -> Self {
        Self::Memory(MemoryTransport::new())
    }

    /// An empty network over loopback sockets, whose connections are counted.
    pub fn sockets(descriptors: &Arc<Descriptors>) -> Self {
        let tcp = CountedTcp(Arc::clone(descriptors));
        Self::Sockets(Placed::new(Arc::new(tcp)))
    }

    /// The network as the pod with address `pod` sees it: calls come from that address, and a
    /// wildcard address is the pod's.
    pub fn of_pod(&self, pod: IpAddr) -> Arc<dyn Transport> {
        let network: Arc<dyn Transport> = match self {
            Self::Memory(network) => Arc::new(network.entered_as(pod)),
            Self::Sockets(network) => Arc::new(network.entered_as(pod)),
        };
        Arc::new(PodNetwork { pod, network })
    }

    /// Where a mesh address is on this machine; the address itself in memory.
    pub fn socket_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        match self {
            Self::Memory(_) => Some(address),
            Self::Sockets(network) => network.socket_of(address),
        }
    }

    /// Where a mesh address is or shall be on this machine.
    pub fn place_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        match self {
            Self::Memory(_) => Some(address),
            Self::Sockets(network) => {
                let bound = network.socket_of(address);
                bound.or_else(|| network.wanted_at(address))
            }
        }
    }

    /// Lets a mesh address lead to a socket that somebody else has bound. In memory there is nobody
    /// else.
    pub(crate) fn lead(
        &self,
        address: SocketAddr,
        socket: SocketAddr,
        open: &Arc<Open>,
    ) -> Option<Lead> {
        match self {
            Self::Memory(_) => None,
            Self::Sockets(network) => Some(network.lead(address, socket, Arc::clone(open))),
        }
    }

    /// Whether somebody of the mesh has this address.
    pub(crate) fn knows(&self, ip: IpAddr) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::Sockets(network) => network.knows(ip),
        }
    }

    /// Says where a mesh address shall be on this machine when it is bound.
    pub fn place(&self, address: SocketAddr, socket: SocketAddr) {
        if let Self::Sockets(network) = self {
            network.place(address, socket);
        }
    }
}

/// A network seen from one pod.
struct PodNetwork {
    pod: IpAddr,
    network: Arc<dyn Transport>,
}

impl Transport for PodNetwork {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        let ip = if address.ip().is_unspecified() {
            self.pod
        } else {
            address.ip()
        };
        self.network.bind(SocketAddr::new(ip, address.port()))
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        self.network.connect(address)
    }
}
