//! Which endpoint of a cluster takes a request, as Envoy chooses it.
//!
//! First a priority by how healthy each is, then, where localities are weighted, a locality, then
//! one of its endpoints by the cluster's policy.

mod deadline;
mod least_request;
mod maglev;
mod priority;
mod ring_hash;
mod round_robin;
mod table;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sealane_runtime::cluster::{Balance, Cluster};
use sealane_runtime::endpoint::{Endpoint, Health};
use sealane_seam::Random;

use self::deadline::Deadlines;
use self::least_request::LeastRequest;
use self::priority::{Capacity, Loads, Rules};
use self::round_robin::RoundRobin;
use self::table::HashTable;
use crate::live::endpoint::EndpointLive;
use crate::telemetry::hashed::Hashed;
use crate::telemetry::workload::Workload;

/// An endpoint with its live state.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) live: Arc<EndpointLive>,
    /// Who is there, as the endpoint's own metadata has it.
    pub(crate) workload: Option<Hashed<Workload>>,
}

impl Host {
    pub(crate) fn new(endpoint: &Arc<Endpoint>, live: Arc<EndpointLive>) -> Self {
        let workload = endpoint.workload.as_deref();
        let workload = workload.and_then(Workload::of_endpoint);
        Self {
            endpoint: Arc::clone(endpoint),
            live,
            workload: workload.map(Hashed::new),
        }
    }

    fn is_available(&self) -> bool {
        self.endpoint.health == Health::Healthy && !self.live.is_ejected()
    }
}

/// What a pick may look at.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// What the route hashes of the request.
    pub(crate) hash: Option<u64>,
    /// How often an endpoint was picked for this try already, and not taken.
    pub(crate) attempt: u32,
    pub(crate) random: &'a dyn Random,
}

/// A cluster's way to choose.
#[derive(Debug)]
pub(crate) struct Balancer {
    rules: Rules,
    /// The endpoints of each priority, the first being used first.
    tiers: Vec<Tier>,
}

/// The endpoints of one priority.
#[derive(Debug)]
struct Tier {
    /// All, as places in the cluster's list.
    hosts: Vec<usize>,
    /// Chooses among all.
    picker: Picker,
    /// Where localities are weighted, what chooses among them. Guards the turns.
    localities: Option<(Mutex<Deadlines>, Vec<Locality>)>,
}

/// The endpoints of one weighted locality.
#[derive(Debug)]
struct Locality {
    weight: u32,
    hosts: Vec<usize>,
    picker: Picker,
}

/// A policy with its state.
#[derive(Debug)]
enum Picker {
    RoundRobin(RoundRobin),
    LeastRequest(LeastRequest),
    Random,
    Hash(HashTable),
}

impl Balancer {
    /// A balancer for the endpoints of `cluster`, which are `hosts`, in the order of its
    /// localities.
    pub(crate) fn new(cluster: &Cluster, hosts: &[Host]) -> Self {
        let mut tiers: BTreeMap<u32, Vec<(u32, Vec<usize>)>> = BTreeMap::new();
        let mut next = 0;
        for group in &cluster.endpoints.localities {
            let places = (next..).take(group.endpoints.len()).collect();
            next += group.endpoints.len();
            let weight = group.weight.unwrap_or(0);
            tiers
                .entry(group.priority)
                .or_default()
                .push((weight, places));
        }
        let tiers = tiers
            .into_values()
            .map(|groups| Tier::new(cluster, hosts, groups))
            .collect();
        Self {
            rules: Rules {
                overprovisioning: cluster.endpoints.overprovisioning,
                panic_threshold: cluster.panic_threshold,
            },
            tiers,
        }
    }

    /// The next endpoint of `hosts`; `None` when none may be used.
    pub(crate) fn pick<'h>(&self, hosts: &'h [Host], wish: &Wish<'_>) -> Option<&'h Host> {
        let available = |place: &usize| hosts.get(*place).is_some_and(Host::is_available);
        let capacity = |places: &[usize]| Capacity {
            all: places.len(),
            available: places.iter().filter(|place| available(place)).count(),
        };
        let capacities: Vec<Capacity> = self
            .tiers
            .iter()
            .map(|tier| capacity(&tier.hosts))
            .collect();
        let loads = Loads::of(&capacities, self.rules);
        let draw = wish.hash.unwrap_or_else(|| wish.random.next_u64());
        let (tier, panics) = loads.choose(draw)?;
        let tier = self.tiers.get(tier)?;
        let (places, picker) = match tier.localities.as_ref().filter(|_| !panics) {
            None => (&tier.hosts, &tier.picker),
            Some((turns, localities)) => {
                let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
                let weight = |locality: &Locality| {
                    self.rules
                        .locality_weight(locality.weight, capacity(&locality.hosts))
                };
                let chosen = turns.next(|index| localities.get(index).map_or(0, weight))?;
                let locality = localities.get(chosen)?;
                (&locality.hosts, &locality.picker)
            }
        };
        let usable: Vec<usize> = places
            .iter()
            .filter(|place| panics || available(place))
            .copied()
            .collect();
        hosts.get(picker.pick(&usable, hosts, wish)?)
    }
}

impl Tier {
    fn new(cluster: &Cluster, hosts: &[Host], groups: Vec<(u32, Vec<usize>)>) -> Self {
        let all: Vec<usize> = groups
            .iter()
            .flat_map(|(_, places)| places)
            .copied()
            .collect();
        let picker = Picker::new(&cluster.balance, hosts, &all);
        let weighted = cluster.locality_weighted && !matches!(picker, Picker::Hash(_));
        let localities = weighted.then(|| {
            let localities: Vec<Locality> = groups
                .into_iter()
                .map(|(weight, hosts_of)| Locality {
                    weight,
                    picker: Picker::new(&cluster.balance, hosts, &hosts_of),
                    hosts: hosts_of,
                })
                .collect();
            let weights = localities
                .iter()
                .map(|locality| u64::from(locality.weight) * 100);
            (Mutex::new(Deadlines::new(weights)), localities)
        });
        Self {
            hosts: all,
            picker,
            localities,
        }
    }
}

impl Picker {
    fn new(balance: &Balance, hosts: &[Host], places: &[usize]) -> Self {
        let weights = || {
            let hosts = places.iter().filter_map(|place| hosts.get(*place));
            hosts.map(|host| host.endpoint.weight)
        };
        match balance {
            Balance::RoundRobin | Balance::Provided => {
                Self::RoundRobin(RoundRobin::new(places, weights()))
            }
            Balance::LeastRequest { choices } => {
                Self::LeastRequest(LeastRequest::new(*choices, places, weights()))
            }
            Balance::Random => Self::Random,
            Balance::RingHash {
                minimum_size,
                maximum_size,
            } => Self::Hash(HashTable::ring(*minimum_size, *maximum_size)),
            Balance::Maglev { table_size } => Self::Hash(HashTable::maglev(*table_size)),
        }
    }

    /// One of the `usable` places of `hosts`, which are in ascending order.
    fn pick(&self, usable: &[usize], hosts: &[Host], wish: &Wish<'_>) -> Option<usize> {
        let host = |place: usize| hosts.get(place);
        match self {
            Self::RoundRobin(turns) => turns.pick(usable),
            Self::LeastRequest(policy) => {
                let active = |place| host(place).map_or(u32::MAX, |host| host.live.active());
                policy.pick(usable, active, wish.random)
            }
            Self::Random => at(usable, wish.random.next_u64()),
            Self::Hash(table) => {
                let hash = wish.hash.unwrap_or_else(|| wish.random.next_u64());
                let key = |place| {
                    host(place)
                        .map(|host| (host.endpoint.address.to_string(), host.endpoint.weight))
                };
                table.pick(usable, key, (hash, wish.attempt))
            }
        }
    }
}

/// The place that `number` stands for, whatever its size.
fn at(usable: &[usize], number: u64) -> Option<usize> {
    let count = u64::try_from(usable.len()).ok()?;
    let index = number.checked_rem(count)?;
    usable.get(usize::try_from(index).ok()?).copied()
}

#[cfg(test)]
mod tests;
