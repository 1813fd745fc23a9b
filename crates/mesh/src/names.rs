//! Cluster DNS for programs that call through a capture port, and for proxies.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sealane_proxy::downstream::capture::Names;
use sealane_seam::{BoxFuture, Resolved, Resolver};
use sealane_world::addresses::OutsideAddresses;
use sealane_world::names::Answer;
use sealane_world::world::World;
use tokio::sync::watch;

/// How long a proxy may keep an answer.
const TTL: Duration = Duration::from_secs(5);

/// The names of the mesh, as a program of one namespace knows them.
#[derive(Clone)]
pub struct MeshNames {
    namespace: Arc<str>,
    world: watch::Receiver<Arc<World>>,
    outside: Arc<OutsideAddresses>,
}

impl MeshNames {
    /// The names as `namespace` knows them. One that nothing in the mesh has gets an address of
    /// `outside`, which nobody serves.
    pub fn new(
        namespace: &str,
        world: watch::Receiver<Arc<World>>,
        outside: Arc<OutsideAddresses>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            world,
            outside,
        }
    }

    /// The first address of `host`; `None` when the name exists and has none.
    pub fn address(&self, host: &str) -> Option<IpAddr> {
        let answer = self.world.borrow().names.resolve(host, &self.namespace);
        match answer {
            Answer::Addresses(addresses) => addresses.first().copied(),
            Answer::NoAddress => None,
            Answer::Unknown(name) => Some(self.outside.address_of(&name)),
        }
    }

    /// Whether some object of the mesh has this name.
    pub fn knows(&self, host: &str) -> bool {
        let answer = self.world.borrow().names.resolve(host, &self.namespace);
        !matches!(answer, Answer::Unknown(_))
    }
}

impl Names for MeshNames {
    fn destination(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.address(host).map(|ip| SocketAddr::new(ip, port))
    }
}

impl Resolver for MeshNames {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        let answer = self.world.borrow().names.resolve(host, &self.namespace);
        Box::pin(async move {
            let addresses = match answer {
                Answer::Addresses(addresses) => addresses,
                Answer::NoAddress | Answer::Unknown(_) => {
                    return Err(io::ErrorKind::NotFound.into());
                }
            };
            Ok(Resolved {
                addresses,
                ttl: TTL,
            })
        })
    }
}
