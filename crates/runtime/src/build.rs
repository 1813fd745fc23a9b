//! Envoy resources to runtime values; the only reader of Envoy's messages in this crate.
//!
//! Each message is taken apart field by field by the `fields!` macro: a field is read, ignored on
//! purpose (statistics, tracing, buffers, what Envoy itself only uses at its edges), or refused
//! where it is set. A field that a new version of the messages brings fails to compile until it is
//! put in one of these lists.

mod at;
mod error;
mod intern;
mod metadata;
mod scalar;

mod action;
mod chain;
mod cluster;
mod draw;
mod endpoint;
mod filters;
mod header;
mod http;
mod inspect;
mod listener;
mod matching;
mod outlier;
mod protocol;
mod redirect;
mod retry;
mod route;
mod string;
mod table;
mod tcp;

use sealane_xds::Resources;

use self::at::Problems;
pub use self::error::BuildError;
use self::intern::intern;
use crate::runtime::Runtime;

impl Runtime {
    /// The runtime of one proxy's resources, or every reason why they are refused.
    ///
    /// What is equal in `previous` is shared with it: an unchanged listener, table or cluster stays
    /// the same `Arc`.
    pub fn build(resources: &Resources, previous: Option<&Self>) -> Result<Self, Vec<BuildError>> {
        let problems = Problems::default();
        let mut runtime = Self::default();
        for (name, message) in &resources.listeners {
            if let Some(listener) = listener::build(&problems.resource(name), message) {
                let old = previous.and_then(|old| old.listeners.get(name.as_str()));
                runtime
                    .listeners
                    .insert(name.as_str().into(), intern(listener, old));
            }
        }
        for (name, message) in &resources.routes {
            if let Some(table) = table::build(&problems.resource(name), message) {
                let old = previous.and_then(|old| old.tables.get(name.as_str()));
                runtime
                    .tables
                    .insert(name.as_str().into(), intern(table, old));
            }
        }
        for (name, message) in &resources.clusters {
            let assignment = endpoint::assignment_of(message, resources);
            if let Some(cluster) = cluster::build(&problems, message, &assignment) {
                let old = previous.and_then(|old| old.clusters.get(name.as_str()));
                runtime
                    .clusters
                    .insert(name.as_str().into(), intern(cluster, old));
            }
        }
        problems.into_result(runtime)
    }
}

#[cfg(test)]
mod tests;
