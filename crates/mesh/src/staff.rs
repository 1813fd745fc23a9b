//! Makes proxies: what they all share, and how each gets its configuration.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, OnceLock, Weak};

use sealane_control::Control;
use sealane_proxy::budget::Budget;
use sealane_proxy::proxy::{Kind, Outside, Proxy};
use sealane_proxy::settings::Settings;
use sealane_proxy::swap::Follower;
use sealane_proxy::worker::Worker;
use sealane_runtime::Builds;
use sealane_seam::{CountedTcp, Transport};
use sealane_world::addresses::{AddressPlan, OutsideAddresses};
use sealane_world::change::PodName;
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;
use tokio::sync::watch;

use crate::beyond::Beyond;
use crate::closed::Closed;
use crate::known::KnownWorkloads;
use crate::names::MeshNames;
use crate::network::Network;
use crate::options::Options;
use crate::roster::Roster;
use crate::task::Task;
use crate::virtual_ip::VirtualAddresses;

/// What proxies share.
pub struct Staff {
    /// Who gives them their configuration; set once, after both exist.
    control: OnceLock<Weak<Control>>,
    /// The network between pods.
    pub mesh: Network,
    /// The network inside pods.
    pub workloads: Network,
    world: watch::Receiver<Arc<World>>,
    outside: Arc<OutsideAddresses>,
    options: Options,
    /// Memory for the bodies that all proxies keep.
    replays: Arc<Budget>,
    /// What the proxies have built, which most of them have in common.
    builds: Arc<Builds>,
    /// Sockets that control this process, which no workload may reach.
    closed: Arc<Closed>,
    known: Arc<KnownWorkloads>,
    roster: Roster,
}

impl Staff {
    /// Proxies on these networks, in the world that `world` shows.
    pub fn new(
        (mesh, workloads): (Network, Network),
        world: watch::Receiver<Arc<World>>,
        outside: Arc<OutsideAddresses>,
        options: Options,
    ) -> Self {
        let known = KnownWorkloads::new(&options.settings.cluster_id);
        Self {
            control: OnceLock::new(),
            mesh,
            workloads,
            world,
            outside,
            known: Arc::new(known),
            roster: Roster::new(Arc::clone(&options.clock)),
            options,
            builds: Arc::default(),
            replays: Budget::new(Settings::default().replay_bytes_of_all),
            closed: Arc::default(),
        }
    }

    /// Sockets of this machine, for those who call from outside.
    pub fn sockets(&self) -> CountedTcp {
        CountedTcp(Arc::clone(&self.options.descriptors))
    }

    /// Keeps workloads from a socket that controls this process.
    pub fn close_to_workloads(&self, socket: SocketAddr) {
        self.closed.add(socket);
    }

    /// The sockets that workloads may not reach.
    pub fn closed(&self) -> &Closed {
        &self.closed
    }

    /// Takes note of the pods of a world that runs, or is about to.
    pub fn learn(&self, world: &World) {
        self.known.learn(world);
    }

    /// The proxies that run.
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Says who gives proxies their configuration. The first call counts.
    pub fn report_to(&self, control: &Arc<Control>) {
        self.control.get_or_init(|| Arc::downgrade(control));
    }

    /// Whether what rules name and nothing declares is invented.
    pub const fn invents(&self) -> bool {
        self.options.invent
    }

    /// Whether calls to workloads pass their inbound proxies.
    pub const fn inbound(&self) -> bool {
        self.options.inbound
    }

    /// Says where the ports of a gateway's pod are on this machine: where its Service's ports were
    /// moved to, else where the pod has them.
    pub fn place_gateway(&self, world: &World, pod: &WorldPod) {
        for (port, target) in world.service_ports(pod) {
            let socket = match &self.options.gateway_ports {
                None => 0,
                Some(moved) => moved.get(&port).copied().unwrap_or(target),
            };
            let address = SocketAddr::new(pod.address, target);
            let socket = SocketAddr::new(self.options.bind, socket);
            self.mesh.place(address, socket);
        }
    }

    /// The names as a program in the pod knows them.
    pub fn names(&self, (namespace, _): &PodName) -> MeshNames {
        MeshNames::new(namespace, self.world.clone(), Arc::clone(&self.outside))
    }

    /// The proxy beside a workload's pod.
    pub fn sidecar(&self, pod: &PodName, address: IpAddr) -> Arc<Proxy> {
        self.proxy(pod, address, Kind::Sidecar)
    }

    /// A gateway.
    pub fn gateway(&self, pod: &PodName, address: IpAddr) -> Arc<Proxy> {
        self.proxy(pod, address, Kind::Gateway)
    }

    fn proxy(&self, pod: &PodName, address: IpAddr, kind: Kind) -> Arc<Proxy> {
        let network = VirtualAddresses::new(self.network_of(address), self.world.clone());
        let outside = Outside {
            clock: Arc::clone(&self.options.clock),
            random: Arc::clone(&self.options.random),
            transport: Arc::new(network),
            workload: self.workloads.of_pod(address),
            resolver: Arc::new(self.names(pod)),
        };
        let proxy = Proxy::new(id(pod), kind, outside)
            .with_replays(Arc::clone(&self.replays))
            .with_builds(Arc::clone(&self.builds))
            .with_descriptors(Arc::clone(&self.options.descriptors))
            .with_access_log(Arc::clone(&self.options.access_log))
            .with_events(Arc::clone(&self.options.events))
            .with_workloads(address, Arc::clone(&self.known) as _);
        let proxy = Arc::new(proxy);
        self.roster.add(&proxy);
        proxy
    }

    /// What the proxy of a pod reaches: the mesh, and what is beyond it where anything is.
    fn network_of(&self, address: IpAddr) -> Arc<dyn Transport> {
        let network = self.mesh.of_pod(address);
        if !self.options.beyond {
            return network;
        }
        Arc::new(Beyond {
            network,
            mesh: self.mesh.clone(),
            world: self.world.clone(),
            closed: Arc::clone(&self.closed),
            plan: AddressPlan::default(),
        })
    }

    /// Keeps a proxy's configuration current; returns when it has its first. `None` when control
    /// does not know the proxy (any more).
    pub async fn follow(&self, pod: &PodName, worker: Rc<Worker>) -> Option<Task> {
        let control = self.control.get()?.upgrade()?;
        let subscriber = control.connect(&id(pod))?;
        drop(control);
        let mut follower = Follower::new(Arc::clone(worker.proxy()), subscriber);
        // A refusal is reported to control; the proxy goes on following.
        let _first = follower.next().await?;
        let (control, id) = (self.control.get()?.clone(), id(pod));
        Some(Task::start(async move {
            loop {
                follower.run().await;
                // A pod that is gone may come back before its time is over.
                match Control::connect_again(&control, &id).await {
                    Some(subscriber) => follower.go_on_with(subscriber),
                    None => return,
                }
            }
        }))
    }
}

/// The name of a pod's proxy.
pub fn id((namespace, name): &PodName) -> String {
    format!("{namespace}/{name}")
}
