//! The proxies that run, and what those that are gone have counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sealane_proxy::proxy::Proxy;
use sealane_proxy::stats::Stat;
use sealane_proxy::telemetry::metrics::{Metrics, Totals};
use sealane_seam::Clock;
use tokio::time::Instant;

/// Every proxy of a mesh, from its start until its last connection has ended.
pub struct Roster {
    clock: Arc<dyn Clock>,
    born: Instant,
    /// Guards the list; held to add, to look and to sum up, never over an await.
    listed: Mutex<Listed>,
}

#[derive(Default)]
struct Listed {
    proxies: Vec<Entry>,
    /// What proxies that are gone have counted: a sum that shrank would read as a restart.
    gone: Totals,
}

struct Entry {
    id: Arc<str>,
    proxy: Weak<Proxy>,
    metrics: Arc<Metrics>,
}

impl Roster {
    /// No proxies yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            born: clock.now(),
            clock,
            listed: Mutex::default(),
        }
    }

    /// How long the mesh has been running.
    pub fn uptime(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.born)
    }

    /// Lists a proxy that starts.
    pub fn add(&self, proxy: &Arc<Proxy>) {
        let mut listed = self.lock();
        listed.forget_gone();
        listed.proxies.push(Entry {
            id: Arc::clone(proxy.id()),
            proxy: Arc::downgrade(proxy),
            metrics: Arc::clone(proxy.metrics()),
        });
    }

    /// The proxy of this name that was started last.
    pub fn find(&self, id: &str) -> Option<Arc<Proxy>> {
        let listed = self.lock();
        let mut named = listed.proxies.iter().rev().filter(|it| *it.id == *id);
        named.find_map(|entry| entry.proxy.upgrade())
    }

    /// All that run.
    pub fn all(&self) -> Vec<Arc<Proxy>> {
        let listed = self.lock();
        let proxies = listed.proxies.iter();
        proxies.filter_map(|entry| entry.proxy.upgrade()).collect()
    }

    /// What all of them have counted, those that are gone included.
    pub fn totals(&self) -> Totals {
        let mut listed = self.lock();
        listed.forget_gone();
        let mut totals = listed.gone.clone();
        for entry in &listed.proxies {
            totals.add(&entry.metrics);
        }
        totals
    }

    /// The statistics of all that run.
    pub fn stats(&self, used_only: bool) -> Vec<Stat> {
        let all = self.all();
        all.iter().flat_map(|it| it.stats(used_only)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listed {
    fn forget_gone(&mut self) {
        let (proxies, gone) = (&mut self.proxies, &mut self.gone);
        proxies.retain(|entry| {
            let runs = entry.proxy.strong_count() > 0;
            if !runs {
                gone.add(&entry.metrics);
            }
            runs
        });
    }
}
