//! What kube-proxy does: a connection to a Service's address goes to one of its endpoints.
//!
//! Inside a mesh that is the sidecar's work; this is for connections that pass the mesh by, such as those of a
//! `PassthroughCluster` or of an `ORIGINAL_DST` cluster.

use std::net::{IpAddr, SocketAddr};

use sealane_model::core::endpoints::{Endpoint, EndpointSlice};
use sealane_model::core::service::ServicePort;
use sealane_model::resource::{Body, Object};

use crate::endpoints::SERVICE_NAME;
use crate::world::World;

impl World {
    /// The ready endpoints behind a Service's address and port; none when no Service has it.
    pub fn behind(&self, address: SocketAddr) -> Vec<SocketAddr> {
        let port = u32::from(address.port());
        let mut found = Vec::new();
        for object in &self.objects {
            let Body::Service(service) = &object.body else {
                continue;
            };
            let own = service.spec.cluster_ip.as_ref();
            if own.and_then(|ip| ip.parse().ok()) != Some(address.ip()) {
                continue;
            }
            if let Some(port) = service.spec.ports.iter().find(|own| own.port == port) {
                found.extend(self.endpoints(object, port));
            }
        }
        found
    }

    fn endpoints(&self, service: &Object, port: &ServicePort) -> Vec<SocketAddr> {
        let slices = self.objects.iter().filter_map(|object| match &object.body {
            Body::EndpointSlice(slice) if is_of(object, service) => Some(slice),
            _ => None,
        });
        let name = port.name.as_deref().unwrap_or_default();
        slices.flat_map(|slice| ready(slice, name)).collect()
    }
}

fn is_of(slice: &Object, service: &Object) -> bool {
    slice.meta.namespace == service.meta.namespace
        && slice.meta.labels.get(SERVICE_NAME) == Some(&service.meta.name)
}

/// The ready endpoints of a slice, on its port of that name.
fn ready(slice: &EndpointSlice, name: &str) -> Vec<SocketAddr> {
    let mut ports = slice.ports.iter();
    let port = ports.find(|port| port.name.as_deref().unwrap_or_default() == name);
    let port = port.and_then(|port| u16::try_from(port.port?).ok());
    let Some(port) = port else { return Vec::new() };
    let is_ready = |endpoint: &&Endpoint| {
        endpoint
            .conditions
            .as_ref()
            .and_then(|conditions| conditions.ready)
            != Some(false)
    };
    let addresses = slice
        .endpoints
        .iter()
        .filter(is_ready)
        .flat_map(|endpoint| &endpoint.addresses);
    let ips = addresses.filter_map(|address| address.parse::<IpAddr>().ok());
    ips.map(|ip| SocketAddr::new(ip, port)).collect()
}

#[cfg(test)]
mod tests {
    use sealane_model::parse::{Options, SourceFile, parse_text};

    use super::*;
    use crate::addresses::{AddressPlan, Addresses};

    const SHOP: &str = "
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: x, port: 81 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 2
  template: { metadata: { labels: { app: shop } }, spec: { containers: [{ name: s, image: s }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: ill, labels: { app: shop }, annotations: { sealane.dev/ready: 'false' } }
spec: { containers: [{ name: s, image: s }] }
";

    #[test]
    fn a_service_address_leads_to_its_ready_pods() {
        let source = SourceFile::new("shop.yaml", SHOP);
        let declared = parse_text(&source, &Options::default()).objects;
        let world = World::derive(&declared, &mut Addresses::new(AddressPlan::default()));
        let shop: SocketAddr = "127.20.0.3:80".parse().unwrap();
        let pods = world.pods.iter().filter(|pod| pod.workload() == "shop");
        let pods: Vec<SocketAddr> = pods.map(|pod| SocketAddr::new(pod.address, 8080)).collect();
        assert_eq!((pods.len(), world.behind(shop)), (2, pods));
        assert_eq!(world.behind("127.20.0.3:82".parse().unwrap()), []);
        assert_eq!(world.behind("127.20.0.9:80".parse().unwrap()), []);
    }
}
