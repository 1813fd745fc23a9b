//! The machine around the mesh: what a transaction starts before it is pushed, and lets go after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealane_compile::{Locality, ProxyIdentity, ProxyKind};
use sealane_control::declared::Stored;
use sealane_control::surroundings::{Derived, Surroundings};
use sealane_model::resource::Object;
use sealane_seam::BoxFuture;
use sealane_world::addresses::Addresses;
use sealane_world::change::{Change, PodName};
use sealane_world::invent::Invented;
use sealane_world::pods::Role;
use sealane_world::terms::{Approved, Commands, Terms};
use sealane_world::workloads::{Runs, WorldPod};
use sealane_world::world::World;
use tokio::sync::watch;

use crate::echoes::Echoes;
use crate::externals::Externals;
use crate::leaving::Leaving;
use crate::logs::Logs;
use crate::plain_text;
use crate::processes::Processes;
use crate::seats::Seats;
use crate::toll::Toll;

/// What stands behind pods, and who remembers what they said.
pub struct Workloads {
    /// The simulated ones.
    pub echoes: Arc<Echoes>,
    /// Those that are processes; `None` where no command runs.
    pub processes: Option<Arc<Processes>>,
    /// Those that run already; `None` where there is no outside.
    pub(crate) externals: Option<Externals>,
    /// What they say.
    pub logs: Arc<Logs>,
}

/// How worlds are derived.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Whether calls to workloads pass their inbound proxies.
    inbound: bool,
    /// Whether what rules name and nothing declares is invented.
    invent: bool,
}

/// Runs the world of each generation.
pub struct Machine {
    addresses: Addresses,
    workloads: Workloads,
    seats: Arc<Seats>,
    leaving: Leaving,
    /// The world that runs.
    world: watch::Sender<Arc<World>>,
    toll: Arc<Toll>,
    manner: Manner,
    /// What is declared, and as files declare it.
    declared: (Vec<Arc<Object>>, Approved),
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
        workloads: Workloads,
        seats: Arc<Seats>,
        world: watch::Sender<Arc<World>>,
        toll: Arc<Toll>,
    ) -> Self {
        let manner = Manner {
            inbound: seats.staff().inbound(),
            invent: seats.staff().invents(),
        };
        Self {
            addresses,
            leaving: Leaving::new(Arc::clone(&seats), Arc::clone(&workloads.echoes)),
            workloads,
            seats,
            world,
            toll,
            manner,
            declared: (Vec::new(), Approved::new()),
            staged: None,
        }
    }

    fn running(&self) -> Arc<World> {
        Arc::clone(&self.world.borrow())
    }

    /// The world of what is declared, when these pods' processes are not ready.
    fn world_with(&mut self, waiting: &BTreeSet<PodName>) -> World {
        let (declared, approved) = &self.declared;
        let terms = Terms {
            invent: self.manner.invent,
            commands: match self.workloads.processes {
                Some(_) => Commands::Of(approved),
                None => Commands::Refused,
            },
            external: self.workloads.externals.is_some(),
            waiting: Some(waiting),
        };
        let declared = declared.iter().map(|object| &**object);
        World::derive_on(&terms, declared, &mut self.addresses)
    }

    /// The world that is expected: processes that are to be started will be ready.
    fn expected(&mut self) -> World {
        let Some(processes) = self.workloads.processes.clone() else {
            return self.world_with(&BTreeSet::new());
        };
        let mut waiting = processes.waiting();
        let world = self.world_with(&waiting);
        let wanted = world.processes();
        let starting = processes.differing(&wanted).into_iter();
        let hopeful = starting.filter(|(pod, _)| waiting.remove(*pod)).count();
        if hopeful == 0 {
            return world;
        }
        self.world_with(&waiting)
    }

    /// Makes a world the one that is on its way.
    fn stage(&mut self, world: World) -> Derived {
        let running = self.running();
        let change = Change::between(&running.echoes(), &world.echoes());
        let inbound = self.manner.inbound;
        let proxies = world.pods.iter().map(|pod| identity(pod, inbound));
        let in_plain_text = plain_text::findings(&running.objects, &world.objects);
        let derived = Derived {
            objects: world.objects.clone(),
            derived: world.derived.clone(),
            proxies: proxies.collect(),
            diagnostics: [world.diagnostics.clone(), in_plain_text].concat(),
            changes: by_themselves(&running, &world),
        };
        self.staged = Some(Staged {
            world: Arc::new(world),
            change,
        });
        derived
    }

    /// Starts the processes of the staged world. When some are not as expected, the answer has
    /// another one, which is staged in its place.
    async fn start_processes(&mut self) -> Option<Derived> {
        let processes = self.workloads.processes.clone()?;
        let staged = Arc::clone(&self.staged.as_ref()?.world);
        let captures = self.seats.process_captures();
        processes.stage(&staged.processes(), &captures).await;
        let waiting = processes.waiting();
        if waiting == unready(&staged) {
            return None;
        }
        let world = self.world_with(&waiting);
        Some(self.stage(world))
    }
}

impl Surroundings for Machine {
    fn derive(&mut self, declared: &[&Stored]) -> Derived {
        self.toll.begin();
        let objects = declared.iter().map(|it| Arc::clone(&it.object));
        let of_files = declared.iter().filter_map(|it| it.of_file.clone());
        self.declared = (
            objects.collect(),
            of_files.map(|object| (object.key(), object)).collect(),
        );
        let world = self.expected();
        self.stage(world)
    }

    fn before_push(&mut self) -> BoxFuture<'_, Result<Option<Derived>, String>> {
        Box::pin(async {
            let Some(staged) = &self.staged else {
                return Ok(None);
            };
            self.leaving.make_way(&staged.world).await;
            self.workloads.echoes.before_push(&staged.change).await;
            self.seats.open(&staged.world).await?;
            if let Some(externals) = &mut self.workloads.externals {
                externals.stage(&staged.world.externals(), self.seats.staff().closed());
            }
            Ok(self.start_processes().await)
        })
    }

    fn after_push(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let Some(staged) = self.staged.take() else {
                return;
            };
            self.world.send_replace(Arc::clone(&staged.world));
            let gone = self.seats.settle(&staged.world).await;
            if let Some(externals) = &mut self.workloads.externals {
                externals.settle(&staged.world.externals());
            }
            if let Some(processes) = &self.workloads.processes {
                let pods = staged.world.pods.iter();
                let names = pods.clone().map(WorldPod::full_name).collect();
                let changed = processes.settle(&staged.world.processes(), &names);
                let pods = pods.filter(|pod| changed.contains(&pod.full_name()));
                self.seats
                    .renew(pods.map(|pod| pod.address).collect())
                    .await;
            }
            self.workloads.echoes.after_push(&staged.change).await;
            let pods = staged.world.pods.iter().map(WorldPod::full_name);
            self.workloads.logs.retain(&pods.collect());
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
            if let Some(externals) = &mut self.workloads.externals {
                externals.undo();
            }
            if let Some(processes) = &self.workloads.processes {
                processes.undo();
            }
            let back = Change::between(&staged.world.echoes(), &running.echoes());
            self.workloads.echoes.before_push(&back).await;
            self.workloads.echoes.after_push(&back).await;
            self.leaving.see_off(gone).await;
            self.toll.settle();
        })
    }

    fn lost(&self) -> u64 {
        self.toll.lost()
    }
}

/// The pods whose process a world takes for not ready.
pub(crate) fn unready(world: &World) -> BTreeSet<PodName> {
    let processes = world
        .pods
        .iter()
        .filter(|pod| matches!(pod.runs, Runs::Process(_)));
    let waiting = processes.filter(|pod| pod.planned.waits);
    waiting.map(WorldPod::full_name).collect()
}

/// What became another between two worlds without anybody having declared it, in words.
fn by_themselves(before: &World, after: &World) -> Vec<String> {
    let was: BTreeMap<PodName, bool> = before
        .pods
        .iter()
        .map(|pod| (pod.full_name(), pod.planned.waits))
        .collect();
    let was_invented = |host: &&Invented| {
        let mut known = before.invented.iter();
        known.any(|it| (&it.namespace, &it.name) == (&host.namespace, &host.name))
    };
    let new = after.invented.iter().filter(|host| !was_invented(host));
    let mut words: Vec<String> = new.map(|host| format!("invented {host}")).collect();
    for pod in &after.pods {
        let waits = pod.planned.waits;
        let waited = was.get(&pod.full_name()).copied();
        if waits != waited.unwrap_or(false) {
            let what = if waits { "is not ready" } else { "is ready" };
            words.push(format!("Pod {}/{} {what}", pod.namespace(), pod.name()));
        }
    }
    words
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
