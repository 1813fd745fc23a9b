//! How a pod ends: first it drains, then it stops.

use tokio::sync::watch;

/// The end of a pod, as its tasks see it.
#[derive(Debug, Clone)]
pub(super) struct Phase(watch::Receiver<bool>);

/// Ends the tasks that hold a [`Phase`].
#[derive(Debug)]
pub(super) struct Ending(watch::Sender<bool>);

/// A pod that runs, and its end.
pub(super) fn phase() -> (Ending, Phase) {
    let (sender, receiver) = watch::channel(false);
    (Ending(sender), Phase(receiver))
}

impl Ending {
    /// Asks all tasks to finish what they do, and take nothing new.
    pub(super) fn drain(&self) {
        // Nobody listens when all tasks are done: then there is nothing to drain.
        self.0.send_replace(true);
    }

    /// Waits until all tasks are done. They stop at once when `self` is dropped.
    pub(super) async fn ended(&self) {
        self.0.closed().await;
    }
}

impl Phase {
    /// Waits until the pod drains. Cancel safe.
    pub(super) async fn draining(&mut self) {
        if self.0.wait_for(|draining| *draining).await.is_err() {
            // The pod is gone altogether; that is told by `stopped`.
        }
    }

    /// Waits until the pod stops at once. Cancel safe.
    pub(super) async fn stopped(&mut self) {
        while self.0.changed().await.is_ok() {}
    }
}
