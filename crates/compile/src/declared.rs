//! An object of Istio's with what rules ask of its metadata.

use std::collections::BTreeMap;

use sealane_model::kind::ObjectKey;
use sealane_model::resource::Object;

use crate::created::{Age, Created};

/// A declared object of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared<T> {
    /// Which object.
    pub object: ObjectKey,
    /// When it was made.
    pub created: Created,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// What it says.
    pub spec: T,
}

impl<T> Declared<T> {
    /// The metadata of `resource` beside `spec`.
    pub(crate) fn new(resource: &Object, spec: T) -> Self {
        Self {
            object: resource.key(),
            created: Created::new(resource.meta.creation_timestamp.as_deref()),
            labels: resource.meta.labels.clone(),
            annotations: resource.meta.annotations.clone(),
            spec,
        }
    }

    /// Its place among objects of its kind.
    pub(crate) fn age(&self) -> Age<'_> {
        Age {
            created: &self.created,
            name: &self.object.name,
            namespace: &self.object.namespace,
        }
    }
}
