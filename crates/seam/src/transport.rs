//! Connections as an argument: who accepts and who connects.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

/// A future that may cross threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A byte stream in both directions.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// A byte stream whose kind does not matter.
pub type BoxIo = Box<dyn Io>;

/// An established connection, with the addresses that logs and balancing see.
pub struct Connection {
    /// The bytes.
    pub io: BoxIo,
    /// Our end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("local", &self.local)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// Makes connections and takes them.
///
/// Addresses are those of the mesh. An implementation may place them elsewhere (a pod's port 80 on
/// an ephemeral loopback port): nobody above it can tell.
pub trait Transport: Send + Sync + 'static {
    /// Takes `address` for as long as the answer lives. Port 0 takes a free one.
    ///
    /// The address is taken exclusively: `AddrInUse` when anybody else has it.
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>>;

    /// Connects to `address`. The caller limits the time.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>>;
}

/// An address that was taken. Every thread that accepts asks for its own [`Accept`].
pub trait Bound: Send + Sync + 'static {
    /// The address, with the real port.
    fn address(&self) -> SocketAddr;

    /// A handle that accepts on the current thread.
    fn accept_here(&self) -> io::Result<Box<dyn Accept>>;

    /// A connection that has been made and that nobody has accepted: who is about to close the
    /// address takes these first, as their callers believe to be connected. Called on a thread that
    /// accepts.
    fn accept_waiting(&self) -> Option<Connection> {
        None
    }
}

/// Accepts connections on one thread.
pub trait Accept: Send + 'static {
    /// The next connection. Cancel safe.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>>;
}
