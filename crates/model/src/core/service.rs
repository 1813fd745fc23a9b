//! Service.

use std::collections::BTreeMap;

use crate::schema::{IntOrString, object};

object! {
    /// A Service.
    pub struct Service = "Service", open {
        /// What is wanted.
        spec: ServiceSpec = "spec",
    }
}

object! {
    /// What is wanted of a Service.
    pub struct ServiceSpec = "ServiceSpec", open {
        /// Its ports.
        ports: Vec<ServicePort> = "ports",
        /// The labels of its pods; none means that its endpoints are made by hand.
        selector: BTreeMap<String, String> = "selector",
        /// Its address; `None` makes it headless, absent lets the store allocate one.
        cluster_ip: Option<String> = "clusterIP",
        /// All its addresses.
        cluster_ips: Vec<String> = "clusterIPs",
        /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`; absent is `ClusterIP`.
        service_type: Option<String> = "type",
        /// The host that an ExternalName stands for.
        external_name: Option<String> = "externalName",
        /// More addresses.
        external_ips: Vec<String> = "externalIPs",
        /// Whether endpoints that are not ready count.
        publish_not_ready_addresses: Option<bool> = "publishNotReadyAddresses",
        /// `PreferClose` and the like.
        traffic_distribution: Option<String> = "trafficDistribution",
        /// `Cluster` or `Local`.
        internal_traffic_policy: Option<String> = "internalTrafficPolicy",
        /// `None` or `ClientIP`.
        session_affinity: Option<String> = "sessionAffinity",
    }
}

object! {
    /// A port of a Service.
    pub struct ServicePort = "Service.Port", open {
        /// Its name; required where there are several.
        name: Option<String> = "name",
        /// Its number.
        port: u32 = "port",
        /// The pods' port; absent is the same number.
        target_port: Option<IntOrString> = "targetPort",
        /// `TCP`, `UDP` or `SCTP`; absent is `TCP`.
        protocol: Option<String> = "protocol",
        /// The protocol above TCP: `http`, `kubernetes.io/h2c`, `grpc`, ….
        app_protocol: Option<String> = "appProtocol",
        /// The port of the nodes.
        node_port: Option<u32> = "nodePort",
    }
}

impl ServiceSpec {
    /// Whether callers see the pods' addresses instead of one of its own.
    pub fn is_headless(&self) -> bool {
        self.cluster_ip.as_deref() == Some("None")
    }

    /// Whether it only stands for another host.
    pub fn is_external_name(&self) -> bool {
        self.service_type.as_deref() == Some("ExternalName")
    }
}
