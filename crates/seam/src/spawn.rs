//! Tasks as an argument.

use futures_util::future::LocalBoxFuture;

/// Starts tasks on the thread that asks. Traffic tasks stay on their thread, so they need not be
/// `Send`.
pub trait Spawner: 'static {
    /// Starts `task` beside the caller. `name` says what it does, in a word or two.
    fn spawn_local(&self, name: &'static str, task: LocalBoxFuture<'static, ()>);
}

/// Spawns on tokio's current `LocalSet`.
///
/// Panics, as `tokio::task::spawn_local` does, when there is none: `mesh` starts every traffic
/// thread with one.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalSpawner;

impl Spawner for LocalSpawner {
    fn spawn_local(&self, _name: &'static str, task: LocalBoxFuture<'static, ()>) {
        drop(tokio::task::spawn_local(task));
    }
}
