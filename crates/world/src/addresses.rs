//! Addresses of pods and Services, from ranges of the loopback network.
//!
//! Who asks in the same order gets the same addresses; [`World`](crate::world::World) asks in the
//! order of sorted names. An owner keeps its address for the life of the mesh, also while it is
//! gone, so an address never passes to somebody else while a proxy may still know it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use crate::implicit::{CLIENT, GATEWAY, GATEWAY_NAMESPACE};

/// Addresses in one block of a range: the last part of the address goes from 1 to 250.
const BLOCK: usize = 250;
/// Blocks of a range.
const BLOCKS: usize = 256;

/// The ranges that addresses come from, each by its first two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPlan {
    /// The range of pods.
    pub pods: [u8; 2],
    /// The range of Services.
    pub services: [u8; 2],
    /// The range of names that nobody serves.
    pub outside: [u8; 2],
}

impl Default for AddressPlan {
    /// 127.10.0.0/16 for pods, 127.20.0.0/16 for Services, 127.40.0.0/16 for other names.
    fn default() -> Self {
        Self {
            pods: [127, 10],
            services: [127, 20],
            outside: [127, 40],
        }
    }
}

impl AddressPlan {
    /// Whether an address is in one of the ranges.
    pub fn contains(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else {
            return false;
        };
        let [first, second, ..] = address.octets();
        [self.pods, self.services, self.outside].contains(&[first, second])
    }
}

/// Who has which address.
#[derive(Debug, Clone)]
pub struct Addresses {
    pods: Pool,
    services: Pool,
}

impl Addresses {
    /// Nobody has an address but the implicit client and the ingress gateway.
    pub fn new(plan: AddressPlan) -> Self {
        let mut pods = Pool::new(plan.pods, 8);
        pods.give("default", CLIENT, nth(plan.pods, 1));
        pods.give(GATEWAY_NAMESPACE, GATEWAY, nth(plan.pods, 2));
        let mut services = Pool::new(plan.services, 1);
        services.give(GATEWAY_NAMESPACE, GATEWAY, nth(plan.services, 1));
        Self { pods, services }
    }

    /// The address of a pod, a new one if it has none; `None` when the range is used up.
    pub fn pod(&mut self, namespace: &str, name: &str) -> Option<IpAddr> {
        self.pods.of(namespace, name)
    }

    /// Gives a pod the address that its status declares.
    pub fn declare_pod(&mut self, namespace: &str, name: &str, address: IpAddr) {
        self.pods.give(namespace, name, Some(address));
    }

    /// The address of a Service, a new one if it has none; `None` when the range is used up.
    pub fn service(&mut self, namespace: &str, name: &str) -> Option<IpAddr> {
        self.services.of(namespace, name)
    }

    /// Keeps an address that a Service declares from being given to another one.
    pub fn declare_service(&mut self, address: IpAddr) {
        self.services.taken.insert(address);
    }
}

/// One range and who has which of its addresses.
#[derive(Debug, Clone)]
struct Pool {
    range: [u8; 2],
    /// The number of the next address is this and the number of owners.
    offset: usize,
    given: BTreeMap<(String, String), IpAddr>,
    taken: BTreeSet<IpAddr>,
}

impl Pool {
    fn new(range: [u8; 2], offset: usize) -> Self {
        Self {
            range,
            offset,
            given: BTreeMap::new(),
            taken: BTreeSet::new(),
        }
    }

    fn of(&mut self, namespace: &str, name: &str) -> Option<IpAddr> {
        let owner = (namespace.to_owned(), name.to_owned());
        if let Some(address) = self.given.get(&owner) {
            return Some(*address);
        }
        let first = self.given.len() + self.offset;
        let address = (first..BLOCK * BLOCKS)
            .filter_map(|n| nth(self.range, n))
            .find(|address| !self.taken.contains(address))?;
        self.give(namespace, name, Some(address));
        Some(address)
    }

    fn give(&mut self, namespace: &str, name: &str, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.taken.insert(address);
            self.given
                .insert((namespace.to_owned(), name.to_owned()), address);
        }
    }
}

/// The address number `n` of a range; `None` past its end.
fn nth(range: [u8; 2], n: usize) -> Option<IpAddr> {
    let [a, b] = range;
    let block = u8::try_from(n / BLOCK).ok()?;
    let last = u8::try_from(n % BLOCK + 1).ok()?;
    Some(IpAddr::V4(Ipv4Addr::new(a, b, block, last)))
}

/// Addresses for names that nobody in the mesh has, in the order of the first question: a caller
/// gets one, as from DNS, but nobody listens there.
#[derive(Debug)]
pub struct OutsideAddresses {
    range: [u8; 2],
    /// Guards who has which; held for a look-up only.
    given: Mutex<BTreeMap<String, IpAddr>>,
}

impl OutsideAddresses {
    /// No name was asked for yet.
    pub fn new(plan: AddressPlan) -> Self {
        Self {
            range: plan.outside,
            given: Mutex::new(BTreeMap::new()),
        }
    }

    /// The address that stands for `host`. When the range is used up, names share the last one.
    pub fn address_of(&self, host: &str) -> IpAddr {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = given.get(host) {
            return *address;
        }
        let next = nth(self.range, given.len() + 1);
        let [a, b] = self.range;
        let Some(address) = next else {
            return IpAddr::V4(Ipv4Addr::new(a, b, u8::MAX, u8::MAX));
        };
        given.insert(host.to_owned(), address);
        address
    }
}

#[cfg(test)]
mod tests;
