//! The older form of endpoints: an Endpoints object for each Service that has EndpointSlices.
//! Sealane reads the slices; kubectl's `describe service` and many scripts still read these.

use std::collections::BTreeMap;

use sealane_model::core::endpoints::{
    EndpointAddress, EndpointPort, EndpointSlice, EndpointSubset, Endpoints,
};
use sealane_model::kind::{Kind, ObjectKey};
use sealane_model::resource::{Body, Object, ObjectMeta};

/// The label by which a slice says whose it is.
const SERVICE: &str = "kubernetes.io/service-name";

/// The Endpoints of the slices among `objects`, where nobody declared such.
pub(super) fn of(objects: &[Object]) -> Vec<Object> {
    let mut found: BTreeMap<ObjectKey, Vec<EndpointSubset>> = BTreeMap::new();
    for object in objects {
        let Body::EndpointSlice(slice) = &object.body else {
            continue;
        };
        let Some(service) = object.meta.labels.get(SERVICE) else {
            continue;
        };
        let namespace = object.meta.namespace.as_str();
        let key = ObjectKey::new(Kind::Endpoints, namespace, service.as_str());
        found.entry(key).or_default().extend(subset(slice));
    }
    for object in objects {
        found.remove(&object.key());
    }
    let made = found.into_iter().map(|(key, subsets)| {
        let meta = ObjectMeta {
            name: key.name,
            namespace: key.namespace,
            ..ObjectMeta::default()
        };
        Object::new(meta, Endpoints { subsets })
    });
    made.collect()
}

fn subset(slice: &EndpointSlice) -> Option<EndpointSubset> {
    let mut subset = EndpointSubset {
        ports: slice.ports.iter().map(port).collect(),
        ..EndpointSubset::default()
    };
    for endpoint in &slice.endpoints {
        let Some(ip) = endpoint.addresses.first() else {
            continue;
        };
        let address = EndpointAddress {
            ip: ip.clone(),
            hostname: endpoint.hostname.clone(),
            node_name: endpoint.node_name.clone(),
            target_ref: endpoint.target_ref.clone(),
        };
        let conditions = endpoint.conditions.as_ref();
        if conditions.and_then(|it| it.ready).unwrap_or(true) {
            subset.addresses.push(address);
        } else {
            subset.not_ready_addresses.push(address);
        }
    }
    let is_empty = subset.addresses.is_empty() && subset.not_ready_addresses.is_empty();
    (!is_empty).then_some(subset)
}

fn port(port: &EndpointPort) -> EndpointPort {
    EndpointPort {
        protocol: port.protocol.clone().or_else(|| Some("TCP".to_owned())),
        ..port.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fixture::objects;

    use super::*;

    const SLICE: &str = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
        metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}\n\
        addressType: IPv4\nports: [{name: http, port: 8080}]\nendpoints:\n\
        - {addresses: [127.10.0.1]}\n- {addresses: [127.10.0.2], conditions: {ready: false}}\n";

    #[test]
    fn slices_become_the_endpoints_of_their_service() {
        let made = of(&objects(SLICE));
        assert_eq!(made[0].meta.name, "web");
        assert_eq!(
            made[0].raw["subsets"],
            json!([{
                "addresses": [{"ip": "127.10.0.1"}],
                "notReadyAddresses": [{"ip": "127.10.0.2"}],
                "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            }])
        );
    }

    #[test]
    fn those_that_somebody_declared_stay() {
        let declared = "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\n";
        assert!(of(&objects(&format!("{SLICE}{declared}"))).is_empty());
    }
}
