//! Echo workloads: pods without a real process, which answer with what they saw.
//!
//! [`Echo::start`] takes a pod's ports on a transport and serves HTTP/1.1, HTTP/2 with prior
//! knowledge and lines of text on each, whichever the first bytes of a connection speak (so a port
//! that a Service calls `tcp` answers a line with a line and a request with a reply).
//! Deliberately absent: TLS, and any idea of Services or proxies.

mod arrival;
mod behaviour;

mod identity;
mod lines;
mod live;
mod phase;
mod reply;
mod requests;
mod sniff;
mod streams;
#[cfg(test)]
mod tests;
mod websocket;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sealane_seam::{Accept, Bound, Clock, Connection, Spawner, Transport};
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

pub use self::arrival::{Arrival, Arrived, MemoryRecorder, NoRecorder, Recorder};
pub(crate) use self::behaviour::boolean;
pub use self::behaviour::{Behaviour, ErrorRate};
pub use self::identity::Identity;
use self::live::Live;
use self::phase::{Ending, Phase, phase};
use self::sniff::{Protocol, sniff};

/// Connections that a port serves at a time, at most; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// How long a port that a pod has no more finishes its requests, at most.
const LEAVING: Duration = Duration::from_secs(5);
/// How long a port rests when it cannot accept (no file descriptors left, for example).
const REST: Duration = Duration::from_millis(50);

/// A pod to play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EchoSpec {
    /// Who answers.
    pub identity: Identity,
    /// The pod's address in the mesh.
    pub address: IpAddr,
    /// The ports that it serves.
    pub ports: BTreeSet<u16>,
    /// How it answers.
    pub behaviour: Behaviour,
}

/// What an echo needs from outside.
#[derive(Clone)]
pub struct EchoOutside {
    /// Where it takes its ports.
    pub transport: Arc<dyn Transport>,
    /// What runs its tasks.
    pub spawner: Rc<dyn Spawner>,
    /// What tells the time of an arrival.
    pub clock: Arc<dyn Clock>,
    /// Who hears of arrivals.
    pub recorder: Arc<dyn Recorder>,
}

/// A port that an echo could not take.
#[derive(Debug, Error)]
#[error("pod {namespace}/{pod} cannot listen on {address}")]
pub struct EchoError {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The address.
    pub address: SocketAddr,
    /// What the transport says.
    #[source]
    pub source: io::Error,
}

/// A pod that is played. It stops at once when it is dropped.
pub struct Echo {
    spec: EchoSpec,
    live: Arc<Live>,
    outside: EchoOutside,
    ports: BTreeMap<u16, Port>,
}

/// A port that is served.
struct Port {
    /// Holds the address.
    bound: Arc<dyn Bound>,
    ending: Ending,
}

impl Echo {
    /// Starts to play `spec`: its ports accept when this returns.
    pub fn start(spec: EchoSpec, outside: EchoOutside) -> Result<Self, EchoError> {
        let live = Arc::new(Live::new(
            spec.identity.clone(),
            spec.behaviour.clone(),
            Arc::clone(&outside.recorder),
            Arc::clone(&outside.clock),
        ));
        let mut echo = Self {
            live,
            outside,
            ports: BTreeMap::new(),
            spec: EchoSpec {
                ports: BTreeSet::new(),
                ..spec.clone()
            },
        };
        echo.update(spec)?;
        Ok(echo)
    }

    /// What it plays.
    pub fn spec(&self) -> &EchoSpec {
        &self.spec
    }

    /// Plays `spec` from the next request on. Connections stay, but those of a port that is no
    /// more its own: they drain. When a new port cannot be taken, the others are.
    ///
    /// The address must be the one that it started with.
    pub fn update(&mut self, spec: EchoSpec) -> Result<(), EchoError> {
        self.live
            .play(spec.identity.clone(), spec.behaviour.clone());
        let (stay, leave) = std::mem::take(&mut self.ports)
            .into_iter()
            .partition(|(port, _)| spec.ports.contains(port));
        self.ports = stay;
        let leaving = end(leave, LEAVING);
        self.outside
            .spawner
            .spawn_local("echo port leaves", Box::pin(leaving));
        let mut failed = None;
        for port in &spec.ports {
            if !self.ports.contains_key(port)
                && let Err(error) = self.open(&spec, *port)
            {
                failed.get_or_insert(error);
            }
        }
        self.spec = spec;
        self.spec.ports.retain(|port| self.ports.contains_key(port));
        failed.map_or(Ok(()), Err)
    }

    /// Takes no new connections, finishes the requests in flight, and ends after `limit` at the
    /// latest.
    pub async fn drain(self, limit: Duration) {
        end(self.ports, limit).await;
    }

    fn open(&mut self, spec: &EchoSpec, port: u16) -> Result<(), EchoError> {
        let address = SocketAddr::new(spec.address, port);
        let failed = |source| EchoError {
            namespace: spec.identity.namespace.clone(),
            pod: spec.identity.pod.clone(),
            address,
            source,
        };
        let bound = self.outside.transport.bind(address).map_err(failed)?;
        let accept = bound.accept_here().map_err(failed)?;
        let (ending, phase) = phase();
        let live = Arc::clone(&self.live);
        let spawner = Rc::clone(&self.outside.spawner);
        let task = accept_all(live, port, accept, phase, spawner);
        self.outside
            .spawner
            .spawn_local("echo port", Box::pin(task));
        self.ports.insert(port, Port { bound, ending });
        Ok(())
    }
}

/// Lets `ports` finish what they serve, for `limit` at most. Their addresses are free at once.
fn end(ports: BTreeMap<u16, Port>, limit: Duration) -> impl Future<Output = ()> + 'static {
    let mut endings = Vec::new();
    for (_, Port { bound, ending }) in ports {
        drop(bound);
        ending.drain();
        endings.push(ending);
    }
    async move {
        let all = async {
            for ending in &endings {
                ending.ended().await;
            }
        };
        if tokio::time::timeout(limit, all).await.is_err() {
            debug!("an echo stopped before it was idle");
        }
    }
}

async fn accept_all(
    live: Arc<Live>,
    port: u16,
    mut accept: Box<dyn Accept>,
    mut phase: Phase,
    spawner: Rc<dyn Spawner>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let for_connections = phase.clone();
    let accepting = async {
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            match accept.accept().await {
                Ok(connection) => {
                    let live = Arc::clone(&live);
                    let phase = for_connections.clone();
                    let spawner_of_streams = Rc::clone(&spawner);
                    let task = async move {
                        serve(live, port, connection, phase, spawner_of_streams).await;
                        drop(permit);
                    };
                    spawner.spawn_local("echo connection", Box::pin(task));
                }
                Err(error) => {
                    warn!(port, %error, "a simulated pod cannot accept, and tries again");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = phase.draining() => {}
    }
}

async fn serve(
    live: Arc<Live>,
    port: u16,
    connection: Connection,
    mut phase: Phase,
    spawner: Rc<dyn Spawner>,
) {
    // A connection that never said a word has nothing in flight.
    let sniffed = tokio::select! {
        sniffed = sniff(connection.io) => sniffed,
        () = phase.draining() => return,
    };
    let ended = match sniffed {
        Err(error) => Err(error),
        Ok((Protocol::Http1, io)) => {
            requests::serve_http1(live, port, io, phase, spawner).await;
            Ok(())
        }
        Ok((Protocol::Http2, io)) => {
            requests::serve_http2(live, port, io, phase, spawner).await;
            Ok(())
        }
        Ok((Protocol::Lines, io)) => {
            let draining = phase.clone();
            tokio::select! {
                ended = lines::serve(&live, port, io, draining) => ended,
                () = phase.stopped() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        debug!(port, %error, "an echo's connection broke");
    }
}
