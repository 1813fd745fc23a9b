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

use std::collections::BTreeMap;
use std::sync::Arc;

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
        Self::rebuild(resources, previous.map(|previous| (None, previous)))
    }

    /// The same, with the resources that the previous one was built from: what is the very same
    /// message is not read again.
    pub fn rebuild(
        resources: &Resources,
        previous: Option<(Option<&Resources>, &Self)>,
    ) -> Result<Self, Vec<BuildError>> {
        let problems = Problems::default();
        let mut runtime = Self::default();
        let before = previous.and_then(|(before, _)| before);
        let previous = previous.map(|(_, previous)| previous);
        for (name, message) in &resources.listeners {
            let old = previous.and_then(|old| old.listeners.get(name.as_str()));
            let same = is_same(before.map(|it| &it.listeners), name, message);
            let built = || listener::build(&problems.resource(name), message);
            if let Some(listener) = kept_or(old, same, built) {
                runtime.listeners.insert(name.as_str().into(), listener);
            }
        }
        for (name, message) in &resources.routes {
            let old = previous.and_then(|old| old.tables.get(name.as_str()));
            let same = is_same(before.map(|it| &it.routes), name, message);
            let built = || table::build(&problems.resource(name), message);
            if let Some(table) = kept_or(old, same, built) {
                runtime.tables.insert(name.as_str().into(), table);
            }
        }
        for (name, message) in &resources.clusters {
            let assignment = endpoint::assignment_of(message, resources);
            let old = previous.and_then(|old| old.clusters.get(name.as_str()));
            let same = is_same(before.map(|it| &it.clusters), name, message)
                && before.is_some_and(|before| {
                    endpoint::assignment_of(message, before).is_same(&assignment)
                });
            let built = || cluster::build(&problems, message, &assignment);
            if let Some(cluster) = kept_or(old, same, built) {
                runtime.clusters.insert(name.as_str().into(), cluster);
            }
        }
        problems.into_result(runtime)
    }
}

/// Whether the message of that name was the very same before.
fn is_same<T>(before: Option<&BTreeMap<String, Arc<T>>>, name: &str, message: &Arc<T>) -> bool {
    let before = before.and_then(|before| before.get(name));
    before.is_some_and(|before| Arc::ptr_eq(before, message))
}

/// What was built before from the same message; else what is built now, shared where it is equal.
fn kept_or<T: PartialEq>(
    old: Option<&Arc<T>>,
    same: bool,
    build: impl FnOnce() -> Option<T>,
) -> Option<Arc<T>> {
    match old.filter(|_| same) {
        Some(old) => Some(Arc::clone(old)),
        None => build().map(|new| intern(new, old)),
    }
}

#[cfg(test)]
mod tests;
