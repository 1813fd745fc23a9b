//! Which pod answers.

/// The pod that an echo plays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Identity {
    /// Its namespace.
    pub namespace: String,
    /// The name of its workload: the Deployment's, or the Pod's own.
    pub workload: String,
    /// The name of the pod.
    pub pod: String,
    /// The pod's label `version`, or empty.
    pub version: String,
}
