//! A network in memory: for tests on a paused clock, where real sockets would let time jump.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, mpsc};

use crate::transport::{Accept, Bound, BoxFuture, Connection, Transport};

/// Bytes in flight in each direction of a connection.
const WINDOW: usize = 64 * 1024;
/// Connections waiting to be accepted, per address.
const BACKLOG: usize = 1024;
/// The first port given to callers and to those who bind port 0.
const FIRST_EPHEMERAL: u16 = 32768;

/// A network of its own; clones share it.
#[derive(Clone)]
pub struct MemoryTransport {
    network: Arc<Network>,
    host: IpAddr,
}

impl MemoryTransport {
    /// An empty network, entered as 127.0.0.1.
    pub fn new() -> Self {
        Self {
            network: Arc::new(Network::default()),
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// The same network, entered as `host`: the address that those who are called see.
    #[must_use]
    pub fn entered_as(&self, host: IpAddr) -> Self {
        Self {
            network: Arc::clone(&self.network),
            host,
        }
    }
}

impl Default for MemoryTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for MemoryTransport {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let mut state = self.network.lock();
        let address = match address.port() {
            0 => SocketAddr::new(address.ip(), state.next_port()),
            _ => address,
        };
        if state.listeners.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        state.listeners.insert(address, sender);
        Ok(Arc::new(BoundMemory {
            network: Arc::clone(&self.network),
            address,
            queue: Arc::new(AsyncMutex::new(receiver)),
        }))
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            let (sender, local) = {
                let mut state = self.network.lock();
                let sender = state.listeners.get(&address).cloned();
                (sender, SocketAddr::new(self.host, state.next_port()))
            };
            let sender = sender.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (ours, theirs) = tokio::io::duplex(WINDOW);
            let accepted = Connection {
                io: Box::new(theirs),
                local: address,
                peer: local,
            };
            sender.try_send(accepted).map_err(|refused| {
                io::Error::new(io::ErrorKind::ConnectionRefused, refused.to_string())
            })?;
            Ok(Connection {
                io: Box::new(ours),
                local,
                peer: address,
            })
        })
    }
}

#[derive(Default)]
struct Network {
    /// Guards the table of who listens; held for look-ups only, never over an await.
    state: Mutex<State>,
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    listeners: BTreeMap<SocketAddr, mpsc::Sender<Connection>>,
    ports: u16,
}

impl State {
    fn next_port(&mut self) -> u16 {
        self.ports = (self.ports + 1) % (u16::MAX - FIRST_EPHEMERAL);
        FIRST_EPHEMERAL + self.ports
    }
}

struct BoundMemory {
    network: Arc<Network>,
    address: SocketAddr,
    /// Shared by the threads that accept; whoever holds it takes the next connection.
    queue: Arc<AsyncMutex<mpsc::Receiver<Connection>>>,
}

impl Bound for BoundMemory {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept_here(&self) -> io::Result<Box<dyn Accept>> {
        Ok(Box::new(AcceptMemory {
            queue: Arc::clone(&self.queue),
        }))
    }

    fn accept_waiting(&self) -> Option<Connection> {
        self.queue.try_lock().ok()?.try_recv().ok()
    }
}

impl Drop for BoundMemory {
    fn drop(&mut self) {
        self.network.lock().listeners.remove(&self.address);
    }
}

struct AcceptMemory {
    queue: Arc<AsyncMutex<mpsc::Receiver<Connection>>>,
}

impl Accept for AcceptMemory {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            let connection = self.queue.lock().await.recv().await;
            connection.ok_or_else(|| io::ErrorKind::NotConnected.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_call_reaches_who_listens_and_nobody_else() {
        let network = MemoryTransport::new();
        let pod: SocketAddr = "127.10.0.9:80".parse().unwrap();
        let bound = network.bind(pod).unwrap();
        assert_eq!(
            network.bind(pod).err().unwrap().kind(),
            io::ErrorKind::AddrInUse
        );
        let mut accept = bound.accept_here().unwrap();
        let mut call = network.connect(pod).await.unwrap();
        call.io.write_all(b"hi").await.unwrap();
        let mut taken = accept.accept().await.unwrap();
        let mut said = [0; 2];
        taken.io.read_exact(&mut said).await.unwrap();
        assert_eq!((&said, taken.peer), (b"hi", call.local));
        drop((accept, bound));
        let refused = network.connect(pod).await.unwrap_err().kind();
        assert_eq!(refused, io::ErrorKind::ConnectionRefused);
    }
}
