//! Workloads by their labels.

use std::collections::BTreeMap;

use crate::schema::object;

object! {
    /// Workloads by their labels.
    pub struct WorkloadSelector = "WorkloadSelector" {
        /// Labels that a workload must have.
        labels: BTreeMap<String, String> = "labels",
    }
}
