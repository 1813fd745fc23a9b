//! Connections that were captured: handed over with the address that the caller wanted to reach.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use sealane_runtime::Runtime;
use sealane_runtime::listener::{
    ConnectionInfo, DownstreamTransport, FilterChain, HttpManager, Listener, Network,
};
use sealane_seam::BoxIo;

use super::choose;
use super::conduct::conduct;
use super::sniff::{Found, sniff, version};
use crate::connection::{Addresses, Downstream};
use crate::serving::Serving;
use crate::tcp;
use crate::worker::Worker;

impl Worker {
    /// Serves a connection that the workload made to `destination`, to its end, as the listeners
    /// for outbound traffic say.
    pub async fn serve_captured(
        self: &Rc<Self>,
        io: BoxIo,
        destination: SocketAddr,
        source: SocketAddr,
    ) {
        let serving = self.serving();
        let listener = choose::outbound(&serving.runtime, destination).map(Arc::clone);
        self.hand_over(&serving, listener, io, (destination, source))
            .await;
    }

    /// Serves a connection that was made to the workload at `destination`, to its end, as the
    /// listeners for inbound traffic say.
    pub async fn serve_inbound(
        self: &Rc<Self>,
        io: BoxIo,
        destination: SocketAddr,
        source: SocketAddr,
    ) {
        let serving = self.serving();
        let listener = choose::inbound(&serving.runtime, destination).map(Arc::clone);
        self.hand_over(&serving, listener, io, (destination, source))
            .await;
    }

    async fn hand_over(
        self: &Rc<Self>,
        serving: &Serving,
        listener: Option<Arc<Listener>>,
        io: BoxIo,
        (local, remote): (SocketAddr, SocketAddr),
    ) {
        let addresses = Addresses {
            local,
            remote,
            server_name: None,
            closing: self.draining(),
        };
        let Some(listener) = listener else {
            tracing::debug!(%local, "no listener");
            return;
        };
        self.take(serving, &listener, io, addresses).await;
    }

    /// Serves a connection that `listener` takes, to its end.
    pub(crate) async fn take(
        self: &Rc<Self>,
        serving: &Serving,
        listener: &Listener,
        io: BoxIo,
        mut addresses: Addresses,
    ) {
        let limit = self.proxy().settings().sniff_bytes;
        let (found, io) = match sniff(io, listener.inspect_at(addresses.local.port()), limit).await
        {
            Ok(Ok(sniffed)) => sniffed,
            Ok(Err(_timed_out)) => return,
            Err(error) => {
                tracing::debug!(%error, "connection ended before it was known");
                return;
            }
        };
        addresses.server_name = found.tls.as_ref().and_then(|tls| tls.server_name.clone());
        let info = ConnectionInfo {
            destination: addresses.local,
            source: addresses.remote.ip(),
            server_name: addresses.server_name.clone(),
            tls: found.tls.is_some(),
            application_protocols: found.application_protocols(),
        };
        let Some(chain) = Runtime::choose_chain(listener, &info) else {
            tcp::refuse(self, listener, &addresses);
            return;
        };
        if chain.transport != DownstreamTransport::Plaintext {
            tracing::debug!(listener = %listener.name, "TLS is not terminated yet");
            return;
        }
        let downstream = Rc::new(Downstream::new(self, addresses, listener, &chain));
        self.follow_chain(serving, &chain, downstream, (found, io))
            .await;
    }

    async fn follow_chain(
        self: &Rc<Self>,
        serving: &Serving,
        chain: &FilterChain,
        downstream: Rc<Downstream>,
        (found, io): (Found, BoxIo),
    ) {
        match &chain.network {
            Network::Tcp(proxy) => tcp::serve(serving, proxy, downstream, io).await,
            Network::Http(manager) => serve_http(manager, downstream, (found, io)).await,
        }
    }
}

async fn serve_http(
    manager: &HttpManager,
    downstream: Rc<Downstream>,
    (found, io): (Found, BoxIo),
) {
    let versioned = match found.http {
        Some(protocol) => Ok((protocol, io)),
        None => version(io).await,
    };
    match versioned {
        Ok((protocol, io)) => conduct(downstream, manager, protocol, io).await,
        Err(error) => tracing::debug!(%error, "connection ended before it spoke"),
    }
}
