//! Namespace and Node: only their metadata matters.

use crate::schema::{Present, object};

object! {
    /// A Namespace.
    pub struct Namespace = "Namespace", open {
        /// What is wanted.
        spec: Option<Present> = "spec",
    }
}

object! {
    /// A Node; its labels tell region and zone.
    pub struct Node = "Node", open {
        /// What is wanted.
        spec: Option<Present> = "spec",
    }
}
