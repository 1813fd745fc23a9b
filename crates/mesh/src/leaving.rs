//! Pods that are gone from the world and still answer: requests that were decided by the generation
//! before may be on their way to them.
//!
//! A request takes one snapshot and keeps it, through a delay, a retry or a long upload. So a pod
//! that nobody is sent to any more goes on for the drain time, unless its name comes back at another
//! address, or its address under another name. A pod that comes back as it was never left.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use sealane_world::change::PodName;
use sealane_world::world::World;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::echoes::Echoes;
use crate::seats::Seats;

/// Lets pods go, each when its time is over.
pub(crate) struct Leaving {
    places: Arc<Places>,
    /// How many farewells there were.
    farewells: u64,
    /// Who waits for the time of a few pods to be over. They end with this.
    waiting: JoinSet<()>,
}

struct Places {
    seats: Arc<Seats>,
    echoes: Arc<Echoes>,
    /// Guards who is leaving, each with the number of its farewell; held while pods end, so that no
    /// pod starts where another one is just ending.
    leaving: Mutex<BTreeSet<(PodName, u64)>>,
}

impl Leaving {
    /// Nobody leaves yet.
    pub(crate) fn new(seats: Arc<Seats>, echoes: Arc<Echoes>) -> Self {
        Self {
            places: Arc::new(Places {
                seats,
                echoes,
                leaving: Mutex::default(),
            }),
            farewells: 0,
            waiting: JoinSet::new(),
        }
    }

    /// Keeps those that come back in `world`, and ends those whose name or address it gives to
    /// somebody else.
    pub(crate) async fn make_way(&self, world: &World) {
        let places = &self.places;
        let mut leaving = places.leaving.lock().await;
        if leaving.is_empty() {
            return;
        }
        let taken = places.seats.taken();
        for (pod, farewell) in std::mem::take(&mut *leaving) {
            match fate(world, &pod, taken.get(&pod).copied()) {
                Fate::Back => {}
                Fate::Replaced(address) => {
                    // Who keeps connections to it would find them closing.
                    places.seats.renew(address.into_iter().collect()).await;
                    places.end(&pod).await;
                }
                Fate::Gone => drop(leaving.insert((pod, farewell))),
            }
        }
    }

    /// These pods are gone: they end when their time is over.
    pub(crate) async fn see_off(&mut self, pods: Vec<PodName>) {
        while self.waiting.try_join_next().is_some() {}
        let mut leaving = self.places.leaving.lock().await;
        let known: BTreeSet<&PodName> = leaving.iter().map(|(pod, _)| pod).collect();
        let mut new: Vec<PodName> = pods
            .into_iter()
            .filter(|pod| !known.contains(pod))
            .collect();
        let gateways = self.places.seats.gateways();
        // Their ports are named by people, and may be given to others.
        for gateway in new.extract_if(.., |pod| gateways.contains_key(pod)) {
            self.places.end(&gateway).await;
        }
        if new.is_empty() {
            return;
        }
        // Who comes back and leaves again has the whole time again.
        self.farewells += 1;
        let farewell = self.farewells;
        leaving.extend(new.iter().map(|pod| (pod.clone(), farewell)));
        drop(leaving);
        let places = Arc::clone(&self.places);
        self.waiting.spawn(async move {
            tokio::time::sleep(places.echoes.drain()).await;
            let mut leaving = places.leaving.lock().await;
            for pod in new {
                if leaving.remove(&(pod.clone(), farewell)) {
                    places.end(&pod).await;
                }
            }
        });
    }
}

impl Places {
    async fn end(&self, pod: &PodName) {
        self.seats.close(pod).await;
        self.echoes.stop(pod.clone()).await;
    }
}

/// What a world means for a pod that leaves.
enum Fate {
    /// It is there again.
    Back,
    /// Somebody else has its name, or the address that it has.
    Replaced(Option<IpAddr>),
    /// Nobody wants anything of it.
    Gone,
}

fn fate(world: &World, (namespace, name): &PodName, address: Option<IpAddr>) -> Fate {
    let mut fate = Fate::Gone;
    for pod in &world.pods {
        let has_name = pod.namespace() == namespace && pod.name() == name;
        let has_address = Some(pod.address) == address;
        if has_name && has_address {
            return Fate::Back;
        }
        if has_name || has_address {
            fate = Fate::Replaced(address);
        }
    }
    fate
}
