//! Objects that make pods: Deployment, StatefulSet, DaemonSet, ReplicaSet.

use std::collections::BTreeMap;

use crate::core::pod::PodTemplateSpec;
use crate::schema::object;

object! {
    /// A Deployment.
    pub struct Deployment = "Deployment", open {
        /// What is wanted.
        spec: WorkloadSpec = "spec",
    }
}

object! {
    /// A StatefulSet.
    pub struct StatefulSet = "StatefulSet", open {
        /// What is wanted.
        spec: WorkloadSpec = "spec",
    }
}

object! {
    /// A DaemonSet; there is one node, so one pod.
    pub struct DaemonSet = "DaemonSet", open {
        /// What is wanted.
        spec: WorkloadSpec = "spec",
    }
}

object! {
    /// A ReplicaSet.
    pub struct ReplicaSet = "ReplicaSet", open {
        /// What is wanted.
        spec: WorkloadSpec = "spec",
    }
}

object! {
    /// What the objects that make pods have in common.
    pub struct WorkloadSpec = "WorkloadSpec", open {
        /// How many pods; absent is 1.
        replicas: Option<i32> = "replicas",
        /// The labels by which it finds its pods.
        selector: Option<PodSelector> = "selector",
        /// The pods.
        template: PodTemplateSpec = "template",
        /// The headless Service of a StatefulSet.
        service_name: Option<String> = "serviceName",
    }
}

object! {
    /// Pods by their labels.
    pub struct PodSelector = "PodSelector", open {
        /// Labels that a pod must have.
        match_labels: BTreeMap<String, String> = "matchLabels",
        /// More conditions.
        match_expressions: Vec<LabelRequirement> = "matchExpressions",
    }
}

object! {
    /// A condition of a label.
    pub struct LabelRequirement = "LabelSelectorRequirement", open {
        /// The label.
        key: String = "key",
        /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
        operator: String = "operator",
        /// The values.
        values: Vec<String> = "values",
    }
}
