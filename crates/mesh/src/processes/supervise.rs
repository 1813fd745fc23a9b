//! The life of one pod's process: start, ready, end, rest, start again; until it is asked to stop.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sealane_seam::{Group, Launched, Program, Signal, TcpTransport, Transport};
use sealane_world::change::PodName;
use sealane_world::process::{ProcessSpec, Sockets};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::backoff::Backoff;
use super::event::ProcessEvent;
use super::output;
use crate::led::Open;
use crate::placed::Lead;

/// Between two looks at whether a process accepts, or whether its group has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How long the rest of a process's output is waited for after its end: another one may have
/// inherited the pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How far a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It was started, or is about to be.
    Starting,
    /// It accepts connections.
    Ready,
    /// It ended by itself, or could not be started.
    Down,
}

/// A process and who looks after it.
pub(super) struct Supervised {
    pub(super) spec: ProcessSpec,
    state: watch::Receiver<State>,
    /// The time that it may take to end, once it shall.
    stop: watch::Sender<Option<Duration>>,
    open: Arc<Open>,
    task: JoinHandle<()>,
}

impl Supervised {
    pub(super) fn state(&self) -> State {
        *self.state.borrow()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state() == State::Ready
    }

    /// Ends when the process is ready or down for the first time.
    pub(super) fn settled(&self) -> impl Future<Output = ()> + use<> {
        let mut state = self.state.clone();
        async move {
            // Who is gone has settled, too.
            drop(state.wait_for(|state| *state != State::Starting).await);
        }
    }

    /// Whose connections these are.
    pub(super) fn connections(&self) -> (PodName, Weak<Open>) {
        (self.spec.pod.clone(), Arc::downgrade(&self.open))
    }

    /// Stops it when nobody asks it anything any more, beside the caller; after `limit` at the
    /// latest it is asked to end, and has as long for that. Before that, for `after`, it serves as
    /// ever: somebody may be on the way to it.
    pub(super) fn leave(self, after: Duration, limit: Duration) {
        let idle = async move {
            sleep(after).await;
            self.open.retire();
            // In-flight requests have the drain time, as everywhere.
            drop(timeout(limit, self.open.none()).await);
            self.stop(limit).await;
        };
        // It ends by itself: all that it waits for has a limit.
        drop(tokio::spawn(idle));
    }

    /// Asks it to end, and waits until it has; after `limit` it is ended.
    pub(super) async fn stop(self, limit: Duration) {
        self.stop.send_replace(Some(limit));
        // A supervisor that panicked has let go of its process.
        drop(self.task.await);
    }
}

/// Starts a process and looks after it.
pub(super) fn supervise(
    shared: &Arc<Shared>,
    spec: ProcessSpec,
    capture: Option<SocketAddr>,
) -> Supervised {
    let (state, watched) = watch::channel(State::Starting);
    let (stop, stopped) = watch::channel(None);
    let open = Arc::new(Open::default());
    let supervisor = Supervisor {
        shared: Arc::clone(shared),
        spec: spec.clone(),
        capture,
        open: Arc::clone(&open),
        state,
        stop: stopped,
    };
    Supervised {
        spec,
        state: watched,
        stop,
        open,
        task: tokio::spawn(supervisor.run()),
    }
}

struct Supervisor {
    shared: Arc<Shared>,
    spec: ProcessSpec,
    capture: Option<SocketAddr>,
    open: Arc<Open>,
    state: watch::Sender<State>,
    stop: watch::Receiver<Option<Duration>>,
}

impl Supervisor {
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let began = self.shared.clock.now();
            let ended = match self.start() {
                Ok(running) => match self.attend(running).await {
                    Some(how) => Ok(how),
                    None => return,
                },
                Err(why) => Err(why.to_string()),
            };
            let ran = self.shared.clock.now().saturating_duration_since(began);
            let again = backoff.after(ran);
            let pod = self.spec.pod.clone();
            self.tell(match ended {
                Ok(how) => ProcessEvent::Ended { pod, how, again },
                Err(why) => ProcessEvent::NotStarted { pod, why, again },
            });
            self.enter(State::Down);
            if timeout(again, self.asked_to_stop()).await.is_ok() {
                return;
            }
        }
    }

    /// Starts the process on ports that are free.
    fn start(&self) -> io::Result<Running> {
        let sockets = free_sockets(&self.spec)?;
        let program = Program {
            line: self.spec.command.clone(),
            folder: self.spec.folder.clone(),
            variables: self.spec.environment(&sockets, self.capture),
        };
        let launcher = &self.shared.launching.launcher;
        let launched = self.shared.leash.launch(|| launcher.launch(&program));
        let (id, launched) = launched.map_err(|error| self.explain(error))?;
        Ok(Running {
            id,
            launched,
            sockets,
        })
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let folder = &self.spec.folder;
        if error.kind() == io::ErrorKind::NotFound && !folder.as_os_str().is_empty() {
            return io::Error::other(format!("{error} (in the folder {})", folder.display()));
        }
        error
    }

    /// Looks after a process until it ends by itself; tells how. `None` when it was stopped.
    async fn attend(&mut self, running: Running) -> Option<String> {
        let Running {
            id,
            launched,
            sockets,
        } = running;
        let Launched {
            group,
            output,
            mut ended,
        } = launched;
        let pumps: Vec<JoinHandle<()>> = output.into_iter().map(|it| self.pump(it)).collect();
        let mut leads = Vec::new();
        let stopped = {
            let spec = self.spec.clone();
            let ready = accepts(&spec, &sockets);
            tokio::pin!(ready);
            let mut is_ready = false;
            loop {
                tokio::select! {
                    how = &mut ended => break Err(how),
                    limit = self.asked_to_stop() => break Ok(limit),
                    () = &mut ready, if !is_ready => {
                        is_ready = true;
                        leads = self.lead(&sockets);
                        self.enter(State::Ready);
                    }
                }
            }
        };
        let how = match stopped {
            Ok(limit) => {
                end(&*group, ended, limit).await;
                None
            }
            Err(how) => {
                // What it left behind would hold its ports.
                group.signal(Signal::Kill);
                Some(how)
            }
        };
        drop(leads);
        self.shared.leash.release(id);
        for mut pump in pumps {
            if timeout(LAST_WORDS, &mut pump).await.is_err() {
                pump.abort();
            }
        }
        how
    }

    /// Hands on what the process writes.
    fn pump(&self, read: Box<dyn tokio::io::AsyncRead + Send + Unpin>) -> JoinHandle<()> {
        let shared = Arc::clone(&self.shared);
        let pod = self.spec.pod.clone();
        let log = shared.logs.of(&pod);
        tokio::spawn(async move {
            let take = |text: &str| {
                log.push(shared.clock.wall(), text);
                shared.launching.events.process(ProcessEvent::Line {
                    pod: pod.clone(),
                    text: text.to_owned(),
                });
            };
            output::lines(read, take).await;
        })
    }

    /// Lets the pod's addresses lead to the process.
    fn lead(&self, sockets: &Sockets) -> Vec<Lead> {
        let network = &self.shared.network;
        let leads = sockets.iter().filter_map(|(port, socket)| {
            let address = SocketAddr::new(self.spec.address, *port);
            network.lead(address, *socket, &self.open)
        });
        leads.collect()
    }

    fn enter(&self, state: State) {
        self.state.send_replace(state);
        self.shared.changed.send_replace(());
    }

    fn tell(&self, event: ProcessEvent) {
        self.shared.launching.events.process(event);
    }

    /// Waits until the process shall stop; gives the time that it has for that.
    async fn asked_to_stop(&mut self) -> Duration {
        let asked = self.stop.wait_for(Option::is_some).await;
        // Who let go of it without a word wants it to end at once.
        asked.ok().and_then(|limit| *limit).unwrap_or_default()
    }
}

/// A process that was started.
struct Running {
    id: u64,
    launched: Launched,
    sockets: Sockets,
}

/// Free ports of this machine for those of a pod. Somebody else may take one before the process
/// does; then it ends, and is started on others.
fn free_sockets(spec: &ProcessSpec) -> io::Result<Sockets> {
    let mut taken = Vec::new();
    let mut sockets = BTreeMap::new();
    for port in &spec.ports {
        let bound = TcpTransport.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))?;
        sockets.insert(port.number, bound.address());
        // All are held until all are known, so that no two are the same.
        taken.push(bound);
    }
    Ok(sockets)
}

/// Waits until the process accepts on its first port. One without ports is ready when it runs.
async fn accepts(spec: &ProcessSpec, sockets: &Sockets) {
    let first = spec
        .ports
        .first()
        .and_then(|port| sockets.get(&port.number));
    let Some(socket) = first else {
        return;
    };
    loop {
        let attempt = timeout(CONNECT, TcpTransport.connect(*socket)).await;
        if matches!(attempt, Ok(Ok(_))) {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Asks a group to end, and ends it after `limit`.
async fn end(group: &dyn Group, ended: impl Future<Output = String>, limit: Duration) {
    group.signal(Signal::Terminate);
    let gone = async {
        ended.await;
        while !group.is_empty() {
            sleep(LOOK).await;
        }
    };
    tokio::pin!(gone);
    if timeout(limit, &mut gone).await.is_err() {
        group.signal(Signal::Kill);
        // A process that cannot be killed (it waits for a disk) must not hold the mesh.
        drop(timeout(CONNECT, gone).await);
    }
}
