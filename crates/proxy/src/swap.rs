//! How a proxy takes over a generation: built beside the one that serves, its sockets taken, then
//! swapped with one pointer and acknowledged; or refused as a whole, with what was live going on.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use sealane_ads::local::Subscriber;
use sealane_runtime::{BuildError, Runtime};
use sealane_xds::Resources;
use thiserror::Error;

use crate::proxy::{Kind, Proxy};
use crate::sockets::Taken;

/// Why a generation is refused. Nothing of it is served.
#[derive(Debug, Error)]
pub enum Refused {
    /// Resources are not understood, or contradict themselves; every problem that there is.
    #[error("{}", all(.0))]
    Resources(Vec<BuildError>),
    /// Two listeners want the same address.
    #[error("listeners {} and {} are both at {address}", names.0, names.1)]
    Twice {
        /// The address.
        address: SocketAddr,
        /// The listeners.
        names: (Arc<str>, Arc<str>),
    },
    /// A listener's address cannot be taken.
    #[error("listener {listener} cannot have {address}")]
    Address {
        /// The listener.
        listener: Arc<str>,
        /// Its address.
        address: SocketAddr,
        /// What the transport said.
        #[source]
        source: io::Error,
    },
}

impl Refused {
    /// What the control plane is told: this and its cause.
    pub fn reason(&self) -> String {
        match self.source() {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}

fn all(errors: &[BuildError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Keeps a proxy at the newest generation.
#[derive(Debug)]
pub struct Follower {
    proxy: Arc<Proxy>,
    subscriber: Subscriber,
}

impl Follower {
    /// Makes `proxy` follow what `subscriber` yields.
    pub const fn new(proxy: Arc<Proxy>, subscriber: Subscriber) -> Self {
        Self { proxy, subscriber }
    }

    /// Waits for the next generation, takes it over and answers the control plane; `None` when
    /// there will be no other. Safe to cancel: between two generations nothing is half done.
    pub async fn next(&mut self) -> Option<Result<u64, Refused>> {
        let update = self.subscriber.next().await?;
        let proxy = self.proxy.id();
        let taken = self.proxy.take_over(&update.resources);
        match &taken {
            Ok(()) => {
                let resources = Arc::clone(&update.resources);
                self.proxy.keep(resources, update.generation);
                self.subscriber.ack(&update);
                tracing::debug!(%proxy, generation = update.generation, "generation is live");
            }
            Err(refused) => {
                let reason = refused.reason();
                // The control plane is told.
                tracing::info!(%proxy, generation = update.generation, reason, "refused");
                self.subscriber.nack(&update, &reason);
            }
        }
        Some(taken.map(|()| update.generation))
    }

    /// Goes on with what another subscriber yields: the control plane let go of the proxy and knows
    /// it again.
    pub fn go_on_with(&mut self, subscriber: Subscriber) {
        self.subscriber = subscriber;
    }

    /// Takes over every generation until there will be no other.
    pub async fn run(&mut self) {
        while self.next().await.is_some() {}
    }
}

impl Proxy {
    /// Serves from `resources`, if all of them can be served.
    ///
    /// A gateway takes the addresses of its listeners first, and lets go of those that are gone;
    /// their connections end gracefully. A sidecar takes none: connections are handed to it.
    pub fn take_over(&self, resources: &Resources) -> Result<(), Refused> {
        let serving = self.serving();
        let runtime = Runtime::build_with(self.builds(), resources, Some(&serving.runtime));
        let runtime = runtime.map_err(Refused::Resources)?;
        let sockets = match self.kind() {
            Kind::Gateway => self.prepare(&runtime)?,
            Kind::Sidecar => Taken::new(),
        };
        self.install(runtime);
        self.sockets().publish(sockets);
        Ok(())
    }

    fn prepare(&self, runtime: &Runtime) -> Result<Taken, Refused> {
        let mut names: BTreeMap<SocketAddr, Arc<str>> = BTreeMap::new();
        for listener in runtime.listeners.values().filter(|l| l.bound) {
            let name = Arc::clone(&listener.name);
            if let Some(other) = names.insert(listener.address, Arc::clone(&name)) {
                return Err(Refused::Twice {
                    address: listener.address,
                    names: (other, name),
                });
            }
        }
        let transport = &*self.outside().transport;
        let prepared = self.sockets().prepare(transport, names.keys().copied());
        prepared.map_err(|(address, source)| Refused::Address {
            listener: names.get(&address).map_or_else(|| "".into(), Arc::clone),
            address,
            source,
        })
    }
}
