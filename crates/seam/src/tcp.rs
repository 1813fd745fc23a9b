//! The real transport: TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::transport::{Accept, Bound, BoxFuture, Connection, Transport};

/// Connections waiting to be accepted, at most, per bound address.
const BACKLOG: i32 = 1024;

/// TCP on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpTransport;

impl Transport for TcpTransport {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        // Without SO_REUSEPORT: a second mesh shall notice that the port is taken. Threads share
        // the one socket instead.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = std::net::TcpListener::from(socket);
        let address = listener.local_addr()?;
        Ok(Arc::new(BoundTcp {
            socket: Mutex::new(Held::Waiting(listener)),
            address,
        }))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the transport of the seam"
    )]
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move { connection(TcpStream::connect(address).await?) })
    }
}

struct BoundTcp {
    /// Guards the socket; held to ask for a handle, never over an await.
    socket: Mutex<Held>,
    address: SocketAddr,
}

/// A socket that is listened on. Whoever accepts first shares its one descriptor; others have one
/// each. A large mesh has many sockets, of which nearly all are accepted on by one thread.
enum Held {
    Waiting(std::net::TcpListener),
    Shared(Arc<TcpListener>),
    /// Only while it changes from one to the other, or after that failed.
    Lost,
}

impl Held {
    fn accept(&mut self) -> io::Result<Arc<TcpListener>> {
        match std::mem::replace(self, Self::Lost) {
            Self::Waiting(listener) => {
                let listener = Arc::new(TcpListener::from_std(listener)?);
                *self = Self::Shared(Arc::clone(&listener));
                Ok(listener)
            }
            Self::Shared(listener) => {
                let further = SockRef::from(&*listener).try_clone();
                *self = Self::Shared(listener);
                Ok(Arc::new(TcpListener::from_std(further?.into())?))
            }
            Self::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn waiting(&self) -> io::Result<Socket> {
        let (socket, _) = match self {
            Self::Waiting(listener) => SockRef::from(listener).accept()?,
            Self::Shared(listener) => SockRef::from(&**listener).accept()?,
            Self::Lost => return Err(io::ErrorKind::NotConnected.into()),
        };
        Ok(socket)
    }
}

impl Bound for BoundTcp {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept_here(&self) -> io::Result<Box<dyn Accept>> {
        let mut held = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = held.accept()?;
        Ok(Box::new(AcceptTcp { listener }))
    }

    fn accept_waiting(&self) -> Option<Connection> {
        let socket = {
            let held = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
            held.waiting().ok()?
        };
        taken(socket.into()).ok()
    }
}

struct AcceptTcp {
    listener: Arc<TcpListener>,
}

impl Accept for AcceptTcp {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            connection(stream)
        })
    }
}

fn taken(stream: std::net::TcpStream) -> io::Result<Connection> {
    stream.set_nonblocking(true)?;
    connection(TcpStream::from_std(stream)?)
}

fn connection(stream: TcpStream) -> io::Result<Connection> {
    // Small writes (a head, then a body) must not wait for the other side's delayed ACK.
    stream.set_nodelay(true)?;
    Ok(Connection {
        local: stream.local_addr()?,
        peer: stream.peer_addr()?,
        io: Box::new(stream),
    })
}
