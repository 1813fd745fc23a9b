//! What the terminal of `sealane up` tells of processes: their output, and what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealane_mesh::processes::{ProcessEvent, ProcessEvents};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::narrate::Narrator;

/// Lines that wait to be shown, at most: the processes go on, and what has no room is counted.
const WAITING: usize = 1024;
/// How often is said that lines were left out.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes what happens to processes, without ever waiting for the terminal.
pub(super) struct Overheard {
    events: mpsc::Sender<ProcessEvent>,
    left_out: Arc<AtomicU64>,
}

/// Tells what was overheard.
pub(super) struct Telling {
    events: mpsc::Receiver<ProcessEvent>,
    left_out: Arc<AtomicU64>,
}

/// Who listens, and who tells.
pub(super) fn overhear() -> (Overheard, Telling) {
    let (sender, events) = mpsc::channel(WAITING);
    let left_out = Arc::<AtomicU64>::default();
    let overheard = Overheard {
        events: sender,
        left_out: Arc::clone(&left_out),
    };
    (overheard, Telling { events, left_out })
}

impl ProcessEvents for Overheard {
    fn process(&self, event: ProcessEvent) {
        if self.events.try_send(event).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Telling {
    /// Tells everything, until no process is looked after any more.
    pub(super) async fn run(mut self, narrator: Narrator) {
        let mut pauses = tokio::time::interval(PAUSE);
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => tell(&narrator, &event),
                    None => return,
                },
                _ = pauses.tick() => {
                    let left_out = self.left_out.swap(0, Ordering::Relaxed);
                    if left_out > 0 {
                        narrator.say(&format!(
                            "        and {left_out} more lines: sealane logs has the last ones"
                        ));
                    }
                }
            }
        }
    }
}

fn tell(narrator: &Narrator, event: &ProcessEvent) {
    narrator.event(&for_programs(event));
    let text = for_people(event);
    if matches!(event, ProcessEvent::Line { .. }) {
        narrator.say(&text);
    } else {
        narrator.warn(&text);
    }
}

/// `reviews-v1-0`, or `shop/reviews-v1-0` outside the default namespace.
fn short((namespace, name): &(String, String)) -> String {
    match namespace.as_str() {
        "default" => name.clone(),
        namespace => format!("{namespace}/{name}"),
    }
}

fn for_people(event: &ProcessEvent) -> String {
    match event {
        ProcessEvent::Line { pod, text } => format!("[{}] {text}", short(pod)),
        ProcessEvent::NotStarted { pod, why, again } => format!(
            "✗ the process of pod {} cannot start: {why}; next try in {} s",
            short(pod),
            again.as_secs()
        ),
        ProcessEvent::Ended { pod, how, again } => format!(
            "! the process of pod {} ended: {how}; it starts again in {} s",
            short(pod),
            again.as_secs()
        ),
        ProcessEvent::Late { pod, patience } => format!(
            "! the process of pod {} accepts no connection after {} s; the mesh goes on without it until it does\n  \
             it has to listen on 127.0.0.1, on the port that $PORT names",
            short(pod),
            patience.as_secs()
        ),
    }
}

fn for_programs(event: &ProcessEvent) -> Value {
    let of = |(namespace, name): &(String, String), state: &str, reason: &str, time: Duration| {
        json!({
            "event": "process",
            "namespace": namespace,
            "pod": name,
            "state": state,
            "reason": reason,
            "seconds": time.as_secs(),
        })
    };
    match event {
        ProcessEvent::Line {
            pod: (namespace, name),
            text,
        } => json!({ "event": "output", "namespace": namespace, "pod": name, "line": text }),
        ProcessEvent::NotStarted { pod, why, again } => of(pod, "not-started", why, *again),
        ProcessEvent::Ended { pod, how, again } => of(pod, "ended", how, *again),
        ProcessEvent::Late { pod, patience } => of(pod, "late", "", *patience),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(namespace: &str) -> (String, String) {
        (namespace.to_owned(), "a-0".to_owned())
    }

    #[test]
    fn output_names_its_pod_and_an_end_names_what_comes() {
        let line = ProcessEvent::Line {
            pod: pod("default"),
            text: "hello".to_owned(),
        };
        assert_eq!(for_people(&line), "[a-0] hello");
        let ended = ProcessEvent::Ended {
            pod: pod("shop"),
            how: "exit status: 1".to_owned(),
            again: Duration::from_secs(2),
        };
        assert_eq!(
            for_people(&ended),
            "! the process of pod shop/a-0 ended: exit status: 1; it starts again in 2 s"
        );
        assert_eq!(for_programs(&ended)["state"], "ended");
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let (overheard, telling) = overhear();
        for _ in 0..WAITING + 3 {
            overheard.process(ProcessEvent::Late {
                pod: pod("default"),
                patience: Duration::ZERO,
            });
        }
        assert_eq!(telling.left_out.load(Ordering::Relaxed), 3);
    }
}
