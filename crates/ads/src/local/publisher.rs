//! Control's side of one proxy.

use std::sync::Arc;

use sealane_xds::Resources;
use tokio::sync::watch;

use super::push::Push;
use super::status::{NotLive, Status};
use super::subscriber::Subscriber;

/// Control's side of one proxy. When it is dropped, the proxy's [`Subscriber::next`] ends.
#[derive(Debug)]
pub struct Publisher {
    pushes: watch::Sender<Option<Push>>,
    status: watch::Sender<Status>,
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}

impl Publisher {
    /// A publisher that has published nothing, without a subscriber.
    pub fn new() -> Self {
        Self {
            pushes: watch::Sender::new(None),
            status: watch::Sender::new(Status::default()),
        }
    }

    /// Makes this the newest generation. One that is older than the newest is ignored.
    pub fn publish(&self, generation: u64, resources: Arc<Resources>) {
        let published = self.pushes.send_if_modified(|newest| {
            let is_newer = newest
                .as_ref()
                .is_none_or(|newest| newest.generation <= generation);
            if is_newer {
                *newest = Some(Push {
                    generation,
                    resources,
                });
            }
            is_newer
        });
        if published {
            // Two publishers of one proxy may race: the newest number stays.
            self.status
                .send_modify(|status| status.published = status.published.max(Some(generation)));
        }
    }

    /// The proxy's side. A proxy that connects anew starts from the newest generation; an earlier
    /// subscriber of the same publisher hears nothing more.
    pub fn subscribe(&self) -> Subscriber {
        self.status.send_modify(|status| {
            let (published, subscriber) = (status.published, status.subscriber + 1);
            *status = Status {
                connected: true,
                published,
                subscriber,
                ..Status::default()
            };
        });
        let number = self.status.borrow().subscriber;
        Subscriber::new(number, self.pushes.subscribe(), self.status.clone())
    }

    /// How far the proxy is now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status and its changes.
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Waits until the proxy serves this generation or a newer one, also while it is not connected.
    ///
    /// # Errors
    /// When the proxy refuses this generation or a later one, and nothing newer is published.
    pub async fn live(&self, generation: u64) -> Result<(), NotLive> {
        let mut status = self.status.subscribe();
        let settled = status
            .wait_for(|status| status.verdict(generation).is_some())
            .await;
        settled
            .ok()
            .and_then(|status| status.verdict(generation))
            .unwrap_or(Err(NotLive::Gone))
    }
}
