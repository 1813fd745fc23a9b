//! Making connections to endpoints.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sealane_runtime::endpoint::EndpointAddress;
use sealane_seam::{Connection, Resolver, Transport};

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
}

impl Connector {
    /// Connects to `address`, looking a name up first, in at most `limit`.
    pub(crate) async fn connect(
        &self,
        side: Side,
        address: &EndpointAddress,
        limit: Duration,
    ) -> Result<Connection, ConnectFailure> {
        let transport = match side {
            Side::Mesh => &self.mesh,
            Side::Workload => &self.workload,
        };
        let connecting = async {
            let address = self.look_up(address).await?;
            transport.connect(address).await
        };
        match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(ConnectFailure::Remote(reason(&error))),
            Err(_elapsed) => Err(ConnectFailure::Timeout),
        }
    }

    async fn look_up(&self, address: &EndpointAddress) -> io::Result<SocketAddr> {
        match address {
            EndpointAddress::Socket(address) => Ok(*address),
            EndpointAddress::Name { host, port } => {
                let resolved = self.resolver.resolve(host).await?;
                let first = resolved.addresses.first().copied();
                let ip = first.ok_or(io::ErrorKind::AddrNotAvailable)?;
                Ok(SocketAddr::new(ip, *port))
            }
        }
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
