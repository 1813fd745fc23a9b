//! The real transport: TCP.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::descriptors::{Descriptors, Held};
use crate::transport::{Accept, Bound, BoxFuture, Connection, Transport};

/// Connections waiting to be accepted, at most, per bound address.
const BACKLOG: i32 = 1024;

/// TCP on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpTransport;

impl Transport for TcpTransport {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        bind(address, &Descriptors::unlimited())
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        connect(address, Descriptors::unlimited())
    }
}

/// TCP on this machine, with its connections counted.
#[derive(Debug, Clone)]
pub struct CountedTcp(pub Arc<Descriptors>);

impl Transport for CountedTcp {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        bind(address, &self.0)
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        connect(address, Arc::clone(&self.0))
    }
}

fn bind(address: SocketAddr, descriptors: &Arc<Descriptors>) -> io::Result<Arc<dyn Bound>> {
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
    let descriptors = Arc::clone(descriptors);
    Ok(Arc::new(BoundTcp {
        socket: Mutex::new(Listening::Waiting(listener)),
        address,
        descriptors,
    }))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the transport of the seam"
)]
fn connect(
    address: SocketAddr,
    descriptors: Arc<Descriptors>,
) -> BoxFuture<'static, io::Result<Connection>> {
    Box::pin(async move { connection(TcpStream::connect(address).await?, &descriptors) })
}

struct BoundTcp {
    /// Guards the socket; held to ask for a handle, never over an await.
    socket: Mutex<Listening>,
    address: SocketAddr,
    descriptors: Arc<Descriptors>,
}

/// A socket that is listened on. Whoever accepts first shares its one descriptor; others have one
/// each. A large mesh has many sockets, of which nearly all are accepted on by one thread.
enum Listening {
    Waiting(std::net::TcpListener),
    Shared(Arc<TcpListener>),
    /// Only while it changes from one to the other, or after that failed.
    Lost,
}

impl Listening {
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
        let mut listening = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = listening.accept()?;
        let descriptors = Arc::clone(&self.descriptors);
        Ok(Box::new(AcceptTcp {
            listener,
            descriptors,
        }))
    }

    fn accept_waiting(&self) -> Option<Connection> {
        let socket = {
            let listening = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
            listening.waiting().ok()?
        };
        taken(socket.into(), &self.descriptors).ok()
    }
}

struct AcceptTcp {
    listener: Arc<TcpListener>,
    descriptors: Arc<Descriptors>,
}

impl Accept for AcceptTcp {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            connection(stream, &self.descriptors)
        })
    }
}

fn taken(stream: std::net::TcpStream, descriptors: &Arc<Descriptors>) -> io::Result<Connection> {
    stream.set_nonblocking(true)?;
    connection(TcpStream::from_std(stream)?, descriptors)
}

fn connection(stream: TcpStream, descriptors: &Arc<Descriptors>) -> io::Result<Connection> {
    // Small writes (a head, then a body) must not wait for the other side's delayed ACK.
    stream.set_nodelay(true)?;
    Ok(Connection {
        local: stream.local_addr()?,
        peer: stream.peer_addr()?,
        io: Box::new(CountedStream {
            stream,
            _held: descriptors.hold(),
        }),
    })
}

/// A stream that is counted for as long as it is open.
struct CountedStream {
    stream: TcpStream,
    _held: Held,
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
