//! The threads that carry traffic: one current-thread runtime each, tasks local to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::thread::JoinHandle;

use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// Work that is made on the thread where it then runs.
pub type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Jobs that wait to be started, per thread.
const QUEUE: usize = 4096;

/// Where traffic runs.
pub enum Threads {
    /// On threads of their own.
    Own(Vec<TrafficThread>),
    /// On the `LocalSet` of whoever starts the mesh: all in one place, on a clock that tests move.
    Here,
}

/// One traffic thread.
pub struct TrafficThread {
    jobs: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Threads {
    /// Starts `count` traffic threads, at least one.
    pub fn start(count: usize) -> io::Result<Self> {
        let threads: io::Result<Vec<_>> = (0..count.max(1)).map(TrafficThread::start).collect();
        Ok(Self::Own(threads?))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Own(threads) => threads.len(),
            Self::Here => 1,
        }
    }

    /// Runs `job` on thread `index` (modulo their number).
    pub async fn run(&self, index: usize, job: Job) {
        match self {
            Self::Own(threads) => {
                let thread = threads.get(index % threads.len().max(1));
                if let Some(thread) = thread {
                    // A thread that is gone takes no jobs: the mesh is stopping.
                    drop(thread.jobs.send(job).await);
                }
            }
            Self::Here => drop(tokio::task::spawn_local(job())),
        }
    }

    /// Ends the threads; tasks that still run are dropped.
    pub fn stop(self) {
        if let Self::Own(threads) = self {
            for mut thread in threads {
                let handle = thread.thread.take();
                drop(thread);
                if let Some(handle) = handle {
                    // A panic of a traffic thread was printed when it happened.
                    drop(handle.join());
                }
            }
        }
    }
}

impl TrafficThread {
    fn start(index: usize) -> io::Result<Self> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new()
            .name(format!("traffic-{index}"))
            .spawn(move || {
                let local = LocalSet::new();
                local.block_on(&runtime, async move {
                    while let Some(job) = queue.recv().await {
                        drop(tokio::task::spawn_local(job()));
                    }
                });
            })?;
        Ok(Self {
            jobs,
            thread: Some(thread),
        })
    }
}
