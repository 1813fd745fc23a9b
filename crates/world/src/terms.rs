//! On which terms a world is derived: what `sealane up` allows, and how its processes are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_model::kind::ObjectKey;
use sealane_model::resource::Object;

/// A pod by namespace and name.
pub type PodName = (String, String);

/// The objects as the files that were named on the command line declare them.
pub type Approved = BTreeMap<ObjectKey, Arc<Object>>;

/// What becomes of commands that pods carry.
#[derive(Debug, Clone, Copy, Default)]
pub enum Commands<'a> {
    /// They are refused: the user did not allow any.
    #[default]
    Refused,
    /// Those run that a file declares for the same object, with the same environment.
    Of(&'a Approved),
}

/// The terms of a world. The default is that of scenarios: nothing is invented, all pods are
/// simulated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// Whether what rules name and nothing declares is invented.
    pub invent: bool,
    /// Which commands run.
    pub commands: Commands<'a>,
    /// Whether pods may stand for sockets of this machine.
    pub external: bool,
    /// Pods whose processes are known not to accept connections. The others are expected to.
    pub waiting: Option<&'a BTreeSet<PodName>>,
}

impl Terms<'_> {
    /// Whether the process of a pod is known not to accept connections.
    pub fn waits(&self, pod: &PodName) -> bool {
        self.waiting.is_some_and(|waiting| waiting.contains(pod))
    }
}
