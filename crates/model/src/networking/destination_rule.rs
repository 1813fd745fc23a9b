//! DestinationRule: what applies to traffic after it is routed to a host, and the host's subsets.

use std::collections::BTreeMap;

use crate::networking::traffic_policy::TrafficPolicy;
use crate::schema::object;

object! {
    /// The spec of a DestinationRule.
    pub struct DestinationRule = "DestinationRule" {
        /// The host; a short name is of the rule's namespace.
        host: Option<String> = "host",
        /// What applies to all its traffic.
        traffic_policy: Option<TrafficPolicy> = "trafficPolicy",
        /// Named parts of its workloads.
        subsets: Vec<Subset> = "subsets",
        /// The namespaces that see it; none means the mesh's default.
        export_to: Vec<String> = "exportTo",
        /// The callers it applies to; absent is all.
        workload_selector: Option<LabelSelector> = "workloadSelector",
    }
}

object! {
    /// A named part of a host's workloads.
    pub struct Subset = "Subset" {
        /// Its name.
        name: String = "name" [required: true],
        /// The labels of its workloads.
        labels: BTreeMap<String, String> = "labels",
        /// What applies to its traffic, block by block above that of the rule.
        traffic_policy: Option<TrafficPolicy> = "trafficPolicy",
    }
}

object! {
    /// Workloads by their labels.
    pub struct LabelSelector = "WorkloadSelector" {
        /// Labels that a workload must have.
        match_labels: BTreeMap<String, String> = "matchLabels",
    }
}
