//! Addresses that are not the mesh's: an endpoint of a ServiceEntry, a `WorkloadEntry` or an
//! `EndpointSlice` that runs somewhere else is called for real.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sealane_model::resource::Body;
use sealane_seam::{Bound, BoxFuture, Connection, TcpTransport, Transport};
use sealane_world::addresses::AddressPlan;
use sealane_world::world::World;
use tokio::sync::watch;

use crate::closed::Closed;
use crate::network::Network;

/// A network beyond which there is this machine and what it reaches.
pub(crate) struct Beyond {
    /// The mesh, as the pod sees it.
    pub(crate) network: Arc<dyn Transport>,
    /// The mesh.
    pub(crate) mesh: Network,
    /// The pods and Services that have addresses.
    pub(crate) world: watch::Receiver<Arc<World>>,
    /// Sockets that are not reached.
    pub(crate) closed: Arc<Closed>,
    /// The addresses that are the mesh's, also those that nobody has.
    pub(crate) plan: AddressPlan,
}

impl Beyond {
    fn is_ours(&self, ip: IpAddr) -> bool {
        self.plan.contains(ip) || self.mesh.knows(ip) || is_declared(&self.world.borrow(), ip)
    }
}

impl Transport for Beyond {
    fn bind(&self, address: SocketAddr) -> io::Result<Arc<dyn Bound>> {
        self.network.bind(address)
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Connection>> {
        if self.is_ours(address.ip().to_canonical()) {
            return self.network.connect(address);
        }
        if self.closed.has(address) {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        Box::pin(async move { TcpTransport.connect(address).await })
    }
}

/// Whether a pod or a Service has this address, wherever it comes from.
fn is_declared(world: &World, ip: IpAddr) -> bool {
    let is_of_pod = world.pods.iter().any(|pod| pod.address == ip);
    is_of_pod
        || world.objects.iter().any(|object| match &object.body {
            Body::Service(service) => {
                let own = service.spec.cluster_ip.as_ref();
                own.and_then(|own| own.parse().ok()) == Some(ip)
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use sealane_model::parse::{Options, SourceFile, parse_text};
    use sealane_seam::Descriptors;
    use sealane_world::addresses::Addresses;

    use super::*;

    fn beyond(yaml: &str) -> Beyond {
        let plan = AddressPlan::default();
        let parsed = parse_text(&SourceFile::new("a.yaml", yaml), &Options::default());
        let world = World::derive(&parsed.objects, &mut Addresses::new(plan));
        let (_, world) = watch::channel(Arc::new(world));
        let mesh = Network::sockets(&Descriptors::unlimited());
        Beyond {
            network: mesh.of_pod(IpAddr::from([127, 10, 0, 1])),
            mesh,
            world,
            closed: Arc::default(),
            plan,
        }
    }

    async fn refused(beyond: &Beyond, address: SocketAddr) -> bool {
        beyond.connect(address).await.is_err()
    }

    #[tokio::test]
    async fn what_nobody_placed_is_called_for_real_unless_it_is_closed() {
        let real = TcpTransport.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let beyond = beyond("");
        let connection = beyond.connect(real.address()).await.unwrap();
        assert_eq!(connection.peer, real.address());
        beyond.closed.add(real.address());
        assert!(refused(&beyond, real.address()).await);
    }

    #[tokio::test]
    async fn addresses_of_the_mesh_are_never_called_for_real() {
        let beyond = beyond(
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n\
             spec: {clusterIP: 127.0.0.1, ports: [{port: 80}]}\n",
        );
        // Somebody listens there, but 127.0.0.1 is a Service's.
        let real = TcpTransport.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(refused(&beyond, real.address()).await);
        assert!(refused(&beyond, "127.10.0.77:80".parse().unwrap()).await);
    }
}
