//! Transactions from edits to ACKs, with proxies that are only subscribers.

use std::sync::atomic::{AtomicUsize, Ordering};

use sealane_compile::{ProxyIdentity, ProxyKind};
use sealane_model::diagnostic::Code;
use sealane_model::parse::{Options, SourceFile};
use sealane_seam::TokioClock;

use super::*;
use crate::declared::Outcome;
use crate::fixture::{route, service, split};
use crate::source::files::FileSource;
use crate::surroundings::NoSurroundings;

fn control_with(surroundings: Box<dyn Surroundings>) -> Arc<Control> {
    let outside = Outside {
        clock: Arc::new(TokioClock::starting_at(SystemTime::UNIX_EPOCH)),
        surroundings,
    };
    Arc::new(Control::new(MeshSettings::default(), outside))
}

fn control() -> Arc<Control> {
    let proxies = vec![ProxyIdentity::new(ProxyKind::Sidecar, "default", "client")];
    control_with(Box::new(NoSurroundings { proxies }))
}

async fn apply(control: &Control, text: &str) -> Result<Applied, Arc<Refusal>> {
    let file = SourceFile::new("a.yaml", text);
    control.apply_texts(&[(file, Options::default())]).await
}

/// A proxy that serves whatever it gets, and counts it.
fn obedient(control: &Control) -> Arc<AtomicUsize> {
    let mut subscriber = control.connect("default/client").unwrap();
    let updates = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&updates);
    tokio::spawn(async move {
        while let Some(update) = subscriber.next().await {
            count.fetch_add(1, Ordering::Relaxed);
            subscriber.ack(&update);
        }
    });
    updates
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_live_when_every_running_proxy_serves_it() {
    let control = control();
    let both = format!("{}---\n{}", service(), split(80, 20));
    let first = apply(&control, &both).await.unwrap();
    assert_eq!((first.record.generation, first.record.proxies), (1, 0));
    let updates = obedient(&control);
    control.wait_live(1).await.unwrap();
    let second = apply(&control, &split(50, 50)).await.unwrap();
    assert_eq!(second.record.generation, 2);
    assert_eq!((second.record.live, second.record.proxies), (true, 1));
    assert_eq!(second.changes[0].outcome, Outcome::Configured);
    assert_eq!(
        second.record.changes,
        ["VirtualService default/reviews: reviews v1 80→50 %, v2 20→50 %"]
    );
    assert_eq!(control.live_generation(), 2);
    assert_eq!(updates.load(Ordering::Relaxed), 2);
    assert_eq!(control.history().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn saying_the_same_again_makes_no_generation() {
    let control = control();
    apply(&control, &route("v1")).await.unwrap();
    let text = format!("# a comment\n{}", route("v1"));
    let again = apply(&control, &text).await.unwrap();
    assert_eq!(again.record.generation, 1);
    assert_eq!(again.changes[0].outcome, Outcome::Unchanged);
    assert_eq!(control.history().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_refuses_the_whole_transaction() {
    let control = control();
    apply(&control, &route("v1")).await.unwrap();
    let mut events = control.events();
    let broken = route("v2").replace("- destination", "- desination");
    let other = route("v2").replace("{name: reviews}", "{name: other}");
    let refusal = apply(&control, &format!("{other}---\n{broken}"))
        .await
        .unwrap_err();
    assert!(refusal.findings.errors() > 0);
    assert_eq!(refusal.generation, 1);
    let shown = refusal
        .findings
        .render(sealane_model::diagnostic::Style::Plain);
    assert!(shown.contains("a.yaml:17:7"), "{shown}");
    assert_eq!(control.current().declared.len(), 1);
    assert!(matches!(events.try_recv(), Ok(Event::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn a_refused_generation_leaves_the_last_good_one() {
    let control = control();
    let both = format!("{}---\n{}", service(), route("v1"));
    apply(&control, &both).await.unwrap();
    let mut subscriber = control.connect("default/client").unwrap();
    let update = subscriber.next().await.unwrap();
    subscriber.ack(&update);
    tokio::spawn(async move {
        let bad = subscriber.next().await.unwrap();
        subscriber.nack(&bad, "http[0]: not understood");
        while let Some(update) = subscriber.next().await {
            subscriber.ack(&update);
        }
    });
    let refusal = apply(&control, &route("v2")).await.unwrap_err();
    assert!(
        refusal.reason.contains("default/client"),
        "{}",
        refusal.reason
    );
    assert!(
        refusal.reason.contains("not understood"),
        "{}",
        refusal.reason
    );
    let current = control.current();
    let object = &current.declared.iter().next().unwrap().object;
    let subset = &object.raw["spec"]["http"][0]["route"][0]["destination"]["subset"];
    assert_eq!(subset, "v1");
    control.wait_live(current.generation).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_does_not_answer_is_not_waited_for_without_end() {
    let control = control();
    apply(&control, &route("v1")).await.unwrap();
    let _silent = control.connect("default/client").unwrap();
    let applied = apply(&control, &route("v2")).await.unwrap();
    assert!(!applied.record.live);
    assert_eq!(control.live_generation(), 0);
}

/// A machine that cannot start what is new.
struct Full;

impl Surroundings for Full {
    fn derive(&mut self, _: &[&Stored]) -> Derived {
        Derived::default()
    }

    fn before_push(&mut self) -> sealane_seam::BoxFuture<'_, Result<Option<Derived>, String>> {
        Box::pin(async { Err("port 8080 is taken".to_owned()) })
    }

    fn after_push(&mut self) -> sealane_seam::BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn undo(&mut self) -> sealane_seam::BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_cannot_follow_refuses_the_transaction() {
    let control = control_with(Box::new(Full));
    let refusal = apply(&control, &route("v1")).await.unwrap_err();
    assert_eq!(refusal.reason, "port 8080 is taken");
    assert_eq!(control.current().generation, 0);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_proxy_is_not_connected() {
    assert!(control().connect("default/nobody").is_none());
}

#[tokio::test(start_paused = true)]
async fn files_start_without_broken_objects_and_then_refuse_broken_saves() {
    let control = control();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yaml", &route("v1"));
    write("b.yaml", "spec: [broken");
    let roots = vec![folder.path().to_owned()];
    let mut files = FileSource::new(roots, Vec::new(), Options::default());
    let started = control.apply_files(&mut files).await.unwrap().unwrap();
    assert_eq!(started.record.cause, Cause::Start);
    assert_eq!(started.record.findings.errors(), 1);
    assert!(control.apply_files(&mut files).await.unwrap().is_none());

    write(
        "a.yaml",
        &route("v2").replace("- destination", "- desination"),
    );
    let refused = control.apply_files(&mut files).await.unwrap_err();
    assert!(matches!(refused, FilesRefused::Refused(_)));
    let again = control.apply_files(&mut files).await;
    assert!(again.unwrap().is_none(), "the same mistake is told once");

    write("a.yaml", &format!("# moved\n{}", route("v1")));
    let moved = control.apply_files(&mut files).await.unwrap().unwrap();
    assert_eq!(moved.record.generation, 1);
    let current = control.current();
    let key = current.declared.iter().next().unwrap().object.key();
    let place = Place::of(
        current.object(&key).unwrap(),
        &sealane_model::path::FieldPath::root(),
    );
    assert_eq!(place.line, 2);

    write("a.yaml", &route("v3"));
    let saved = control.apply_files(&mut files).await.unwrap().unwrap();
    assert_eq!(saved.record.generation, 2);
    assert!(matches!(&saved.record.cause, Cause::Files(files) if files.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn what_hangs_on_a_broken_object_is_told_where_to_correct_it() {
    let control = control();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let with_edge = route("v1").replace("  http:", "  gateways: [mesh, edge]\n  http:");
    write("a.yaml", &format!("{}---\n{with_edge}", service()));
    let broken = "apiVersion: networking.istio.io/v1\nkind: KIND\nmetadata: {name: edge}\n\
                  spec: {host: reviews, typo: 1}\n";
    write("b.yaml", &broken.replace("KIND", "Gateway"));
    write("c.yaml", &broken.replace("KIND", "DestinationRule"));
    let roots = vec![folder.path().to_owned()];
    let mut files = FileSource::new(roots, Vec::new(), Options::default());
    let started = control.apply_files(&mut files).await.unwrap().unwrap();
    let help = |record: &Record, code: Code| {
        let mut found = record.findings.diagnostics.iter();
        found.find(|it| it.code == code).unwrap().help.clone()
    };
    let correct = |key: &str, file: &str| {
        let path = folder.path().join(file);
        let path = path.display();
        Some(format!(
            "correct {key}, which is left out because of an error: {path}:1"
        ))
    };
    assert_eq!(
        help(&started.record, Code::UnknownGateway),
        correct("Gateway default/edge", "b.yaml")
    );

    // It is as true of what the API changes later.
    obedient(&control);
    let other = apply(&control, &split(1, 2)).await.unwrap();
    assert_eq!(
        help(&other.record, Code::UnknownSubset),
        correct("DestinationRule default/edge", "c.yaml")
    );
    write(
        "c.yaml",
        &broken
            .replace("KIND", "DestinationRule")
            .replace(", typo: 1", ""),
    );
    let corrected = control.apply_files(&mut files).await.unwrap().unwrap();
    assert_eq!(help(&corrected.record, Code::UnknownSubset), None);
}
