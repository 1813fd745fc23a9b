//! The publishers of many proxies, by id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealane_xds::Resources;
use tokio::sync::watch;

use super::publisher::Publisher;
use super::status::{NotLive, Status};
use super::subscriber::Subscriber;

/// The publishers of many proxies. A proxy is known from the first time that something is published
/// for it or that it subscribes, whichever comes first, until it is removed.
#[derive(Debug, Default)]
pub struct Fleet {
    /// Guards the list of proxies; held only to look one up, never while anything is awaited.
    proxies: Mutex<BTreeMap<String, Arc<Publisher>>>,
}

impl Fleet {
    /// A fleet without proxies.
    pub fn new() -> Self {
        Self::default()
    }

    /// The publisher of this proxy.
    pub fn publisher(&self, proxy: &str) -> Arc<Publisher> {
        Arc::clone(self.lock().entry(proxy.to_owned()).or_default())
    }

    /// Makes this the newest generation of one proxy.
    pub fn publish(&self, proxy: &str, generation: u64, resources: Arc<Resources>) {
        self.publisher(proxy).publish(generation, resources);
    }

    /// The side of this proxy.
    pub fn subscribe(&self, proxy: &str) -> Subscriber {
        self.publisher(proxy).subscribe()
    }

    /// Forgets a proxy; its subscriber ends.
    pub fn remove(&self, proxy: &str) {
        self.lock().remove(proxy);
    }

    /// How far each proxy is.
    pub fn statuses(&self) -> BTreeMap<String, Status> {
        let proxies = self.lock();
        proxies
            .iter()
            .map(|(proxy, publisher)| (proxy.clone(), publisher.status()))
            .collect()
    }

    /// Waits until every proxy that is connected now serves this generation or a newer one.
    ///
    /// # Errors
    /// The proxies that refuse it, with the reason. One that disconnects meanwhile is not counted.
    pub async fn live(&self, generation: u64) -> Result<(), BTreeMap<String, NotLive>> {
        let connected: Vec<_> = {
            let proxies = self.lock();
            let connected = proxies
                .iter()
                .filter(|(_, publisher)| publisher.status().connected);
            connected
                .map(|(proxy, it)| (proxy.clone(), it.watch_status()))
                .collect()
        };
        let mut refused = BTreeMap::new();
        for (proxy, status) in connected {
            if let Err(reason @ NotLive::Rejected(_)) = settled(status, generation).await {
                refused.insert(proxy, reason);
            }
        }
        if refused.is_empty() {
            Ok(())
        } else {
            Err(refused)
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Publisher>>> {
        // Nothing panics while the lock is held, and the map is whole between any two statements.
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a generation is live or refused, or its proxy disconnects.
async fn settled(mut status: watch::Receiver<Status>, generation: u64) -> Result<(), NotLive> {
    let verdict = |status: &Status| match status.verdict(generation) {
        None if !status.connected => Some(Err(NotLive::Gone)),
        verdict => verdict,
    };
    let settled = status.wait_for(|status| verdict(status).is_some()).await;
    settled
        .ok()
        .and_then(|status| verdict(&status))
        .unwrap_or(Err(NotLive::Gone))
}
