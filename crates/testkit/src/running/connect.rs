//! Connections as a caller's program makes them: to its sidecar, or to a gateway from outside.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sealane_mesh::Carrier;
use sealane_seam::{BoxIo, Connection, TcpTransport, Transport};
use sealane_world::pods::Role;
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::ground;
use crate::scenario::call::CallItem;

use super::Running;

/// The address of whoever calls a gateway from outside of the mesh.
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Bytes in flight in each direction of a captured connection.
const WINDOW: usize = 64 * 1024;
/// The longest answer to a CONNECT that is read.
const ANSWER: usize = 8 * 1024;

impl Running {
    /// A connection of the calling pod for one call.
    pub(super) async fn connect(
        &self,
        item: &CallItem,
        world: &World,
        caller: &WorldPod,
    ) -> io::Result<Connection> {
        match (caller.role(), self.carrier) {
            (Role::Gateway, _) => {
                let port = ground::gateway_port(world, caller, item.target.port());
                let gateway = SocketAddr::new(caller.address, port);
                self.mesh.connect(OUTSIDE, gateway).await
            }
            (Role::Workload, Carrier::Memory) => self.captured(item, caller).await,
            (Role::Workload, Carrier::Sockets { .. }) => self.tunnelled(item, caller).await,
        }
    }

    /// Hands a pipe to the sidecar, as interception would.
    async fn captured(&self, item: &CallItem, caller: &WorldPod) -> io::Result<Connection> {
        let pod = (caller.namespace().to_owned(), caller.name().to_owned());
        let names = self.mesh.names(caller.namespace());
        let address = names
            .address(item.target.host())
            .ok_or(io::ErrorKind::NotFound)?;
        let destination = SocketAddr::new(address, item.target.port());
        let local = SocketAddr::new(caller.address, self.next_port());
        let (ours, theirs) = tokio::io::duplex(WINDOW);
        let theirs = Connection {
            io: Box::new(theirs),
            local: destination,
            peer: local,
        };
        if !self.mesh.seats().call_from(&pod, theirs).await {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(Connection {
            io: Box::new(ours),
            local,
            peer: destination,
        })
    }

    /// Asks the workload's capture port for a tunnel, as a program with `http_proxy` does.
    async fn tunnelled(&self, item: &CallItem, caller: &WorldPod) -> io::Result<Connection> {
        let workload = (caller.namespace().to_owned(), caller.workload().to_owned());
        let capture = self.mesh.captures().get(&workload).copied();
        let capture = capture.ok_or(io::ErrorKind::ConnectionRefused)?;
        let mut connection = TcpTransport.connect(capture).await?;
        let (host, port) = (item.target.host(), item.target.port());
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n");
        connection.io.write_all(ask.as_bytes()).await?;
        let answer = head(&mut connection.io).await?;
        if answer.split(' ').nth(1) == Some("200") {
            return Ok(connection);
        }
        let line = answer.lines().next().unwrap_or_default();
        Err(io::Error::new(
            io::ErrorKind::ConnectionRefused,
            format!("CONNECT: {line}"),
        ))
    }
}

/// The head of an answer; what follows it is not touched.
async fn head(io: &mut BoxIo) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= ANSWER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(io.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
