//! The metadata of an object.

use std::collections::BTreeMap;

use crate::schema::object;

object! {
    /// Kubernetes' `ObjectMeta`.
    pub struct ObjectMeta = "ObjectMeta", open {
        /// Its name.
        name: String = "name",
        /// Its namespace; the parser fills in the default one.
        namespace: String = "namespace",
        /// Its labels.
        labels: BTreeMap<String, String> = "labels",
        /// Its annotations.
        annotations: BTreeMap<String, String> = "annotations",
        /// When it was made (RFC 3339, UTC); set by stores. Objects of files without it tie.
        creation_timestamp: Option<String> = "creationTimestamp",
        /// Its unique id; set by stores.
        uid: Option<String> = "uid",
        /// Its version; set by stores, another after each change.
        resource_version: Option<String> = "resourceVersion",
        /// Grows with each change of the spec; set by stores.
        generation: Option<i64> = "generation",
        /// When it is to go.
        deletion_timestamp: Option<String> = "deletionTimestamp",
        /// The objects it belongs to.
        owner_references: Vec<OwnerReference> = "ownerReferences",
    }
}

object! {
    /// An object that another one belongs to.
    pub struct OwnerReference = "OwnerReference", open {
        /// Its API version.
        api_version: Option<String> = "apiVersion",
        /// Its kind.
        kind: Option<String> = "kind",
        /// Its name.
        name: Option<String> = "name",
        /// Its unique id.
        uid: Option<String> = "uid",
        /// Whether it manages the object.
        controller: Option<bool> = "controller",
    }
}
