//! Tasks that end with their owner.

use std::future::Future;

use tokio::task::JoinHandle;

/// A task of the current thread. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Task(JoinHandle<()>);

impl Task {
    /// Starts `work` on the current `LocalSet`.
    pub fn start(work: impl Future<Output = ()> + 'static) -> Self {
        Self(tokio::task::spawn_local(work))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
