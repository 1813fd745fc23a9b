//! A running mesh.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sealane_control::origins::Place;
use sealane_control::view::{ServerView, servers};
use sealane_control::{Control, control};
use sealane_seam::Connection;
use sealane_world::addresses::{AddressPlan, Addresses, OutsideAddresses};
use sealane_world::echo::Recorder;
use sealane_world::pods::Role;
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;
use tokio::sync::watch;
use tracing::debug;

use crate::echoes::Echoes;
use crate::exposed::Exposed;
use crate::externals::Externals;
use crate::logs::{Listening, Logs};
use crate::machine::{Machine, Workloads, unready};
use crate::names::MeshNames;
use crate::network::Network;
use crate::options::{Carrier, Options};
use crate::processes::Processes;
use crate::room::Room;
use crate::seats::Seats;
use crate::staff::Staff;
use crate::threads::Threads;
use crate::toll::Toll;

/// How long changes of processes are gathered before they are published.
const TOGETHER: Duration = Duration::from_millis(20);

/// A mesh in one process: control plane, proxies, workloads.
pub struct Mesh {
    control: Arc<Control>,
    seats: Arc<Seats>,
    world: watch::Receiver<Arc<World>>,
    network: Network,
    toll: Arc<Toll>,
    processes: Option<Arc<Processes>>,
    logs: Arc<Logs>,
}

impl Mesh {
    /// A mesh without objects. With [`Carrier::Memory`] it must be started, and lives, on a
    /// `LocalSet`; where it may run commands, on a tokio runtime.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn start(options: &Options) -> std::io::Result<Self> {
        let plan = AddressPlan::default();
        let (networks, threads) = match options.carrier {
            Carrier::Memory => ((Network::memory(), Network::memory()), Threads::here()),
            Carrier::Sockets { threads } => {
                let sockets = || Network::sockets(&options.descriptors);
                let networks = (sockets(), sockets());
                (networks, Threads::start(threads)?)
            }
        };
        let threads = Arc::new(threads);
        let empty = World::derive([], &mut Addresses::new(plan));
        let empty = Arc::new(World {
            pods: Vec::new(),
            ..empty
        });
        let (sender, world) = watch::channel(empty);
        let outside = Arc::new(OutsideAddresses::new(plan));
        let (network, workloads) = networks.clone();
        let toll = Arc::new(Toll::new(options));
        let options = Options {
            access_log: Arc::clone(&toll) as _,
            ..options.clone()
        };
        let staff = Staff::new(networks, world.clone(), outside, options.clone());
        let seats = Arc::new(Seats::new(Arc::clone(&threads), Arc::new(staff)));
        // Without inbound proxies, a pod's address leads straight to its workload.
        let of_workloads = if options.inbound {
            workloads
        } else {
            network.clone()
        };
        let workloads = workloads_on(of_workloads, threads, &options);
        let (processes, logs) = (workloads.processes.clone(), Arc::clone(&workloads.logs));
        let machine = Machine::new(
            Addresses::new(plan),
            workloads,
            Arc::clone(&seats),
            sender,
            Arc::clone(&toll),
        );
        let outside = control::Outside {
            clock: Arc::clone(&options.clock),
            surroundings: Box::new(Exposed::new(machine, options.bind)),
        };
        let control = Arc::new(Control::new(options.settings, outside));
        seats.staff().report_to(&control);
        if let Some(processes) = &processes {
            let follow = follow(
                Arc::downgrade(&control),
                Arc::clone(processes),
                world.clone(),
            );
            // It ends when the control plane does.
            drop(tokio::spawn(follow));
        }
        Ok(Self {
            control,
            seats,
            world,
            network,
            toll,
            processes,
            logs,
        })
    }

    /// What pods have said.
    pub const fn logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// The control plane.
    pub const fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Requests that the last change cost after it was told to be live, since this was last asked.
    pub fn lost_late(&self) -> u64 {
        self.toll.take_late()
    }

    /// The world that runs.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.borrow())
    }

    /// Where programs call from: a capture port for each workload, by namespace and name.
    pub fn captures(&self) -> BTreeMap<(String, String), SocketAddr> {
        self.seats.captures()
    }

    /// The names as a program of `namespace` knows them.
    pub fn names(&self, namespace: &str) -> MeshNames {
        self.seats
            .staff()
            .names(&(namespace.to_owned(), String::new()))
    }

    /// Where a mesh address is on this machine.
    pub fn socket_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.network.socket_of(address)
    }

    /// The pods of the workload that a person names: NAME or NAMESPACE/NAME.
    pub fn pod_of(&self, from: &str) -> Option<(String, String, IpAddr)> {
        let (namespace, name) = from.split_once('/').unwrap_or(("", from));
        let world = self.world();
        let mut named = world.pods.iter().filter(|pod| {
            pod.workload() == name && (namespace.is_empty() || pod.namespace() == namespace)
        });
        let first = named.next()?;
        let pod = if namespace.is_empty() && first.namespace() != "default" {
            named
                .find(|pod| pod.namespace() == "default")
                .unwrap_or(first)
        } else {
            first
        };
        Some((
            pod.namespace().to_owned(),
            pod.name().to_owned(),
            pod.address,
        ))
    }

    /// Connects to a mesh address as somebody at `from` who is behind no sidecar.
    ///
    /// # Errors
    /// When nobody accepts there.
    pub async fn connect(&self, from: IpAddr, to: SocketAddr) -> std::io::Result<Connection> {
        self.network.of_pod(from).connect(to).await
    }

    /// The gateway pods with these labels (`KEY=VALUE`), each port of their Services with the mesh
    /// address behind it.
    fn gateway_ports(&self, selector: &[String]) -> Vec<(String, u16, SocketAddr)> {
        let world = self.world();
        let has = |pod: &WorldPod| {
            selector.iter().all(|label| {
                let (key, value) = label.split_once('=').unwrap_or((label, ""));
                pod.labels().get(key).is_some_and(|actual| actual == value)
            })
        };
        let gateways = world
            .pods
            .iter()
            .filter(|pod| pod.role() == Role::Gateway && has(pod));
        let ports = gateways.flat_map(|pod| {
            let ports = world.service_ports(pod).into_iter();
            ports.map(|(port, target)| {
                let id = format!("{}/{}", pod.namespace(), pod.name());
                (id, port, SocketAddr::new(pod.address, target))
            })
        });
        ports.collect()
    }

    /// Where a port of the gateways with these labels is served; `None` while it is not.
    pub fn server_address(&self, selector: &[String], port: u32) -> Option<SocketAddr> {
        let ports = self.gateway_ports(selector).into_iter();
        let mut found = ports.filter(|(_, number, _)| u32::from(*number) == port);
        found.find_map(|(_, _, address)| self.network.socket_of(address))
    }

    /// Where a port of the gateways with these labels is, or would be, served.
    pub fn placed_at(&self, selector: &[String], port: u16) -> Option<SocketAddr> {
        let ports = self.gateway_ports(selector).into_iter();
        let found = ports.filter(|(_, number, _)| *number == port);
        let mut places = found.filter_map(|(_, _, address)| self.network.place_of(address));
        // A free port is known when it is taken.
        places.find(|place| place.port() != 0)
    }

    /// The gateway that serves a socket of this machine, and the mesh address there.
    pub fn gateway_at(&self, socket: SocketAddr) -> Option<(String, SocketAddr)> {
        let mut ports = self.gateway_ports(&[]).into_iter();
        let is_there = |address: &SocketAddr| self.network.socket_of(*address) == Some(socket);
        let found = ports.find(|(_, _, address)| is_there(address));
        found.map(|(proxy, _, address)| (proxy, address))
    }

    /// A port of a gateway that it should serve and does not: the Service's port and the place on
    /// this machine that it cannot have.
    pub fn unbound_port(&self, proxy: &str) -> Option<(u16, SocketAddr)> {
        let wanted: Vec<u32> = self.servers().iter().map(|server| server.port).collect();
        let ports = self.gateway_ports(&[]).into_iter();
        let mut missing = ports.filter(|(id, port, address)| {
            id == proxy
                && wanted.contains(&u32::from(*port))
                && self.network.socket_of(*address).is_none()
        });
        missing.find_map(|(_, port, address)| Some((port, self.network.place_of(address)?)))
    }

    /// The Gateways with a server on this port, `NAMESPACE/NAME`.
    pub fn gateways_on(&self, port: u16) -> Vec<String> {
        let servers = self.servers().into_iter();
        let here = servers.filter(|server| server.port == u32::from(port));
        let mut names: Vec<String> = here
            .map(|server| format!("{}/{}", server.namespace, server.gateway))
            .collect();
        names.dedup();
        names
    }

    fn servers(&self) -> Vec<ServerView> {
        servers(&self.control.current())
    }

    /// A rule, for people: `VirtualService default/reviews, virtual-service.yaml:14`.
    pub fn rule(&self, proxy: &str, origin: &str) -> Option<String> {
        let place = self.control.place_of(proxy, origin)?;
        Some(rule_at(&place))
    }

    /// What leads to proxies.
    pub const fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    /// Ends gracefully: no new connections, requests in flight finish however long they take.
    pub async fn stop(&self) {
        self.seats.drain().await;
    }

    /// Ends at once, and waits for the traffic threads: what still runs on them is dropped. Not to
    /// be called on one of them.
    pub fn end(&self) {
        self.seats.threads().stop();
    }

    /// Asks the processes to end; returns when none is left. Those that have not ended after the
    /// drain time are killed.
    pub async fn stop_processes(&self) {
        if let Some(processes) = &self.processes {
            processes.stop().await;
        }
    }

    /// Kills the processes, and lets no other start. Whoever ends a mesh calls this at last,
    /// whatever came before: without it processes live on.
    pub fn kill_processes(&self) {
        if let Some(processes) = &self.processes {
            processes.kill();
        }
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.kill_processes();
    }
}

/// What stands behind pods on this network.
fn workloads_on(network: Network, threads: Arc<Threads<Room>>, options: &Options) -> Workloads {
    let logs = Arc::new(Logs::default());
    let is_real = matches!(network, Network::Sockets(_));
    let recorder: Arc<dyn Recorder> = if is_real {
        Arc::new(Listening {
            logs: Arc::clone(&logs),
            clock: Arc::clone(&options.clock),
            next: Arc::clone(&options.recorder),
        })
    } else {
        Arc::clone(&options.recorder)
    };
    let launching = options.launching.clone().filter(|_| is_real);
    let processes = launching.map(|launching| {
        let (of_processes, clock) = (network.clone(), Arc::clone(&options.clock));
        let place = (of_processes, Arc::clone(&logs));
        Arc::new(Processes::new(launching, place, clock, options.drain_time))
    });
    let clock = Arc::clone(&options.clock);
    let externals = (is_real && options.beyond).then(|| Externals::new(network.clone()));
    let echoes = Echoes::new(threads, network, clock, recorder, options.drain_time);
    Workloads {
        externals,
        echoes: Arc::new(echoes),
        processes,
        logs,
    }
}

/// Publishes it when processes become ready, or are so no more.
async fn follow(
    control: Weak<Control>,
    processes: Arc<Processes>,
    world: watch::Receiver<Arc<World>>,
) {
    let mut changed = processes.changed();
    while changed.changed().await.is_ok() {
        // Several that change at a time are one generation.
        tokio::time::sleep(TOGETHER).await;
        changed.mark_unchanged();
        let Some(control) = control.upgrade() else {
            return;
        };
        let is_known = unready(&world.borrow()) == processes.waiting();
        if !is_known && let Err(refusal) = control.refresh().await {
            // Who listens to the control plane was told.
            debug!(reason = refusal.reason, "a change of workloads is not live");
        }
    }
}

/// A place, for people: the object, with file and line where it has them.
pub fn rule_at(place: &Place) -> String {
    match &place.file {
        Some(file) => format!("{}, {file}:{}", place.object, place.line),
        None => place.object.to_string(),
    }
}
