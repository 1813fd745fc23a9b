//! EndpointSlice and the older Endpoints.

use std::collections::BTreeMap;

use crate::schema::object;

object! {
    /// Some endpoints of a Service (label `kubernetes.io/service-name`).
    pub struct EndpointSlice = "EndpointSlice", open {
        /// `IPv4`, `IPv6` or `FQDN`.
        address_type: String = "addressType",
        /// The endpoints.
        endpoints: Vec<Endpoint> = "endpoints",
        /// Their ports.
        ports: Vec<EndpointPort> = "ports",
    }
}

object! {
    /// An endpoint.
    pub struct Endpoint = "Endpoint", open {
        /// Its addresses; the first counts.
        addresses: Vec<String> = "addresses",
        /// Its conditions.
        conditions: Option<EndpointConditions> = "conditions",
        /// Its host name.
        hostname: Option<String> = "hostname",
        /// The pod.
        target_ref: Option<ObjectReference> = "targetRef",
        /// The node.
        node_name: Option<String> = "nodeName",
        /// The zone.
        zone: Option<String> = "zone",
        /// Labels of the place.
        deprecated_topology: BTreeMap<String, String> = "deprecatedTopology",
    }
}

object! {
    /// Whether an endpoint takes traffic.
    pub struct EndpointConditions = "EndpointConditions", open {
        /// Whether it is ready; absent is yes.
        ready: Option<bool> = "ready",
        /// Whether it serves, going or not; absent is as `ready`.
        serving: Option<bool> = "serving",
        /// Whether it is going; absent is no.
        terminating: Option<bool> = "terminating",
    }
}

object! {
    /// A port of endpoints.
    pub struct EndpointPort = "EndpointPort", open {
        /// The name of the Service's port.
        name: Option<String> = "name",
        /// Its number.
        port: Option<u32> = "port",
        /// `TCP`, `UDP` or `SCTP`; absent is `TCP`.
        protocol: Option<String> = "protocol",
        /// The protocol above TCP.
        app_protocol: Option<String> = "appProtocol",
    }
}

object! {
    /// Another object.
    pub struct ObjectReference = "ObjectReference", open {
        /// Its kind.
        kind: Option<String> = "kind",
        /// Its namespace.
        namespace: Option<String> = "namespace",
        /// Its name.
        name: Option<String> = "name",
        /// Its unique id.
        uid: Option<String> = "uid",
    }
}

object! {
    /// The older form: all endpoints of the Service of the same name.
    pub struct Endpoints = "Endpoints", open {
        /// Groups of addresses with the same ports.
        subsets: Vec<EndpointSubset> = "subsets",
    }
}

object! {
    /// Addresses with the same ports.
    pub struct EndpointSubset = "EndpointSubset", open {
        /// Those that are ready.
        addresses: Vec<EndpointAddress> = "addresses",
        /// Those that are not.
        not_ready_addresses: Vec<EndpointAddress> = "notReadyAddresses",
        /// Their ports.
        ports: Vec<EndpointPort> = "ports",
    }
}

object! {
    /// An address of the older form.
    pub struct EndpointAddress = "EndpointAddress", open {
        /// The address.
        ip: String = "ip",
        /// Its host name.
        hostname: Option<String> = "hostname",
        /// The node.
        node_name: Option<String> = "nodeName",
        /// The pod.
        target_ref: Option<ObjectReference> = "targetRef",
    }
}
