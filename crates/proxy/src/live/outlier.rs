//! The outlier detector: endpoints that keep failing are left out for a while.
//!
//! Envoy's rules, without its timer: what its sweep would have done at every interval is caught up
//! with before the next pick.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use sealane_runtime::cluster::Outlier;
use sealane_runtime::endpoint::EndpointAddress;
use tokio::time::Instant;

use super::endpoint::EndpointLive;

/// Sweeps that are caught up with at once; back-offs have long run out after so many.
const MAX_SWEEPS: u32 = 10_000;

/// The ejections of one cluster.
#[derive(Debug)]
pub(crate) struct Ejections {
    /// When the detector started; sweeps happen at multiples of the interval from here.
    start: Instant,
    /// Sweeps done. Read without the lock, to see that there is nothing to do.
    sweeps: AtomicU64,
    /// Guards who is out; taken when an endpoint is ejected and when a sweep is due.
    hosts: Mutex<BTreeMap<EndpointAddress, Ejection>>,
}

#[derive(Debug)]
struct Ejection {
    endpoint: Arc<EndpointLive>,
    /// How many base times the next, or this, ejection lasts.
    backoff: u32,
    /// When it was last ejected.
    at: Instant,
}

/// How a request at an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// With this status.
    Answered(StatusCode),
    /// Without an answer: no connection, or it broke.
    Failed,
    /// Without an answer in time.
    TimedOut,
}

impl Ejections {
    pub(crate) const fn new(start: Instant) -> Self {
        Self {
            start,
            sweeps: AtomicU64::new(0),
            hosts: Mutex::new(BTreeMap::new()),
        }
    }

    /// Notes how a request at an endpoint of `total` ended, and ejects it where that is due.
    pub(crate) fn note(
        &self,
        rules: &Outlier,
        (address, endpoint): (&EndpointAddress, &Arc<EndpointLive>),
        health: Health,
        (now, total): (Instant, usize),
    ) {
        if count(rules, endpoint, health) {
            self.eject(rules, (address, endpoint), (now, total));
        }
    }

    /// Takes back the endpoints whose time is over.
    pub(crate) fn sweep(&self, rules: &Outlier, now: Instant) {
        let interval = rules.interval.max(Duration::from_millis(1));
        let elapsed = now.saturating_duration_since(self.start).as_micros();
        let due = u64::try_from(elapsed / interval.as_micros()).unwrap_or(u64::MAX);
        let done = self.sweeps.load(Ordering::Relaxed);
        if due <= done {
            return;
        }
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sweeps.swap(due, Ordering::Relaxed) >= due {
            return;
        }
        let missed = u32::try_from(due - done)
            .unwrap_or(u32::MAX)
            .min(MAX_SWEEPS);
        for behind in (0..missed).rev() {
            let last = u32::try_from(due)
                .unwrap_or(u32::MAX)
                .saturating_sub(behind);
            let then = self.start + interval.saturating_mul(last);
            hosts.retain(|_, host| host.sweep(rules, then));
        }
    }

    /// The cluster has changed: endpoints that are gone are forgotten, and without rules nobody is
    /// left out any more.
    pub(crate) fn change(&self, ruled: bool, stays: impl Fn(&EndpointAddress) -> bool) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|address, host| {
            let stays = ruled && stays(address);
            if !stays {
                host.endpoint.set_ejected(false);
            }
            stays
        });
    }

    fn eject(
        &self,
        rules: &Outlier,
        (address, endpoint): (&EndpointAddress, &Arc<EndpointLive>),
        (now, total): (Instant, usize),
    ) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let out = hosts.values().filter(|h| h.endpoint.is_ejected()).count();
        // Envoy's rule: this one counts already, and no endpoint goes for free.
        if endpoint.is_ejected() || (out + 1) * 100 > usize::from(rules.max_percent) * total {
            return;
        }
        endpoint.set_ejected(true);
        let host = hosts.entry(address.clone()).or_insert_with(|| Ejection {
            endpoint: Arc::clone(endpoint),
            backoff: 0,
            at: now,
        });
        host.at = now;
        if rules.base_time.saturating_mul(host.backoff) < rules.max_time + rules.base_time {
            host.backoff += 1;
        }
    }
}

impl Ejection {
    /// What Envoy does at every interval; false when there is nothing left to remember.
    fn sweep(&mut self, rules: &Outlier, now: Instant) -> bool {
        if !self.endpoint.is_ejected() {
            self.backoff = self.backoff.saturating_sub(1);
            return self.backoff > 0;
        }
        let longest = rules.max_time.max(rules.base_time);
        let time = rules.base_time.saturating_mul(self.backoff).min(longest);
        if now.saturating_duration_since(self.at) >= time {
            self.endpoint.set_ejected(false);
            self.endpoint.consecutive.reset();
        }
        true
    }
}

impl super::endpoint::Consecutive {
    fn reset(&self) {
        for counter in [&self.errors, &self.gateway, &self.local] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// Counts `health`; whether a limit is reached.
fn count(rules: &Outlier, endpoint: &EndpointLive, health: Health) -> bool {
    let consecutive = &endpoint.consecutive;
    let status = match health {
        Health::Answered(status) => status,
        Health::Failed | Health::TimedOut if rules.split_local => {
            return reached(&consecutive.local, rules.consecutive_local);
        }
        // Without the split, Envoy counts its own failures as these statuses.
        Health::Failed => StatusCode::SERVICE_UNAVAILABLE,
        Health::TimedOut => StatusCode::GATEWAY_TIMEOUT,
    };
    consecutive.local.store(0, Ordering::Relaxed);
    let is_error = if rules.error_statuses.is_empty() {
        status.is_server_error()
    } else {
        rules.error_statuses.contains(&status)
    };
    if !is_error {
        consecutive.reset();
        return false;
    }
    let is_gateway = matches!(status.as_u16(), 502..=504);
    if !is_gateway {
        consecutive.gateway.store(0, Ordering::Relaxed);
    }
    let gateway = is_gateway && reached(&consecutive.gateway, rules.consecutive_gateway);
    reached(&consecutive.errors, rules.consecutive_5xx) || gateway
}

/// Counts one more; at the limit the count starts again.
fn reached(counter: &AtomicU32, limit: Option<u32>) -> bool {
    let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
    let reached = limit.is_some_and(|limit| count >= limit);
    if reached {
        counter.store(0, Ordering::Relaxed);
    }
    reached
}
