//! The threads that carry traffic: one current-thread runtime each, tasks local to it.
//!
//! What lives on a thread (connections, pools, echo servers) need not be `Send`: it is in the
//! thread's room, and work that touches it is sent there.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

/// Work for a thread: made and run there.
type Job<R> = Box<dyn FnOnce(Rc<R>) -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Jobs that wait to be started, per thread.
const QUEUE: usize = 1024;

/// Where traffic runs. Each thread has a room of type `R`.
pub struct Threads<R> {
    count: usize,
    /// Guards what leads to the threads, until they are stopped; held to look one up.
    running: Mutex<Running<R>>,
}

struct Running<R> {
    queues: Vec<mpsc::Sender<Job<R>>>,
    handles: Vec<JoinHandle<()>>,
}

impl<R: Default + 'static> Threads<R> {
    /// Starts `count` traffic threads, at least one.
    pub fn start(count: usize) -> io::Result<Self> {
        let mut running = Running {
            queues: Vec::new(),
            handles: Vec::new(),
        };
        for index in 0..count.max(1) {
            let (queue, jobs) = mpsc::channel(QUEUE);
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let name = format!("traffic-{index}");
            let thread = std::thread::Builder::new().name(name);
            let handle = thread.spawn(move || LocalSet::new().block_on(&runtime, serve(jobs)))?;
            running.queues.push(queue);
            running.handles.push(handle);
        }
        Ok(Self::of(running))
    }

    const fn of(running: Running<R>) -> Self {
        Self {
            count: running.queues.len(),
            running: Mutex::new(running),
        }
    }

    /// Traffic on the current `LocalSet`: all in one place, on a clock that tests move.
    ///
    /// Panics outside a `LocalSet`, as `tokio::task::spawn_local` does.
    pub fn here() -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        drop(tokio::task::spawn_local(serve(jobs)));
        Self::of(Running {
            queues: vec![queue],
            handles: Vec::new(),
        })
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Runs `work` on thread `index` (modulo their number) and waits for what it gives; `None`
    /// when the thread is gone.
    pub async fn call<T, F, W>(&self, index: usize, work: W) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
        W: FnOnce(Rc<R>) -> F + Send + 'static,
    {
        let queue = self.queue(index)?;
        let (sender, answer) = oneshot::channel();
        let job: Job<R> = Box::new(move |room| {
            Box::pin(async move {
                // Who asked may have gone away; the work was done all the same.
                drop(sender.send(work(room).await));
            })
        });
        queue.send(job).await.ok()?;
        answer.await.ok()
    }

    /// Ends the threads and waits for them; tasks that still run are dropped. Later calls come to
    /// nothing.
    pub fn stop(&self) {
        let (queues, handles) = {
            let mut running = self.running();
            let Running { queues, handles } = &mut *running;
            (std::mem::take(queues), std::mem::take(handles))
        };
        drop(queues);
        for handle in handles {
            // A panic of a traffic thread was printed when it happened.
            drop(handle.join());
        }
    }

    fn queue(&self, index: usize) -> Option<mpsc::Sender<Job<R>>> {
        let queue = index % self.count.max(1);
        self.running().queues.get(queue).cloned()
    }

    fn running(&self) -> MutexGuard<'_, Running<R>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts jobs until nobody can send any more.
async fn serve<R: Default + 'static>(mut jobs: mpsc::Receiver<Job<R>>) {
    let room = Rc::new(R::default());
    while let Some(job) = jobs.recv().await {
        drop(tokio::task::spawn_local(job(Rc::clone(&room))));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn work_runs_in_the_room_of_its_thread() {
        let threads = Threads::<Cell<u32>>::start(2).unwrap();
        for (index, expected) in [(0, 1), (1, 1), (2, 2)] {
            let count = threads.call(index, |room| async move {
                room.set(room.get() + 1);
                room.get()
            });
            assert_eq!(count.await, Some(expected));
        }
        threads.stop();
        assert_eq!(threads.call(0, |_room| async {}).await, None);
    }
}
