//! The machine around the mesh: what a transaction starts before it is pushed, and lets go after.

use std::sync::Arc;

use sealane_compile::{Locality, ProxyIdentity, ProxyKind};
use sealane_control::surroundings::{Derived, Surroundings};
use sealane_model::resource::Object;
use sealane_seam::BoxFuture;
use sealane_world::addresses::Addresses;
use sealane_world::change::Change;
use sealane_world::pods::Role;
use sealane_world::workloads::WorldPod;
use sealane_world::world::World;
use tokio::sync::watch;

use crate::echoes::Echoes;
use crate::leaving::Leaving;
use crate::seats::Seats;
use crate::toll::Toll;

/// Runs the world of each generation.
pub struct Machine {
    addresses: Addresses,
    echoes: Arc<Echoes>,
    seats: Arc<Seats>,
    leaving: Leaving,
    /// The world that runs.
    world: watch::Sender<Arc<World>>,
    toll: Arc<Toll>,
    inbound: bool,
    staged: Option<Staged>,
}

/// A world on its way.
struct Staged {
    world: Arc<World>,
    change: Change,
}

impl Machine {
    /// A machine on which nothing runs.
    pub fn new(
        addresses: Addresses,
        echoes: Echoes,
        seats: Arc<Seats>,
        world: watch::Sender<Arc<World>>,
        toll: Arc<Toll>,
    ) -> Self {
        let inbound = seats.staff().inbound();
        let echoes = Arc::new(echoes);
        Self {
            addresses,
            leaving: Leaving::new(Arc::clone(&seats), Arc::clone(&echoes)),
            echoes,
            seats,
            world,
            toll,
            inbound,
            staged: None,
        }
    }

    fn running(&self) -> Arc<World> {
        Arc::clone(&self.world.borrow())
    }
}

impl Surroundings for Machine {
    fn derive(&mut self, declared: &[&Object]) -> Derived {
        self.toll.begin();
        let world = World::derive(declared.iter().copied(), &mut self.addresses);
        let change = Change::between(&self.running().echoes(), &world.echoes());
        let proxies = world.pods.iter().map(|pod| identity(pod, self.inbound));
        let derived = Derived {
            objects: world.objects.clone(),
            derived: world.derived.clone(),
            proxies: proxies.collect(),
            diagnostics: world.diagnostics.clone(),
        };
        self.staged = Some(Staged {
            world: Arc::new(world),
            change,
        });
        derived
    }

    fn before_push(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let Some(staged) = &self.staged else {
                return Ok(());
            };
            self.leaving.make_way(&staged.world).await;
            self.echoes.before_push(&staged.change).await;
            self.seats.open(&staged.world).await
        })
    }

    fn after_push(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let Some(staged) = self.staged.take() else {
                return;
            };
            self.world.send_replace(Arc::clone(&staged.world));
            let gone = self.seats.settle(&staged.world).await;
            self.echoes.after_push(&staged.change).await;
            self.leaving.see_off(gone).await;
            self.toll.settle();
        })
    }

    fn undo(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let Some(staged) = self.staged.take() else {
                return;
            };
            let running = self.running();
            let gone = self.seats.settle(&running).await;
            let back = Change::between(&staged.world.echoes(), &running.echoes());
            self.echoes.before_push(&back).await;
            self.echoes.after_push(&back).await;
            self.leaving.see_off(gone).await;
            self.toll.settle();
        })
    }

    fn lost(&self) -> u64 {
        self.toll.lost()
    }
}

/// Who the proxy beside a pod is.
pub fn identity(pod: &WorldPod, inbound: bool) -> ProxyIdentity {
    let kind = match pod.role() {
        Role::Workload => ProxyKind::Sidecar,
        Role::Gateway => ProxyKind::Router,
    };
    ProxyIdentity {
        labels: pod.labels().clone(),
        ip: pod.address.to_string(),
        locality: Locality::parse(&pod.locality),
        node: pod.node().to_owned(),
        inbound: inbound && kind == ProxyKind::Sidecar,
        ..ProxyIdentity::new(kind, pod.namespace(), pod.name())
    }
}
