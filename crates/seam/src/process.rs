//! Processes as an argument: who starts them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::AsyncRead;

use crate::transport::BoxFuture;

/// What shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// A command line of the shell.
    pub line: String,
    /// The folder it runs in; empty is our own.
    pub folder: PathBuf,
    /// Variables that are set beside those that it inherits.
    pub variables: BTreeMap<String, String>,
}

/// Starts processes, each the leader of a group of its own.
pub trait Launcher: Send + Sync + 'static {
    /// Starts a program. The error says why it does not run.
    fn launch(&self, program: &Program) -> io::Result<Launched>;
}

/// A process that was started.
pub struct Launched {
    /// It and those that it starts.
    pub group: Arc<dyn Group>,
    /// What it writes: standard output and standard error.
    pub output: Vec<Box<dyn AsyncRead + Send + Unpin>>,
    /// How the leader ended, in words, once it has.
    pub ended: BoxFuture<'static, String>,
}

/// A signal to a group of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Asks them to end.
    Terminate,
    /// Ends them.
    Kill,
}

/// A process and those that it started, unless they left its group.
pub trait Group: Send + Sync + 'static {
    /// Sends a signal to all of them. Nothing happens when none is left.
    fn signal(&self, signal: Signal);

    /// Whether none of them runs any more.
    fn is_empty(&self) -> bool;
}
