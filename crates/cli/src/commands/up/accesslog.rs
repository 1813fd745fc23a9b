//! Where the access log goes: a writer of its own, so that a slow disk never slows traffic.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use sealane_proxy::telemetry::access_log::{AccessLog, NoAccessLog};
use sealane_proxy::telemetry::record::AccessRecord;
use tokio::sync::mpsc;

use crate::args::LogEncoding;
use crate::print;

/// Lines that wait to be written, at most; more are dropped and counted.
const WAITING: usize = 8192;

/// The access log of a mesh.
pub(crate) struct Logs {
    sink: Arc<dyn AccessLog>,
    writer: Option<std::thread::JoinHandle<()>>,
    lines: Option<Arc<Lines>>,
    stdout: bool,
}

struct Lines {
    queue: std::sync::Mutex<Option<mpsc::Sender<String>>>,
    encoding: LogEncoding,
    dropped: AtomicU64,
}

impl Logs {
    /// The log to `target`: a file that is appended to, or `-` for standard output.
    pub(crate) fn open(target: Option<&str>, encoding: LogEncoding) -> Result<Self> {
        let Some(target) = target else {
            return Ok(Self {
                sink: Arc::new(NoAccessLog),
                writer: None,
                lines: None,
                stdout: false,
            });
        };
        let stdout = target == "-";
        let out: Box<dyn Write + Send> = if stdout {
            Box::new(io::stdout())
        } else {
            match open(target) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    cannot_be_written(target, &error);
                    return Self::open(None, encoding);
                }
            }
        };
        let (queue, waiting) = mpsc::channel(WAITING);
        let lines = Arc::new(Lines {
            queue: std::sync::Mutex::new(Some(queue)),
            encoding,
            dropped: AtomicU64::new(0),
        });
        let writer = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn({
                let target = target.to_owned();
                move || write_all(waiting, out, &target)
            })?;
        Ok(Self {
            sink: Arc::clone(&lines) as _,
            writer: Some(writer),
            lines: Some(lines),
            stdout,
        })
    }

    /// Takes records.
    pub(crate) fn sink(&self) -> Arc<dyn AccessLog> {
        Arc::clone(&self.sink)
    }

    /// Whether standard output belongs to the log.
    pub(crate) const fn takes_stdout(&self) -> bool {
        self.stdout
    }

    /// Writes what waits, and says what was dropped.
    pub(crate) fn finish(self) {
        let Some(lines) = self.lines else { return };
        let queue = lines.queue.lock();
        drop(queue.map(|mut queue| queue.take()));
        if let Some(writer) = self.writer {
            // The writer ends with the queue; a panic of it was printed.
            drop(tokio::task::block_in_place(|| writer.join()));
        }
        let dropped = lines.dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            print::note(format_args!(
                "{dropped} lines of the access log were dropped"
            ));
        }
    }
}

fn open(target: &str) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(target)
}

/// Says so once: traffic goes on without its log.
fn cannot_be_written(target: &str, error: &io::Error) {
    print::note(format_args!(
        "warning: the access log {target} cannot be written: {error}\n  \
         the mesh goes on without it\n  free the disk or choose another file with --access-log, and start again"
    ));
}

fn write_all(mut waiting: mpsc::Receiver<String>, mut out: Box<dyn Write + Send>, target: &str) {
    while let Some(line) = waiting.blocking_recv() {
        let written = out.write_all(line.as_bytes());
        let flushed = written.and_then(|()| {
            if waiting.is_empty() {
                out.flush()
            } else {
                Ok(())
            }
        });
        if let Err(error) = flushed {
            cannot_be_written(target, &error);
            // What still comes is taken and forgotten, so that nothing counts as dropped for room.
            while waiting.blocking_recv().is_some() {}
            return;
        }
    }
}

impl AccessLog for Lines {
    fn wanted(&self) -> bool {
        true
    }

    fn write(&self, record: AccessRecord) {
        let line = match self.encoding {
            LogEncoding::Text => record.to_text(),
            LogEncoding::Json => record.to_json() + "\n",
        };
        let queue = self.queue.lock();
        let sent = queue.is_ok_and(|queue| {
            let sender = queue.as_ref();
            sender.is_some_and(|sender| sender.try_send(line).is_ok())
        });
        if !sent {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
