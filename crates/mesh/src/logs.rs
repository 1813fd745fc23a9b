//! What pods say: the last lines of each, and those that follow.
//!
//! Processes say what they write; a simulated pod says one line for each request that it answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sealane_seam::Clock;
use sealane_world::change::PodName;
use sealane_world::echo::{Arrival, Arrived, Recorder};
use tokio::sync::watch;

/// Lines that are kept of a pod, at most.
const LINES: usize = 1_000;
/// Bytes that are kept of a pod, at most.
const BYTES: usize = 128 * 1024;

/// A line that a pod said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: SystemTime,
    /// What, without its end.
    pub text: Arc<str>,
}

/// The logs of all pods.
#[derive(Debug, Default)]
pub struct Logs {
    /// Guards the list; held for look-ups only.
    pods: Mutex<BTreeMap<PodName, Arc<PodLog>>>,
}

impl Logs {
    /// The log of a pod, an empty one if it has said nothing.
    pub fn of(&self, pod: &PodName) -> Arc<PodLog> {
        let mut pods = lock(&self.pods);
        if let Some(log) = pods.get(pod) {
            return Arc::clone(log);
        }
        let log = Arc::new(PodLog::default());
        pods.insert(pod.clone(), Arc::clone(&log));
        log
    }

    /// Forgets the logs of all pods but these; who follows one of the others comes to its end.
    pub fn retain(&self, pods: &BTreeSet<PodName>) {
        lock(&self.pods).retain(|pod, log| {
            let stays = pods.contains(pod);
            if !stays {
                log.end();
            }
            stays
        });
    }
}

/// The last lines of one pod.
#[derive(Debug, Default)]
pub struct PodLog {
    /// Guards the lines; held to add or copy, never over an await.
    kept: Mutex<Kept>,
    /// The number of lines that there were; closed at the end.
    count: watch::Sender<Counted>,
}

/// How far a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counted {
    lines: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    /// The number of the first line that is kept.
    first: u64,
}

impl PodLog {
    /// Adds a line; the oldest go when there are too many.
    pub fn push(&self, at: SystemTime, text: &str) {
        let mut kept = lock(&self.kept);
        kept.bytes += text.len();
        kept.lines.push_back(Line {
            at,
            text: text.into(),
        });
        while kept.lines.len() > LINES || (kept.bytes > BYTES && kept.lines.len() > 1) {
            let Some(oldest) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes -= oldest.text.len();
            kept.first += 1;
        }
        let lines = kept.first + u64::try_from(kept.lines.len()).unwrap_or(u64::MAX);
        self.count.send_modify(|count| count.lines = lines);
    }

    fn end(&self) {
        self.count.send_modify(|count| count.ended = true);
    }

    /// A reader that begins with the last `tail` lines, with all that are kept without a number.
    pub fn read(self: &Arc<Self>, tail: Option<usize>) -> Reader {
        let kept = lock(&self.kept);
        let length = kept.lines.len();
        let skipped = length - tail.unwrap_or(length).min(length);
        Reader {
            next: kept.first + u64::try_from(skipped).unwrap_or(0),
            log: Arc::clone(self),
            count: self.count.subscribe(),
        }
    }

    /// The lines from number `next` on that are kept, and the number after them.
    fn since(&self, next: u64) -> (Vec<Line>, u64) {
        let kept = lock(&self.kept);
        let skipped = usize::try_from(next.saturating_sub(kept.first)).unwrap_or(usize::MAX);
        let lines: Vec<Line> = kept.lines.iter().skip(skipped).cloned().collect();
        let length = u64::try_from(kept.lines.len()).unwrap_or(u64::MAX);
        (lines, kept.first + length)
    }
}

/// Reads a log.
#[derive(Debug)]
pub struct Reader {
    log: Arc<PodLog>,
    next: u64,
    count: watch::Receiver<Counted>,
}

impl Reader {
    /// The lines that are there and were not read. What was pushed out meanwhile is passed over.
    pub fn now(&mut self) -> Vec<Line> {
        let (lines, next) = self.log.since(self.next);
        self.next = next;
        lines
    }

    /// The next lines, when there are any; `None` when the pod is gone.
    pub async fn next(&mut self) -> Option<Vec<Line>> {
        loop {
            let ended = self.count.borrow_and_update().ended;
            let lines = self.now();
            if !lines.is_empty() {
                return Some(lines);
            }
            if ended || self.count.changed().await.is_err() {
                return None;
            }
        }
    }
}

/// Writes down what reaches simulated pods, and passes it on.
pub struct Listening {
    /// Where it is written.
    pub logs: Arc<Logs>,
    /// What tells the time of day.
    pub clock: Arc<dyn Clock>,
    /// Who else hears of it.
    pub next: Arc<dyn Recorder>,
}

impl Recorder for Listening {
    fn record(&self, arrival: Arrival) {
        let reached = &arrival.reached;
        let pod = (reached.namespace.clone(), reached.pod.clone());
        self.logs.of(&pod).push(self.clock.wall(), &words(&arrival));
        self.next.record(arrival);
    }
}

/// An arrival as a line: `GET /ratings HTTP/1.1 200 reviews:9080`.
fn words(arrival: &Arrival) -> String {
    let line = match &arrival.what {
        Arrived::Request {
            method,
            target,
            host,
            version,
            answer,
            ..
        } => {
            let answer =
                answer.map_or_else(|| "reset".to_owned(), |status| status.as_u16().to_string());
            format!("{method} {target} {version:?} {answer} {host}")
        }
        Arrived::Line(text) => format!("TCP {} {text}", arrival.port),
    };
    // What callers send must not steer the terminal of who reads it.
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    line.chars().map(shown).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| &*line.text).collect()
    }

    fn say(log: &PodLog, text: &str) {
        log.push(SystemTime::UNIX_EPOCH, text);
    }

    #[test]
    fn a_tail_has_the_last_lines() {
        let log = Arc::new(PodLog::default());
        for text in ["a", "b", "c"] {
            say(&log, text);
        }
        assert_eq!(texts(&log.read(Some(2)).now()), ["b", "c"]);
        assert_eq!(texts(&log.read(Some(9)).now()), ["a", "b", "c"]);
        assert!(log.read(Some(0)).now().is_empty());
        assert_eq!(log.read(None).now().len(), 3);
    }

    #[test]
    fn lines_and_bytes_are_bounded() {
        let log = Arc::new(PodLog::default());
        for number in 0..LINES + 5 {
            say(&log, &number.to_string());
        }
        let mut reader = log.read(None);
        assert_eq!(&*reader.now()[0].text, "5");
        say(&log, &"x".repeat(BYTES));
        assert_eq!(log.read(None).now().len(), 1);
        assert_eq!(reader.now().len(), 1);
    }

    #[tokio::test]
    async fn who_follows_hears_of_new_lines_and_of_the_end() {
        let logs = Logs::default();
        let pod = ("default".to_owned(), "a-0".to_owned());
        let log = logs.of(&pod);
        let mut reader = log.read(Some(0));
        say(&log, "a");
        assert_eq!(texts(&reader.next().await.unwrap()), ["a"]);
        let ((), next) = tokio::join!(async { say(&log, "b") }, reader.next());
        assert_eq!(texts(&next.unwrap()), ["b"]);
        say(&log, "last");
        logs.retain(&BTreeSet::new());
        assert_eq!(texts(&reader.next().await.unwrap()), ["last"]);
        assert!(reader.next().await.is_none());
    }
}
