//! What control asks of the machine around it.

use std::collections::BTreeSet;

use sealane_compile::ProxyIdentity;
use sealane_model::diagnostic::Diagnostic;
use sealane_model::kind::ObjectKey;
use sealane_model::resource::Object;
use sealane_seam::transport::BoxFuture;

use crate::declared::Stored;

/// What declared objects mean on this machine.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// Everything that compile and the API read: the declared objects (Services and Pods with
    /// their addresses) and those made for them.
    pub objects: Vec<Object>,
    /// The keys of those that nobody declared.
    pub derived: BTreeSet<ObjectKey>,
    /// All proxies that there may be, running or not.
    pub proxies: Vec<ProxyIdentity>,
    /// What is surprising.
    pub diagnostics: Vec<Diagnostic>,
    /// What changed on this machine by itself, in words: a process became ready, for example.
    pub changes: Vec<String>,
}

/// The machine around a mesh, through the steps of a transaction: `derive`, `before_push`, then
/// either `after_push` or `undo`. Transactions never overlap.
pub trait Surroundings: Send + 'static {
    /// What these declared objects mean here. Nothing is started yet.
    fn derive(&mut self, declared: &[&Stored]) -> Derived;

    /// Starts what is new, so that it is ready when proxies hear of it. When something is not as
    /// `derive` expected (a process does not become ready), the answer has what the objects mean
    /// after all. The error, in a sentence, refuses the transaction.
    fn before_push(&mut self) -> BoxFuture<'_, Result<Option<Derived>, String>>;

    /// Lets go of what is gone: every running proxy has the new configuration. It must not wait
    /// for requests to finish, as the next transaction waits for it.
    fn after_push(&mut self) -> BoxFuture<'_, ()>;

    /// Goes back to the state before `derive`: the transaction was refused.
    fn undo(&mut self) -> BoxFuture<'_, ()>;

    /// How many requests were lost since `derive`.
    fn lost(&self) -> u64 {
        0
    }
}

/// No machine: the declared objects are all there is, and proxies are those that are given.
#[derive(Debug, Clone, Default)]
pub struct NoSurroundings {
    /// The proxies.
    pub proxies: Vec<ProxyIdentity>,
}

impl Surroundings for NoSurroundings {
    fn derive(&mut self, declared: &[&Stored]) -> Derived {
        Derived {
            objects: declared.iter().map(|it| (*it.object).clone()).collect(),
            proxies: self.proxies.clone(),
            ..Derived::default()
        }
    }

    fn before_push(&mut self) -> BoxFuture<'_, Result<Option<Derived>, String>> {
        Box::pin(async { Ok(None) })
    }

    fn after_push(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn undo(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
