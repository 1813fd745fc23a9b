//! Envoy resources to runtime values; the only reader of Envoy's messages in this crate.
//!
//! Each message is taken apart field by field by the `fields!` macro: a field is read, ignored on
//! purpose (statistics, tracing, buffers, what Envoy itself only uses at its edges), or refused
//! where it is set. A field that a new version of the messages brings fails to compile until it is
//! put in one of these lists.

mod at;
mod builds;
mod error;
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
mod tls;

use std::sync::Arc;

use sealane_xds::Resources;

use self::at::Problems;
pub use self::builds::Builds;
pub use self::error::BuildError;
use crate::runtime::Runtime;

impl Runtime {
    /// The runtime of one proxy's resources, or every reason why they are refused.
    ///
    /// What is equal in `previous` is shared with it: an unchanged listener, table or cluster stays
    /// the same `Arc`.
    pub fn build(resources: &Resources, previous: Option<&Self>) -> Result<Self, Vec<BuildError>> {
        Self::build_with(&Builds::default(), resources, previous)
    }

    /// The same, by somebody who builds for several proxies, or again and again: what `builds` knows
    /// to be built from the very same message is shared, and the message is not read again.
    pub fn build_with(
        builds: &Builds,
        resources: &Resources,
        previous: Option<&Self>,
    ) -> Result<Self, Vec<BuildError>> {
        let problems = Problems::default();
        let mut runtime = Self::default();
        for (name, message) in &resources.listeners {
            let old = previous.and_then(|old| old.listeners.get(name));
            let build = || listener::build(&problems.resource(name), message);
            if let Some(listener) = builds.listeners.of((message, None), old, build) {
                let name = Arc::clone(&listener.name);
                runtime.listeners.insert(name, listener);
            }
        }
        for (name, message) in &resources.routes {
            let old = previous.and_then(|old| old.tables.get(name));
            let build = || table::build(&problems.resource(name), message);
            if let Some(table) = builds.tables.of((message, None), old, build) {
                runtime.tables.insert(Arc::clone(&table.name), table);
            }
        }
        for (name, message) in &resources.clusters {
            let assignment = endpoint::assignment_of(message, resources);
            let old = previous.and_then(|old| old.clusters.get(name));
            let build = || cluster::build(&problems, message, &assignment);
            let sources = (message, assignment.resource());
            if let Some(cluster) = builds.clusters.of(sources, old, build) {
                let name = Arc::clone(&cluster.name);
                runtime.clusters.insert(name, cluster);
            }
        }
        for (name, message) in &resources.secrets {
            let secret = tls::secret(message);
            let old = previous.and_then(|old| old.secrets.get(name));
            let same = old.filter(|old| ***old == secret).map(Arc::clone);
            let secret = same.unwrap_or_else(|| Arc::new(secret));
            runtime.secrets.insert(Arc::from(name), secret);
        }
        problems.into_result(runtime)
    }
}

#[cfg(test)]
mod tests;
