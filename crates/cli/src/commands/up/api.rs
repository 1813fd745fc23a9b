//! Where the admin API of the mesh is served.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::Result;
use sealane_mesh::api::{Shared, router};
use tokio::net::TcpListener;

use super::ports::owner;
use crate::failure::Failure;

/// A socket for the admin API.
pub(super) async fn bind(wanted: SocketAddr) -> Result<TcpListener> {
    let (ip, port) = (wanted.ip(), wanted.port());
    let error = match TcpListener::bind(wanted).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    let text = match error.kind() {
        ErrorKind::AddrInUse if port != 0 => {
            let owner = owner(port).map_or_else(String::new, |who| format!(" by {who}"));
            format!(
                "error: port {port} of {ip} is in use{owner}\n  \
                 the admin API wants it\n  try --admin-port 0 for a free one"
            )
        }
        ErrorKind::AddrNotAvailable => format!(
            "error: this machine has no address {ip}\n  \
             --admin-bind {ip} asks the admin API to listen there\n  \
             try --admin-bind 0.0.0.0 for all addresses of this machine"
        ),
        ErrorKind::PermissionDenied => format!(
            "error: port {port} of {ip} may not be had by this user\n  \
             ports below 1024 are root's\n  try --admin-port with a port above, or 0"
        ),
        _ => return Err(error.into()),
    };
    Err(Failure { code: 1, text }.into())
}

/// Serves the admin API until the process ends; where.
pub(super) fn serve(shared: Shared, listener: TcpListener) -> Result<SocketAddr> {
    let address = listener.local_addr()?;
    drop(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router(shared)).await {
            tracing::error!(%error, "the admin API ended");
        }
    }));
    Ok(address)
}
