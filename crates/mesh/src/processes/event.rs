//! What a person wants to know of processes.

use std::time::Duration;

use sealane_world::change::PodName;

/// Something that happened to the process of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessEvent {
    /// It wrote a line.
    Line {
        /// The pod.
        pod: PodName,
        /// The line, without its end.
        text: String,
    },
    /// It could not be started.
    NotStarted {
        /// The pod.
        pod: PodName,
        /// Why.
        why: String,
        /// When it is tried again.
        again: Duration,
    },
    /// It ended by itself.
    Ended {
        /// The pod.
        pod: PodName,
        /// How, in words.
        how: String,
        /// When it is started again.
        again: Duration,
    },
    /// A generation goes live without it: it does not accept connections yet.
    Late {
        /// The pod.
        pod: PodName,
        /// How long was waited.
        patience: Duration,
    },
}

/// Hears of processes. It must not block.
pub trait ProcessEvents: Send + Sync + 'static {
    /// Takes note.
    fn process(&self, event: ProcessEvent);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProcessEvents;

impl ProcessEvents for NoProcessEvents {
    fn process(&self, _event: ProcessEvent) {}
}
