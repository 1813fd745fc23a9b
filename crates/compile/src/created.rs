//! When an object was made, and the order of objects that follows from it.

use std::cmp::Ordering;

/// A creation time as Kubernetes writes it (RFC 3339, UTC), compared as text; objects without one
/// are older than all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Created(String);

impl Created {
    /// The time of a `creationTimestamp`.
    pub(crate) fn new(timestamp: Option<&str>) -> Self {
        Self(timestamp.unwrap_or_default().to_owned())
    }
}

/// Time, name and namespace of an object: the older one comes first, and ties break by name, then
/// namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age<'a> {
    /// When it was made.
    pub created: &'a Created,
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
}

impl Ord for Age<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.created
            .cmp(other.created)
            .then_with(|| self.name.cmp(other.name))
            .then_with(|| self.namespace.cmp(other.namespace))
    }
}

impl PartialOrd for Age<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
