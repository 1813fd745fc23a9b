//! WorkloadEntry: a workload that is not a pod.

use std::collections::BTreeMap;

use crate::schema::object;

object! {
    /// The spec of a WorkloadEntry, and an endpoint of a ServiceEntry.
    pub struct WorkloadEntry = "WorkloadEntry" {
        /// An IP, a host name (with DNS resolution) or `unix://` and a path.
        address: Option<String> = "address",
        /// Its ports by the names of the service's ports.
        ports: BTreeMap<String, u32> = "ports",
        /// Its labels.
        labels: BTreeMap<String, String> = "labels",
        /// The network it is in.
        network: Option<String> = "network",
        /// Its locality: `region/zone/subzone`.
        locality: Option<String> = "locality",
        /// Its share among the endpoints; absent is 1.
        weight: Option<u32> = "weight",
        /// The account whose identity it has; its presence means that it speaks mesh TLS.
        service_account: Option<String> = "serviceAccount",
    }
}
