//! Runs the echo workloads of a world on the traffic threads.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_seam::{Clock, LocalSpawner};
use sealane_world::change::{Change, PodName};
use sealane_world::echo::{Echo, EchoError, EchoOutside, EchoSpec, Recorder};
use tracing::warn;

use crate::network::Network;
use crate::room::{Room, thread_of};
use crate::threads::Threads;

/// Starts, changes and stops echo workloads.
pub struct Echoes {
    threads: Arc<Threads<Room>>,
    network: Network,
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
    drain: Duration,
}

impl Echoes {
    /// How long requests in flight may take when a pod is gone.
    pub const fn drain(&self) -> Duration {
        self.drain
    }

    /// None yet. They will be on `network`, tell `recorder` who was reached, and have `drain` to
    /// finish requests when they stop.
    pub fn new(
        threads: Arc<Threads<Room>>,
        network: Network,
        clock: Arc<dyn Clock>,
        recorder: Arc<dyn Recorder>,
        drain: Duration,
    ) -> Self {
        Self {
            threads,
            network,
            clock,
            recorder,
            drain,
        }
    }

    /// What has to happen before the configuration is pushed: pods start, and those that stay
    /// answer anew. They accept when this returns.
    pub async fn before_push(&self, change: &Change) {
        for spec in change.start.iter().chain(&change.update) {
            self.play(spec.clone()).await;
        }
    }

    /// What may happen when every proxy has the configuration: ports close. Pods that are gone are
    /// [stopped](Self::stop) when nobody can want them any more.
    pub async fn after_push(&self, change: &Change) {
        for spec in &change.narrow {
            self.play(spec.clone()).await;
        }
    }

    async fn play(&self, spec: EchoSpec) {
        let pod: PodName = (spec.identity.namespace.clone(), spec.identity.pod.clone());
        let thread = thread_of(&pod, self.threads.count());
        let transport = self.network.of_pod(spec.address);
        let (clock, recorder) = (Arc::clone(&self.clock), Arc::clone(&self.recorder));
        let played = self.threads.call(thread, move |room| async move {
            let outside = EchoOutside {
                transport,
                spawner: Rc::new(LocalSpawner),
                clock,
                recorder,
            };
            play_here(&room, pod, spec, outside)
        });
        if let Some(Err(error)) = played.await {
            // The pod's other ports serve; whoever calls this one sees a refused connection.
            warn!(%error, cause = %error.source, "a workload lacks a port");
        }
    }

    /// Stops a pod, if it runs: its ports close, and it ends after the requests that it has.
    pub async fn stop(&self, pod: PodName) {
        let thread = thread_of(&pod, self.threads.count());
        let drain = self.drain;
        let stopped = self.threads.call(thread, move |room| async move {
            let echo = room.echoes.borrow_mut().remove(&pod);
            if let Some(echo) = echo {
                // Nobody waits for a pod that ends: its address is free at once.
                drop(tokio::task::spawn_local(echo.drain(drain)));
            }
        });
        // A thread that is gone has no pods.
        stopped.await.unwrap_or(());
    }
}

fn play_here(
    room: &Room,
    pod: PodName,
    spec: EchoSpec,
    outside: EchoOutside,
) -> Result<(), EchoError> {
    let mut echoes = room.echoes.borrow_mut();
    match echoes.get_mut(&pod) {
        Some(echo) if echo.spec().address == spec.address => echo.update(spec),
        _ => {
            let echo = Echo::start(spec, outside)?;
            echoes.insert(pod, echo);
            Ok(())
        }
    }
}
