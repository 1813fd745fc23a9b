//! `sealane up`: the mesh that manifests describe, on this machine.

mod accesslog;
mod api;
mod events;
mod files;
mod map;
mod narrate;
mod ports;
mod processes;
mod reply;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use sealane_control::api::guard::Gate;
use sealane_control::source::files::{FileSource, Summary};
use sealane_control::source::watch::Watch;
use sealane_control::{Control, FilesRefused, Record};
use sealane_mesh::api::Shared;
use sealane_mesh::processes::Launching;
use sealane_mesh::replies::Replies;
use sealane_mesh::{Carrier, Mesh, Options};
use sealane_model::diagnostic::Style;
use sealane_seam::{Shell, SystemRandom, TokioClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Up;
use crate::discover::RuntimeFile;
use crate::failure::Failure;
use crate::token::Secret;
use crate::{logging, manifests, print, progress};

/// Traffic threads at most, by default.
const MAX_THREADS: usize = 64;
/// How long a generation waits for its new processes to accept connections.
const READINESS: Duration = Duration::from_secs(10);
/// What a shell reports of a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Runs the mesh until somebody ends it.
pub(crate) fn run(args: Up) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let code = runtime.block_on(up(args));
    // What still runs (watchers, open API connections) has nothing to finish.
    runtime.shutdown_background();
    code
}

async fn up(args: Up) -> Result<ExitCode> {
    let files = manifests::source(&args.paths, &args.namespace)?;
    let logs = accesslog::Logs::open(args.access_log.as_deref(), args.access_log_encoding)?;
    let secret = Secret::of(args.admin_bind, args.admin_token_file.as_deref())?;
    // Before anything starts, so that a port that is taken costs nobody a started mesh.
    let admin = SocketAddr::new(args.admin_bind, args.admin_port);
    let admin = api::bind(admin).await?;
    let replies = Arc::new(Replies::new(logs.sink()));
    let narrator = narrate::Narrator::new(narrate::Manner {
        aside: logs.takes_stdout(),
        quiet: args.quiet,
        form: args.output,
    });
    logging::listen(Some(narrator.warnings()))?;
    let (overheard, telling) = processes::overhear();
    let telling = tokio::spawn(telling.run(narrator.clone()));
    let files_allowed = files::raise();
    let mut options = options(&args, &replies, &narrator);
    options.descriptors = files_allowed.descriptors;
    // Programs have the limit that this one was started with.
    let shell = files_allowed.before.map(Shell::with_open_files);
    options.launching = args.allow_commands.then(|| Launching {
        launcher: Arc::new(shell.unwrap_or_default()),
        events: Arc::new(overheard),
        patience: READINESS,
    });
    // Before anything starts, so that none can end this process and leave another one behind.
    let mut signals = Signals::new()?;
    let running = Running {
        mesh: Arc::new(Mesh::start(&options)?),
        replies,
        narrator,
        secret,
        args,
    };
    let ran = running.run(&mut signals, files, admin).await;
    // However it ended.
    running.mesh.kill_processes();
    telling.abort();
    running.narrator.tell_of_warnings();
    logs.finish();
    ran
}

/// A mesh that runs, with all that it takes.
struct Running {
    mesh: Arc<Mesh>,
    replies: Arc<Replies>,
    narrator: narrate::Narrator,
    secret: Secret,
    args: Up,
}

impl Running {
    /// From the files to the end.
    async fn run(
        &self,
        signals: &mut Signals,
        mut files: FileSource,
        admin: TcpListener,
    ) -> Result<ExitCode> {
        let (mesh, narrator, args) = (&self.mesh, &self.narrator, &self.args);
        let closed = admin.local_addr()?;
        mesh.seats().staff().close_to_workloads(closed);
        // Before the files are read, so that no save falls between the reading and the watching.
        let saves = (!args.no_watch).then(|| Watch::start(files.roots()).map_err(Error::from));
        let starting = start(mesh, &mut files, args, narrator);
        let started = tokio::select! {
            started = progress::during("starting", starting) => Some(started?),
            () = signals.next() => None,
        };
        let Some(started) = started else {
            self.stop(signals).await;
            return Ok(ExitCode::from(INTERRUPTED));
        };
        let token = self.secret.token();
        let shared = Shared {
            mesh: Arc::clone(mesh),
            replies: Arc::clone(&self.replies),
            gate: Gate::new(token.cloned()),
        };
        let admin = api::serve(shared, admin)?;
        let known = RuntimeFile::write(admin, &args.paths, token);
        let known = known.context("cannot say where the mesh is")?;
        if let Some((record, summary)) = started {
            let world = mesh.world();
            narrator.event(&events::started(&record, &summary, (&world, admin)));
        }
        let edges = map::edges(mesh);
        narrator.say(&map::map(mesh, &edges, (admin, &self.secret), args));
        let narrating = narrate::narrate(Arc::clone(mesh), narrator.clone(), edges);
        let narrating = tokio::spawn(narrating);
        let watching = saves.map(|saves| watch(Arc::clone(mesh.control()), files, saves, narrator));
        signals.next().await;
        let seconds = args.drain_time.as_secs_f64();
        narrator.say(&format!(
            "draining, at most {seconds} s · again to stop at once"
        ));
        drop(known);
        narrating.abort();
        if let Some(watching) = watching {
            watching.abort();
        }
        self.stop(signals).await;
        narrator.event(&events::stopped());
        Ok(ExitCode::SUCCESS)
    }

    /// Lets requests in flight finish and processes end, until the time is over or somebody is in a
    /// hurry.
    async fn stop(&self, signals: &mut Signals) {
        let ending = async {
            let drained = tokio::time::timeout(self.args.drain_time, self.mesh.stop());
            if drained.await.is_err() {
                print::note(format_args!("some requests did not finish in time"));
            }
            self.mesh.stop_processes().await;
        };
        tokio::select! {
            () = ending => {}
            () = signals.next() => {}
        }
        self.mesh.kill_processes();
    }
}

fn options(args: &Up, replies: &Arc<Replies>, narrator: &narrate::Narrator) -> Options {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or(cores).clamp(1, MAX_THREADS);
    let carrier = Carrier::Sockets { threads };
    let (clock, random) = (TokioClock::real(), SystemRandom::new());
    let mut options = Options::new(carrier, Arc::new(clock), Arc::new(random));
    options.inbound = !args.no_inbound;
    options.bind = args.bind;
    options.gateway_ports = Some(args.gateway_port.iter().copied().collect());
    options.drain_time = args.drain_time;
    options.access_log = Arc::clone(replies) as _;
    options.events = Arc::new(narrator.clone());
    options.invent = !args.no_invent;
    options.beyond = true;
    options
}

/// Makes the files' objects live, or says what is wrong with them.
async fn start(
    mesh: &Mesh,
    files: &mut FileSource,
    args: &Up,
    narrator: &narrate::Narrator,
) -> Result<Option<(Arc<Record>, Summary)>> {
    let control = mesh.control();
    let applied = match control.apply_files(files).await {
        Ok(applied) => applied,
        Err(FilesRefused::Files(error)) => {
            return Err(manifests::unreadable(&error).into());
        }
        Err(FilesRefused::Refused(refusal)) => {
            let found = refusal.findings.render(Style::Coloured);
            let text = format!("{found}error: {}", refusal.reason);
            return Err(Failure::bad_input(text).into());
        }
    };
    let Some(applied) = applied else {
        return Ok(None);
    };
    let findings = &applied.record.findings;
    let summary = files.summary();
    if summary.objects == 0 || (args.strict && findings.errors() > 0) {
        let found = findings.render(Style::Coloured);
        let paths: Vec<_> = args
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let why = if findings.errors() > 0 {
            let errors = narrate::counted(findings.errors(), "error");
            format!("{errors}; nothing was started")
        } else {
            format!(
                "no manifest in {}\n  \
                 want YAML or JSON files with Istio and Kubernetes objects, or - for standard input",
                paths.join(", ")
            )
        };
        return Err(Failure::bad_input(format!("{found}error: {why}")).into());
    }
    if control.wait_live(applied.record.generation).await.is_err() {
        let text = ports::explain(mesh, args);
        return Err(Failure { code: 1, text }.into());
    }
    narrator.started(&applied.record, &summary);
    let invented = map::invented(mesh);
    if !invented.is_empty() {
        narrator.say(&invented);
    }
    Ok(Some((applied.record, summary)))
}

fn watch(
    control: Arc<Control>,
    mut files: FileSource,
    saves: Result<Watch>,
    narrator: &narrate::Narrator,
) -> tokio::task::JoinHandle<()> {
    let narrator = narrator.clone();
    tokio::spawn(async move {
        match saves {
            Ok(watch) => control.follow(&mut files, &watch).await,
            Err(error) => narrator.warn(&format!("! files are not watched: {error}")),
        }
    })
}

/// The signals that end the mesh: one stream for all of them, so that none falls between two.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// The terminal is closed.
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
