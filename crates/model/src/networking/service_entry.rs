//! ServiceEntry: a service that Kubernetes does not know.

use crate::networking::port::ServicePort;
use crate::networking::workload_entry::WorkloadEntry;
use crate::networking::workload_selector::WorkloadSelector;
use crate::schema::{choices, object};

object! {
    /// The spec of a ServiceEntry.
    pub struct ServiceEntry = "ServiceEntry" {
        /// Its hosts.
        hosts: Vec<String> = "hosts",
        /// Its virtual addresses: IPs or CIDR blocks.
        addresses: Vec<String> = "addresses",
        /// Its ports.
        ports: Vec<ServicePort> = "ports",
        /// Whether it is a part of the mesh; absent is outside.
        location: Option<Location> = "location",
        /// How its endpoints are found; absent is [`Resolution::None`].
        resolution: Option<Resolution> = "resolution",
        /// Its endpoints.
        endpoints: Vec<WorkloadEntry> = "endpoints",
        /// Pods and `WorkloadEntry` objects of the namespace that are its endpoints instead.
        workload_selector: Option<WorkloadSelector> = "workloadSelector",
        /// The namespaces that see it; none means the mesh's default.
        export_to: Vec<String> = "exportTo",
        /// Names of which its certificates hold one.
        subject_alt_names: Vec<String> = "subjectAltNames",
    }
}

choices! {
    /// Whether a service is a part of the mesh.
    pub enum Location {
        /// It is outside; no mesh TLS.
        #[default]
        MeshExternal = "MESH_EXTERNAL",
        /// It is inside.
        MeshInternal = "MESH_INTERNAL",
    }
}

choices! {
    /// How the endpoints of a service are found.
    pub enum Resolution {
        /// The address that the caller used.
        #[default]
        None = "NONE",
        /// The addresses that are listed.
        Static = "STATIC",
        /// All addresses that DNS gives.
        Dns = "DNS",
        /// The first address that DNS gives.
        DnsRoundRobin = "DNS_ROUND_ROBIN",
        /// DNS of the host that the request names (wildcard hosts).
        DynamicDns = "DYNAMIC_DNS",
    }
}
