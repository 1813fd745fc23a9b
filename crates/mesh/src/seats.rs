//! All pods' places on the traffic threads.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};

use sealane_proxy::proxy::Proxy;
use sealane_proxy::worker::Worker;
use sealane_seam::Connection;
use sealane_world::change::PodName;
use sealane_world::pods::Role;
use sealane_world::workloads::{Runs, WorldPod};
use sealane_world::world::World;

use crate::network::Network;
use crate::room::{Room, thread_of};
use crate::seat::Seat;
use crate::staff::Staff;
use crate::threads::Threads;

/// A workload by namespace and name.
pub type WorkloadName = (String, String);

/// Has these proxies make new connections to a host.
fn forget(workers: &[Rc<Worker>], host: IpAddr) {
    for worker in workers {
        worker.forget(host);
    }
}

/// Opens and closes places as worlds come and go.
pub struct Seats {
    threads: Arc<Threads<Room>>,
    staff: Arc<Staff>,
    /// Who has a place, and with which address. Held for look-ups only.
    taken: RwLock<Taken>,
}

#[derive(Default)]
struct Taken {
    pods: BTreeMap<PodName, IpAddr>,
    captures: BTreeMap<WorkloadName, SocketAddr>,
    /// The capture port of each process, whose calls are its own pod's.
    of_processes: BTreeMap<PodName, SocketAddr>,
    gateways: BTreeMap<PodName, Arc<Proxy>>,
}

impl Seats {
    /// No places yet.
    pub fn new(threads: Arc<Threads<Room>>, staff: Arc<Staff>) -> Self {
        Self {
            threads,
            staff,
            taken: RwLock::default(),
        }
    }

    /// What the proxies share.
    pub const fn staff(&self) -> &Arc<Staff> {
        &self.staff
    }

    /// Where they are.
    pub const fn threads(&self) -> &Arc<Threads<Room>> {
        &self.threads
    }

    /// The capture port of each workload.
    pub fn captures(&self) -> BTreeMap<WorkloadName, SocketAddr> {
        self.read().captures.clone()
    }

    /// The capture port of each pod that is a process.
    pub fn process_captures(&self) -> BTreeMap<PodName, SocketAddr> {
        self.read().of_processes.clone()
    }

    /// The gateways that run.
    pub fn gateways(&self) -> BTreeMap<PodName, Arc<Proxy>> {
        self.read().gateways.clone()
    }

    /// Makes places for the pods of `world` that have none. Others stay.
    ///
    /// # Errors
    /// When this machine has no socket left.
    pub async fn open(&self, world: &World) -> Result<(), String> {
        self.staff.learn(world);
        for pod in &world.pods {
            match pod.role() {
                Role::Workload => self.open_workload(pod).await?,
                Role::Gateway => self.staff.place_gateway(world, pod),
            }
        }
        Ok(())
    }

    async fn open_workload(&self, pod: &WorldPod) -> Result<(), String> {
        let name: PodName = (pod.namespace().to_owned(), pod.name().to_owned());
        let workload: WorkloadName = (pod.namespace().to_owned(), pod.workload().to_owned());
        let before = self.read().pods.get(&name).copied();
        let is_new = before != Some(pod.address);
        let is_process = matches!(pod.runs, Runs::Process(_));
        let is_first = pod.planned.index == 0;
        let lacks = |taken: &Taken| {
            (is_first && !taken.captures.contains_key(&workload))
                || (is_process && !taken.of_processes.contains_key(&name))
        };
        let captures = (is_first || is_process)
            && matches!(self.staff.mesh, Network::Sockets(_))
            && (is_new || lacks(&self.read()));
        let ports = if self.staff.inbound() {
            pod.ports.clone()
        } else {
            BTreeSet::new()
        };
        let thread = thread_of(&name, self.threads.count());
        let (staff, address, key) = (Arc::clone(&self.staff), pod.address, name.clone());
        let opened = self.threads.call(thread, move |room| async move {
            if is_new {
                let seat = Seat::new(key.clone(), address, Arc::clone(&staff));
                room.seats.borrow_mut().insert(key.clone(), Rc::new(seat));
            }
            let seat = room.seats.borrow().get(&key).map(Rc::clone)?;
            seat.open(&ports, &*staff.mesh.of_pod(address));
            captures.then(|| seat.open_capture(&staff.sockets()))
        });
        match opened.await.flatten() {
            Some(Ok(socket)) => {
                let mut taken = self.write();
                if is_first {
                    taken.captures.insert(workload, socket);
                }
                taken.of_processes.insert(name.clone(), socket);
            }
            Some(Err(error)) => {
                return Err(format!(
                    "no capture port for {}/{}: {error}",
                    name.0, name.1
                ));
            }
            None => {}
        }
        self.write().pods.insert(name, pod.address);
        Ok(())
    }

    /// Lets go of ports that the pods of `world` do not have, and starts the gateways that it has.
    /// The pods that have a place and are not in it come back: they may be [closed](Self::close).
    pub async fn settle(&self, world: &World) -> Vec<PodName> {
        self.staff.learn(world);
        let stay: BTreeMap<PodName, &WorldPod> = world
            .pods
            .iter()
            .map(|pod| ((pod.namespace().to_owned(), pod.name().to_owned()), pod))
            .collect();
        let gone: Vec<PodName> = {
            let taken = self.read();
            let pods = taken.pods.keys();
            pods.filter(|name| !stay.contains_key(*name))
                .cloned()
                .collect()
        };
        let workloads: BTreeSet<WorkloadName> = world
            .pods
            .iter()
            .map(|pod| (pod.namespace().to_owned(), pod.workload().to_owned()))
            .collect();
        self.write()
            .captures
            .retain(|name, _| workloads.contains(name));
        for (name, pod) in &stay {
            match pod.role() {
                Role::Workload => self.narrow(name, pod).await,
                Role::Gateway => self.start_gateway(name, pod).await,
            }
        }
        gone
    }

    /// Who has a place, with its address.
    pub fn taken(&self) -> BTreeMap<PodName, IpAddr> {
        self.read().pods.clone()
    }

    async fn narrow(&self, name: &PodName, pod: &WorldPod) {
        if !self.staff.inbound() {
            return;
        }
        let thread = thread_of(name, self.threads.count());
        let (key, ports) = (name.clone(), pod.ports.clone());
        let narrowed = self.threads.call(thread, move |room| async move {
            let seat = room.seats.borrow().get(&key).map(Rc::clone);
            if let Some(seat) = seat {
                seat.narrow(&ports);
            }
        });
        narrowed.await.unwrap_or(());
    }

    /// Has all proxies make new connections to these pods: another process is there.
    pub async fn renew(&self, pods: Vec<IpAddr>) {
        if pods.is_empty() {
            return;
        }
        for thread in 0..self.threads.count() {
            let pods = pods.clone();
            let renewed = self.threads.call(thread, move |room| async move {
                let seats = room.seats.borrow();
                let workers: Vec<_> = seats.values().filter_map(|seat| seat.running()).collect();
                for pod in &pods {
                    forget(&workers, *pod);
                }
            });
            renewed.await.unwrap_or(());
        }
    }

    /// Takes a place away: its sockets close at once, its proxy drains.
    pub async fn close(&self, name: &PodName) {
        {
            let mut taken = self.write();
            taken.pods.remove(name);
            taken.gateways.remove(name);
            taken.of_processes.remove(name);
        }
        for thread in 0..self.threads.count() {
            let key = name.clone();
            let closed = self.threads.call(thread, move |room| async move {
                let seat = room.seats.borrow_mut().remove(&key);
                if let Some(seat) = seat {
                    seat.close();
                }
            });
            closed.await.unwrap_or(());
        }
    }

    /// Starts a gateway on every thread, unless it runs.
    async fn start_gateway(&self, name: &PodName, pod: &WorldPod) {
        let known = self.read().pods.get(name).copied();
        if known == Some(pod.address) {
            return;
        }
        self.write().pods.insert(name.clone(), pod.address);
        let proxy = self.staff.gateway(name, pod.address);
        self.write()
            .gateways
            .insert(name.clone(), Arc::clone(&proxy));
        for thread in 0..self.threads.count() {
            let (staff, proxy, key) = (Arc::clone(&self.staff), Arc::clone(&proxy), name.clone());
            let address = pod.address;
            let started = self.threads.call(thread, move |room| async move {
                let seat = Seat::new(key.clone(), address, staff);
                let seat = Rc::new(seat);
                seat.start(proxy, thread == 0).await;
                room.seats.borrow_mut().insert(key, seat);
            });
            started.await.unwrap_or(());
        }
    }

    /// Hands a connection of a pod to its proxy, as interception would: its `local` end is where
    /// the pod wanted to go, its `peer` the pod's own. `false` when there is no such pod.
    pub async fn call_from(&self, pod: &PodName, connection: Connection) -> bool {
        let thread = thread_of(pod, self.threads.count());
        let key = pod.clone();
        let served = self.threads.call(thread, move |room| async move {
            let seat = room.seats.borrow().get(&key).map(Rc::clone);
            let Some(seat) = seat else {
                return false;
            };
            let Some(worker) = seat.worker().await else {
                return false;
            };
            let Connection { io, local, peer } = connection;
            drop(tokio::task::spawn_local(async move {
                worker.serve_captured(io, local, peer).await;
            }));
            true
        });
        served.await.unwrap_or(false)
    }

    /// Ends all proxies gracefully: first nobody takes a connection from outside any more, then the
    /// requests on their way between pods end, then all sockets close.
    pub async fn drain(&self) {
        let close = |seat: &Seat| seat.close();
        self.everywhere(Seat::is_gateway, close).await;
        self.everywhere(|seat| !seat.is_gateway(), Seat::drain)
            .await;
        self.everywhere(|_| true, close).await;
    }

    /// Does something to the seats of all threads that are meant, and waits until they serve no
    /// connection.
    async fn everywhere(&self, meant: fn(&Seat) -> bool, work: fn(&Seat)) {
        for thread in 0..self.threads.count() {
            let done = self.threads.call(thread, move |room| async move {
                for seat in seats_of(&room, meant) {
                    work(&seat);
                }
            });
            // A thread that is gone has nothing to do.
            done.await.unwrap_or(());
        }
        for thread in 0..self.threads.count() {
            let done = self.threads.call(thread, move |room| async move {
                for seat in seats_of(&room, meant) {
                    seat.drained().await;
                }
            });
            done.await.unwrap_or(());
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Taken> {
        self.taken.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Taken> {
        self.taken.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seats_of(room: &Room, meant: fn(&Seat) -> bool) -> Vec<Rc<Seat>> {
    let seats = room.seats.borrow();
    let meant = seats.values().filter(|seat| meant(seat));
    meant.map(Rc::clone).collect()
}
