//! The mesh's addresses on this machine: each is placed on a loopback socket of its own.
//!
//! A pod's port 80 needs no privilege and two meshes do not meet, because nobody binds the mesh
//! address itself: a table says which ephemeral socket stands for it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use sealane_seam::{Accept, Bound, BoxFuture, BoxIo, Connection, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpSocket;

use crate::led::Open;

/// Where unplaced sockets go.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A network of mesh addresses over loopback sockets. Clones share it.
#[derive(Clone)]
pub struct Placed {
    sockets: Arc<dyn Transport>,
    table: Arc<RwLock<Table>>,
    host: Option<IpAddr>,
}

/// Who is where. Guarded by a lock that is held for look-ups only.
#[derive(Default)]
struct Table {
    /// The socket behind a mesh address.
    sockets: BTreeMap<SocketAddr, SocketAddr>,
    /// Where a mesh address shall be bound, when not on an ephemeral port of loopback.
    wanted: BTreeMap<SocketAddr, SocketAddr>,
    /// Where it was last, when it was to be a free port: people have noted it.
    last: BTreeMap<SocketAddr, SocketAddr>,
    /// Who is behind the local end of a connection that one of us made.
    callers: BTreeMap<SocketAddr, SocketAddr>,
    /// Sockets of others that stand for a mesh address. The last one that is not retired counts,
    /// before `sockets`.
    leads: BTreeMap<SocketAddr, Vec<Target>>,
    leads_so_far: u64,
}

/// A socket of somebody else that stands for a mesh address.
struct Target {
    id: u64,
    socket: SocketAddr,
    open: Arc<Open>,
}

impl Table {
    fn led(&self, address: SocketAddr) -> Option<&Target> {
        let mut targets = self.leads.get(&address)?.iter().rev();
        targets.find(|target| !target.open.is_retired())
    }
}

impl Placed {
    /// An empty network over `sockets`.
    pub fn new(sockets: Arc<dyn Transport>) -> Self {
        Self {
            sockets,
            table: Arc::default(),
            host: None,
        }
    }

    /// The same network, entered as `host`: the address that those who are called see.
    #[must_use]
    pub fn entered_as(&self, host: IpAddr) -> Self {
        Self {
            host: Some(host),
            ..self.clone()
        }
    }

    /// Places the mesh address `address` at `socket`, when it is bound; port 0 is a free one.
    pub fn place(&self, address: SocketAddr, socket: SocketAddr) {
        self.write().wanted.insert(address, socket);
    }

    /// Where a mesh address was told to be placed.
    pub fn wanted_at(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.read().wanted.get(&address).copied()
    }

    /// The socket behind a mesh address; `None` while nobody has bound it.
    pub fn socket_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        let table = self.read();
        let led = table.led(address).map(|target| target.socket);
        led.or_else(|| table.sockets.get(&address).copied())
    }

    /// Lets a mesh address lead to a socket that somebody else has bound, for as long as the answer
    /// lives, whoever else has the address. Connections to it count among `open`.
    pub(crate) fn lead(&self, address: SocketAddr, socket: SocketAddr, open: Arc<Open>) -> Lead {
        let mut table = self.write();
        table.leads_so_far += 1;
        let id = table.leads_so_far;
        let targets = table.leads.entry(address).or_default();
        targets.push(Target { id, socket, open });
        drop(table);
        Lead {
            network: self.clone(),
            address,
            id,
        }
    }

    /// Whether some port of this address has a place.
    pub(crate) fn knows(&self, ip: IpAddr) -> bool {
        let ports = SocketAddr::new(ip, 0)..=SocketAddr::new(ip, u16::MAX);
        let table = self.read();
        table.sockets.range(ports.clone()).next().is_some()
            || table.wanted.range(ports.clone()).next().is_some()
            || table.leads.range(ports).next().is_some()
    }

    fn led(&self, address: SocketAddr) -> Option<(SocketAddr, Arc<Open>)> {
        let table = self.read();
        let target = table.led(address)?;
        Some((target.socket, Arc::clone(&target.open)))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Placed {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        let wanted = self.read().wanted.get(&address).copied();
        if self.read().sockets.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let last = self.read().last.get(&address).copied();
        let again = last.and_then(|socket| self.sockets.bind(socket).ok());
        let bound = match again {
            Some(bound) => bound,
            None => self
                .sockets
                .bind(wanted.unwrap_or(SocketAddr::new(LOOPBACK, 0)))?,
        };
        let mut table = self.write();
        if wanted.is_some_and(|socket| socket.port() == 0) {
            table.last.insert(address, bound.address());
        }
        table.sockets.insert(address, bound.address());
        drop(table);
        Ok(Arc::new(BoundPlace {
            network: self.clone(),
            address,
            bound,
        }))
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            if let Some((socket, open)) = self.led(address) {
                return self.connect_led(address, socket, &open).await;
            }
            let socket = self.socket_of(address);
            let socket = socket.ok_or(io::ErrorKind::ConnectionRefused)?;
            let Some(host) = self.host else {
                let connection = self.sockets.connect(socket).await?;
                return Ok(Connection {
                    peer: address,
                    ..connection
                });
            };
            self.connect_as(host, socket, address).await
        })
    }
}

impl Placed {
    /// An accepted connection with the ends that the mesh knows.
    fn known(&self, address: SocketAddr, connection: Connection) -> Connection {
        let caller = self.read().callers.get(&connection.peer).copied();
        Connection {
            local: address,
            peer: caller.unwrap_or(connection.peer),
            io: connection.io,
        }
    }

    /// Connects to somebody else's socket, who will not ask who calls.
    async fn connect_led(
        &self,
        address: SocketAddr,
        socket: SocketAddr,
        open: &Arc<Open>,
    ) -> io::Result<Connection> {
        let connection = self.sockets.connect(socket).await?;
        let port = connection.local.port();
        Ok(Connection {
            io: open.count(connection.io),
            local: self
                .host
                .map_or(connection.local, |host| SocketAddr::new(host, port)),
            peer: address,
        })
    }

    /// Connects with a local end that is known to be `host` before the other side can accept.
    async fn connect_as(
        &self,
        host: IpAddr,
        socket: SocketAddr,
        address: SocketAddr,
    ) -> io::Result<Connection> {
        let from = TcpSocket::new_v4()?;
        from.bind(SocketAddr::new(LOOPBACK, 0))?;
        let end = from.local_addr()?;
        let local = SocketAddr::new(host, end.port());
        self.write().callers.insert(end, local);
        let caller = Caller {
            network: self.clone(),
            end,
        };
        let stream = from.connect(socket).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            io: Box::new(Known {
                io: Box::new(stream),
                _caller: caller,
            }),
            local,
            peer: address,
        })
    }
}

/// A mesh address that leads to a socket of somebody else, until this is dropped.
pub(crate) struct Lead {
    network: Placed,
    address: SocketAddr,
    id: u64,
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut table = self.network.write();
        if let Some(targets) = table.leads.get_mut(&self.address) {
            targets.retain(|target| target.id != self.id);
            if targets.is_empty() {
                table.leads.remove(&self.address);
            }
        }
    }
}

/// Forgets a caller when its connection is gone.
struct Caller {
    network: Placed,
    end: SocketAddr,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.network.write().callers.remove(&self.end);
    }
}

/// A connection whose local end is in the table of callers.
struct Known {
    io: BoxIo,
    _caller: Caller,
}

impl AsyncRead for Known {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Known {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

struct BoundPlace {
    network: Placed,
    address: SocketAddr,
    bound: Arc<dyn Bound>,
}

impl Bound for BoundPlace {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept_here(&self) -> io::Result<Box<dyn Accept>> {
        Ok(Box::new(AcceptPlace {
            network: self.network.clone(),
            address: self.address,
            accept: self.bound.accept_here()?,
        }))
    }

    fn accept_waiting(&self) -> Option<Connection> {
        let connection = self.bound.accept_waiting()?;
        Some(self.network.known(self.address, connection))
    }
}

impl Drop for BoundPlace {
    fn drop(&mut self) {
        self.network.write().sockets.remove(&self.address);
    }
}

struct AcceptPlace {
    network: Placed,
    address: SocketAddr,
    accept: Box<dyn Accept>,
}

impl Accept for AcceptPlace {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            let connection = self.accept.accept().await?;
            Ok(self.network.known(self.address, connection))
        })
    }
}

#[cfg(test)]
mod tests {
    use sealane_seam::TcpTransport;

    use super::*;

    #[tokio::test]
    async fn a_placed_address_is_reached_and_sees_who_called() {
        let network = Placed::new(Arc::new(TcpTransport));
        let pod: SocketAddr = "127.10.0.9:80".parse().unwrap();
        let caller = network.entered_as("127.10.0.2".parse().unwrap());
        let refused = caller.connect(pod).await.unwrap_err().kind();
        assert_eq!(refused, io::ErrorKind::ConnectionRefused);

        let bound = network.bind(pod).unwrap();
        let mut accept = bound.accept_here().unwrap();
        let (made, taken) = tokio::join!(caller.connect(pod), accept.accept());
        let (made, taken) = (made.unwrap(), taken.unwrap());
        assert_eq!(taken.peer.ip().to_string(), "127.10.0.2");
        assert_eq!((taken.peer, taken.local), (made.local, made.peer));
    }

    #[tokio::test]
    async fn the_last_lead_counts_and_then_the_one_before() {
        let network = Placed::new(Arc::new(TcpTransport));
        let pod: SocketAddr = "127.10.0.9:80".parse().unwrap();
        let _bound = network.bind(pod).unwrap();
        let own = network.socket_of(pod).unwrap();
        let sockets = [1, 2].map(|port| SocketAddr::new(LOOPBACK, port));
        let first = network.lead(pod, sockets[0], Arc::default());
        let second = network.lead(pod, sockets[1], Arc::default());
        let open = Arc::new(Open::default());
        let third = network.lead(pod, sockets[0], Arc::clone(&open));
        assert_eq!(network.socket_of(pod), Some(sockets[0]));
        open.retire();
        assert_eq!(network.socket_of(pod), Some(sockets[1]));
        drop((second, third));
        assert_eq!(network.socket_of(pod), Some(sockets[0]));
        drop(first);
        assert_eq!(network.socket_of(pod), Some(own));
    }

    #[tokio::test]
    async fn a_connection_to_another_process_counts_while_it_lives() {
        let network = Placed::new(Arc::new(TcpTransport));
        let other = TcpTransport.bind(SocketAddr::new(LOOPBACK, 0)).unwrap();
        let pod: SocketAddr = "127.10.0.9:80".parse().unwrap();
        let open = Arc::new(Open::default());
        let _lead = network.lead(pod, other.address(), Arc::clone(&open));
        let caller = network.entered_as("127.10.0.2".parse().unwrap());
        let connection = caller.connect(pod).await.unwrap();
        assert_eq!(connection.local.ip().to_string(), "127.10.0.2");
        assert_eq!(connection.peer, pod);
        let none = async { open.none().await };
        assert!(
            tokio::time::timeout(std::time::Duration::ZERO, none)
                .await
                .is_err()
        );
        drop(connection);
        open.none().await;
    }
}
