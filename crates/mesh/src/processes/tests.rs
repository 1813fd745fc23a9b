//! Processes of a real shell, on loopback.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Instant;

use sealane_seam::{Shell, TokioClock};
use sealane_world::process::ProcessPort;
use tokio::sync::mpsc;

use super::*;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

struct Heard(mpsc::Sender<ProcessEvent>);

impl ProcessEvents for Heard {
    fn process(&self, event: ProcessEvent) {
        // A test that has ended hears no more.
        drop(self.0.try_send(event));
    }
}

/// Processes that have `patience` to be ready and `drain` to end, and what is heard of them.
fn processes(patience: Duration, drain: Duration) -> (Processes, mpsc::Receiver<ProcessEvent>) {
    let (sender, heard) = mpsc::channel(64);
    let launching = Launching {
        launcher: Arc::new(Shell::default()),
        events: Arc::new(Heard(sender)),
        patience,
    };
    let place = (
        Network::sockets(&sealane_seam::Descriptors::unlimited()),
        Arc::<Logs>::default(),
    );
    let processes = Processes::new(launching, place, Arc::new(TokioClock::real()), drain);
    (processes, heard)
}

fn wanted(command: &str, ports: &[u16]) -> BTreeMap<PodName, ProcessSpec> {
    let pod = ("default".to_owned(), "a-0".to_owned());
    let port = |number: &u16| ProcessPort {
        number: *number,
        name: None,
    };
    let spec = ProcessSpec {
        pod: pod.clone(),
        address: IpAddr::from([127, 10, 0, 9]),
        command: command.to_owned(),
        folder: PathBuf::new(),
        ports: ports.iter().map(port).collect(),
        variables: BTreeMap::new(),
    };
    BTreeMap::from([(pod, spec)])
}

async fn heard(events: &mut mpsc::Receiver<ProcessEvent>) -> ProcessEvent {
    let event = tokio::time::timeout(PATIENCE, events.recv()).await;
    event.expect("something is heard in time").unwrap()
}

#[tokio::test]
async fn a_generation_does_not_wait_for_ever() {
    let (processes, mut events) = processes(Duration::from_millis(50), Duration::ZERO);
    let wanted = wanted("sleep 600", &[80]);
    processes.stage(&wanted, &BTreeMap::new()).await;
    let pod = wanted.keys().next().unwrap();
    assert!(processes.waiting().contains(pod));
    let late = heard(&mut events).await;
    assert!(matches!(late, ProcessEvent::Late { .. }), "{late:?}");
    processes.settle(&wanted, &BTreeSet::from([pod.clone()]));
    assert!(processes.differing(&wanted).is_empty());
    let began = Instant::now();
    processes.stop().await;
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test]
async fn who_ends_is_told_with_the_time_of_the_next_try() {
    let (processes, mut events) = processes(PATIENCE, Duration::ZERO);
    processes
        .stage(&wanted("echo hello; exit 4", &[80]), &BTreeMap::new())
        .await;
    let line = heard(&mut events).await;
    assert!(
        matches!(&line, ProcessEvent::Line { text, .. } if text == "hello"),
        "{line:?}"
    );
    let ended = heard(&mut events).await;
    let expected = ProcessEvent::Ended {
        pod: ("default".to_owned(), "a-0".to_owned()),
        how: "exit status: 4".to_owned(),
        again: Duration::from_secs(1),
    };
    assert_eq!(ended, expected);
    processes.undo();
    assert!(processes.waiting().is_empty());
    processes.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let (processes, mut events) = processes(PATIENCE, Duration::ZERO);
    let mut wanted = wanted("true", &[80]);
    for spec in wanted.values_mut() {
        spec.folder = PathBuf::from("/nowhere/at/all");
    }
    processes.stage(&wanted, &BTreeMap::new()).await;
    let event = heard(&mut events).await;
    let ProcessEvent::NotStarted { why, .. } = &event else {
        panic!("{event:?}");
    };
    assert!(why.contains("/nowhere/at/all"), "{why}");
    processes.stop().await;
}

#[tokio::test]
async fn nothing_starts_after_the_end() {
    let (processes, mut events) = processes(PATIENCE, PATIENCE);
    // Its group ignores the wish to end.
    processes
        .stage(
            &wanted("trap '' TERM; sleep 600 & wait", &[]),
            &BTreeMap::new(),
        )
        .await;
    processes.kill();
    tokio::time::timeout(PATIENCE, processes.shared.leash.emptied())
        .await
        .expect("all are gone");
    let ended = heard(&mut events).await;
    assert!(matches!(ended, ProcessEvent::Ended { .. }), "{ended:?}");
    processes
        .stage(&wanted("true", &[]), &BTreeMap::new())
        .await;
    let refused = heard(&mut events).await;
    assert!(
        matches!(refused, ProcessEvent::NotStarted { .. }),
        "{refused:?}"
    );
}
