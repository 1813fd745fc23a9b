//! Pods that are gone from the world and still answer: requests that were decided by the generation
//! before may be on their way to them.
//!
//! A request takes one snapshot and keeps it, through a delay, a retry or a long upload. So a pod
//! that nobody is sent to any more goes on for the drain time, unless its name or its address is
//! wanted again.

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
            waiting: JoinSet::new(),
        }
    }

    /// Ends those whose name or address `world` gives away again.
    pub(crate) async fn make_way(&self, world: &World) {
        let places = &self.places;
        let mut leaving = places.leaving.lock().await;
        if leaving.is_empty() {
            return;
        }
        let taken = places.seats.taken();
        for (pod, farewell) in std::mem::take(&mut *leaving) {
            if is_wanted(world, &pod, taken.get(&pod).copied()) {
                places.end(&pod).await;
            } else {
                leaving.insert((pod, farewell));
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
        let farewell = leaving
            .iter()
            .map(|(_, number)| number + 1)
            .max()
            .unwrap_or(0);
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

fn is_wanted(world: &World, (namespace, name): &PodName, address: Option<IpAddr>) -> bool {
    world.pods.iter().any(|pod| {
        let is_same = pod.namespace() == namespace && pod.name() == name;
        is_same || Some(pod.address) == address
    })
}
