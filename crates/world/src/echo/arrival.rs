//! Who was reached, for those who count: scenario runs, mirrors, attempts.

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, Method, StatusCode, Version};
use tokio::time::Instant;

use crate::echo::identity::Identity;

/// One request, or one line of a TCP connection, that reached a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When its head (or line) was complete.
    pub time: Instant,
    /// The pod that it reached.
    pub reached: Identity,
    /// The port that it reached, as the mesh counts ports.
    pub port: u16,
    /// What came.
    pub what: Arrived,
}

/// What reached a workload.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrived {
    /// An HTTP request.
    Request {
        /// Its method.
        method: Method,
        /// The request target as it was sent, or `:path`.
        target: String,
        /// `Host` or `:authority`; empty when there was none.
        host: String,
        /// The version of HTTP.
        version: Version,
        /// All header fields, `Host` too, in the order in which they came.
        headers: HeaderMap,
        /// What the workload answers; `None` when it closes the connection instead.
        answer: Option<StatusCode>,
    },
    /// A line of text on a connection that speaks no HTTP, without its end.
    Line(String),
}

/// Hears of everything that reaches a workload, before the workload answers.
///
/// It is called on the thread that serves, so it must not block.
pub trait Recorder: Send + Sync + 'static {
    /// Takes note of `arrival`.
    fn record(&self, arrival: Arrival);
}

/// Nobody counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn record(&self, _arrival: Arrival) {}
}

/// Arrivals that a [`MemoryRecorder`] keeps, at most; the oldest go first.
const KEPT: usize = 100_000;

/// Keeps arrivals until somebody takes them: for tests and scenario runs.
#[derive(Debug, Default)]
pub struct MemoryRecorder {
    /// Guards the list; held to push or to take, never over an await.
    arrivals: Mutex<std::collections::VecDeque<Arrival>>,
}

impl MemoryRecorder {
    /// Everything since the last call, in order.
    pub fn take(&self) -> Vec<Arrival> {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.drain(..).collect()
    }
}

impl Recorder for MemoryRecorder {
    fn record(&self, arrival: Arrival) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if arrivals.len() == KEPT {
            arrivals.pop_front();
        }
        arrivals.push_back(arrival);
    }
}
