//! The real transport: TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
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
        Ok(Arc::new(BoundTcp { listener, address }))
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
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Bound for BoundTcp {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept_here(&self) -> io::Result<Box<dyn Accept>> {
        let listener = TcpListener::from_std(self.listener.try_clone()?)?;
        Ok(Box::new(AcceptTcp { listener }))
    }

    fn accept_waiting(&self) -> Option<Connection> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        connection(TcpStream::from_std(stream).ok()?).ok()
    }
}

struct AcceptTcp {
    listener: TcpListener,
}

impl Accept for AcceptTcp {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            connection(stream)
        })
    }
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
