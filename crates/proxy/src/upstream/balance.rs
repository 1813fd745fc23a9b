//! Which endpoint of a cluster takes a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealane_runtime::cluster::{Balance, Cluster};
use sealane_runtime::endpoint::{Endpoint, Health};
use sealane_seam::Random;

use crate::live::endpoint::EndpointLive;

/// An endpoint with its live state.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) live: Arc<EndpointLive>,
    /// 0 is used first.
    pub(crate) priority: u32,
}

impl Host {
    fn is_available(&self) -> bool {
        self.endpoint.health == Health::Healthy && !self.live.is_ejected()
    }
}

/// What a pick may look at.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) hash: Option<u64>,
    pub(crate) random: &'a dyn Random,
    pub(crate) panic_threshold: u8,
}

/// A cluster's way to choose.
#[derive(Debug)]
pub(crate) struct Balancer {
    how: Balance,
    turn: AtomicU64,
}

impl Balancer {
    pub(crate) fn new(cluster: &Cluster, _hosts: &[Host]) -> Self {
        Self {
            how: cluster.balance.clone(),
            turn: AtomicU64::new(0),
        }
    }

    /// The next endpoint of `hosts`; `None` when none may be used.
    pub(crate) fn pick<'h>(&self, hosts: &'h [Host], wish: &Wish<'_>) -> Option<&'h Host> {
        let priority = hosts
            .iter()
            .filter(|host| host.is_available())
            .map(|host| host.priority)
            .min();
        let mut usable: Vec<&Host> = hosts
            .iter()
            .filter(|host| host.is_available() && Some(host.priority) == priority)
            .collect();
        let panics = usable.len() * 100 < hosts.len() * usize::from(wish.panic_threshold);
        if panics {
            usable = hosts.iter().collect();
        }
        let count = u64::try_from(usable.len()).unwrap_or(u64::MAX);
        let at = |index: u64| usable.get(usize::try_from(index).ok()?).copied();
        match &self.how {
            Balance::LeastRequest { choices } => (0..*choices)
                .filter_map(|_| at(wish.random.below(count)))
                .min_by_key(|host| host.live.active()),
            Balance::Random => at(wish.random.below(count)),
            Balance::RingHash { .. } | Balance::Maglev { .. } => {
                let hash = wish.hash.unwrap_or_else(|| wish.random.next_u64());
                at(hash.checked_rem(count)?)
            }
            Balance::RoundRobin | Balance::Provided => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                at(turn.checked_rem(count)?)
            }
        }
    }
}
