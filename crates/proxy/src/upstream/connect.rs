//! Making connections to endpoints.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use sealane_runtime::cluster::{Cluster, Discovery, UpstreamTransport};
use sealane_runtime::endpoint::EndpointAddress;
use sealane_seam::{Connection, Random, Resolver, Transport};

use crate::failure::ConnectFailure;

/// Which side of the proxy an endpoint is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Out there.
    Mesh,
    /// The workload that the proxy stands in front of.
    Workload,
}

/// Makes connections through the seams.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) mesh: Arc<dyn Transport>,
    pub(crate) workload: Arc<dyn Transport>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) random: Arc<dyn Random>,
}

impl Connector {
    /// Connects to `address` as `cluster` says, looking a name up first.
    pub(crate) async fn connect(
        &self,
        side: Side,
        cluster: &Cluster,
        address: &EndpointAddress,
    ) -> Result<Connection, ConnectFailure> {
        if cluster.transport == UpstreamTransport::Tls {
            let reason = Cow::Borrowed("TLS_error:|not_spoken_yet:TLS_error_end");
            return Err(ConnectFailure::Remote(reason));
        }
        let transport = match side {
            Side::Mesh => &self.mesh,
            Side::Workload => &self.workload,
        };
        let connecting = async {
            let address = self.look_up(cluster.discovery, address).await?;
            transport.connect(address).await
        };
        match tokio::time::timeout(cluster.connect_timeout, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(ConnectFailure::Remote(reason(&error))),
            Err(_elapsed) => Err(ConnectFailure::Timeout),
        }
    }

    /// The address of a name: any of them, or the first one, as the cluster's discovery has it.
    async fn look_up(
        &self,
        discovery: Discovery,
        address: &EndpointAddress,
    ) -> io::Result<SocketAddr> {
        let (host, port) = match address {
            EndpointAddress::Socket(address) => return Ok(*address),
            EndpointAddress::Name { host, port } => (host, *port),
        };
        let addresses = self.resolver.resolve(host).await?.addresses;
        let which = match discovery {
            Discovery::LogicalDns => 0,
            _ => self
                .random
                .below(u64::try_from(addresses.len()).unwrap_or(u64::MAX)),
        };
        let address = usize::try_from(which)
            .ok()
            .and_then(|which| addresses.get(which));
        let ip = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(SocketAddr::new(*ip, port))
    }
}

/// The reason as Envoy writes it: spaces become underscores.
fn reason(error: &io::Error) -> Cow<'static, str> {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        return Cow::Borrowed("delayed_connect_error:_Connection_refused");
    }
    let text = error.to_string();
    // Rust adds the number to the system's words.
    let words = text.split(" (os error").next().unwrap_or(&text);
    Cow::Owned(format!(
        "delayed_connect_error:_{}",
        words.replace(' ', "_")
    ))
}
