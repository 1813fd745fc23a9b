//! Connections that were captured: handed over with the address that the caller wanted to reach.

use std::error::Error;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use sealane_runtime::Runtime;
use sealane_runtime::listener::{
    ConnectionInfo, DownstreamTransport, FilterChain, HttpManager, Listener, Network,
};
use sealane_runtime::tls::ServerTls;
use sealane_seam::BoxIo;

use super::choose;
use super::conduct::conduct;
use super::sniff::{Inspected, Protocol as Spoken, Seen, inspect, version};
use crate::connection::{Addresses, Downstream, last_call};
use crate::serving::Serving;
use crate::tcp;
use crate::tls::Opened;
use crate::upstream::sender::Protocol;
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
        self.hand_over(listener, io, (destination, source)).await;
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
        self.hand_over(listener, io, (destination, source)).await;
    }

    async fn hand_over(
        self: &Rc<Self>,
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
        self.take(&listener, io, addresses).await;
    }

    /// Serves a connection that `listener` takes, to its end.
    pub(crate) async fn take(
        self: &Rc<Self>,
        listener: &Listener,
        io: BoxIo,
        mut addresses: Addresses,
    ) {
        let limit = self.proxy().settings().sniff_bytes;
        let wanted = listener.inspect_at(addresses.local.port());
        let closing = addresses.closing.clone();
        let _connected = self.connected();
        let inspected = tokio::select! {
            inspected = inspect(io, wanted, limit) => inspected,
            // Nothing was asked on it: nothing is lost.
            () = last_call(closing) => return,
        };
        let Inspected { io, seen } = match inspected {
            Ok(inspected) => inspected,
            Err(error) => {
                tracing::debug!(%error, "connection ended before it was known");
                return;
            }
        };
        // Its first bytes may have been long in coming: what is live now serves it.
        let serving = self.serving();
        let listeners = &serving.runtime.listeners;
        let listener = listeners.get(&listener.name).map_or(listener, |now| now);
        addresses.server_name.clone_from(&seen.server_name);
        let info = ConnectionInfo {
            destination: addresses.local,
            source: addresses.remote.ip(),
            server_name: addresses.server_name.clone(),
            tls: seen.tls,
            application_protocols: seen.application_protocols.clone(),
        };
        let Some(chain) = Runtime::choose_chain(listener, &info) else {
            tcp::refuse(self, listener, &addresses);
            return;
        };
        let downstream = Rc::new(Downstream::new(self, addresses, listener, &chain));
        let (seen, io) = match &chain.transport {
            DownstreamTransport::Plaintext => (seen, io),
            DownstreamTransport::Tls(tls) => {
                let Some(opened) = open(&serving, tls, &downstream, (seen, io)).await else {
                    return;
                };
                opened
            }
        };
        self.follow_chain(&serving, &chain, downstream, (seen, io))
            .await;
    }

    async fn follow_chain(
        self: &Rc<Self>,
        serving: &Serving,
        chain: &FilterChain,
        downstream: Rc<Downstream>,
        (seen, io): (Seen, BoxIo),
    ) {
        match &chain.network {
            Network::Tcp(proxy) => tcp::serve(serving, proxy, downstream, io).await,
            Network::Http(manager) => serve_http(manager, downstream, (seen, io)).await,
        }
    }
}

/// Opens TLS; `None` when that fails, or when the connection shall end before.
async fn open(
    serving: &Serving,
    tls: &ServerTls,
    downstream: &Downstream,
    (seen, io): (Seen, BoxIo),
) -> Option<(Seen, BoxIo)> {
    let server = serving.tls.get(tls)?;
    let opened = tokio::select! {
        opened = server.open(io, &seen.application_protocols) => opened,
        () = downstream.last_call() => return None,
    };
    match opened {
        Ok(Opened { io, alpn }) => {
            let http = match alpn.as_deref() {
                Some(b"h2") => Some(Spoken::H2c),
                Some(b"http/1.1") => Some(Spoken::Http11),
                Some(_) | None => None,
            };
            Some((Seen { http, ..seen }, io))
        }
        Err(error) => {
            let cause = error.source().map(ToString::to_string);
            let listener = &downstream.listener;
            let peer = downstream.addresses.remote;
            tracing::debug!(%listener, %peer, %error, cause, "TLS was not opened");
            None
        }
    }
}

async fn serve_http(manager: &HttpManager, downstream: Rc<Downstream>, (seen, io): (Seen, BoxIo)) {
    // Nobody has waited for the first bytes yet: a caller gets as long as between two requests.
    let patience = downstream.worker.proxy().settings().idle_timeout;
    let versioned = if let Some(spoken) = seen.http {
        Ok((spoken, io))
    } else {
        tokio::select! {
            versioned = version(io) => versioned,
            () = tokio::time::sleep(patience) => return,
            () = downstream.last_call() => return,
        }
    };
    match versioned {
        Ok((spoken, io)) => conduct(downstream, manager, protocol(spoken), io).await,
        Err(error) => tracing::debug!(%error, "connection ended before it spoke"),
    }
}

const fn protocol(spoken: Spoken) -> Protocol {
    match spoken {
        Spoken::Http10 | Spoken::Http11 => Protocol::Http1,
        Spoken::H2c => Protocol::Http2,
    }
}
