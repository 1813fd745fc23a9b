//! A scenario played on a mesh that answers what it is told, and what the report says of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::*;
use crate::report::FileReport;

/// Answers with what it was given, one workload for each item.
#[derive(Default)]
struct Fake {
    workloads: VecDeque<&'static str>,
    changes: Vec<String>,
}

impl Mesh for Fake {
    async fn change(&mut self, step: &Step) -> Result<(), String> {
        let said = match step {
            Step::Manifests { text, .. } => text.trim().to_owned(),
            Step::Delete(refs) => format!("delete {}", refs[0].name),
            Step::Calls(_) => unreachable!("phases keep calls apart"),
        };
        if said.contains("bad") {
            return Err("refused".to_owned());
        }
        self.changes.push(said);
        Ok(())
    }

    async fn call(&mut self, item: &CallItem) -> Result<Vec<Observed>, String> {
        let workload = self.workloads.pop_front().ok_or("no workload is left")?;
        let seen = Observed {
            status: Some(200),
            workload: Some(workload.to_owned()),
            ..Observed::default()
        };
        Ok(vec![seen; usize::try_from(item.times).unwrap()])
    }
}

const TEXT: &str = "```yaml manifests\na: 1\n```\n```yaml calls\n\
    - call: GET http://a/\n  expect: { status: 200, to: a }\n\
    - call: GET http://b/\n  from: web\n  headers: { x: 12 }\n  expect: { status: 200, to: b }\n```\n\
    ```yaml delete\n- Service/a\n```\n```yaml calls\n- call: GET http://c/\n  expect: { to: c }\n```\n";

fn report(text: &str, workloads: &[&'static str]) -> (FileReport, Vec<String>) {
    let scenario = Scenario::read("area/file.md", text).unwrap();
    let mut mesh = Fake {
        workloads: workloads.iter().copied().collect(),
        changes: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let played = runtime.block_on(play(Depth::Serve, &mut mesh, &scenario));
    (
        FileReport::merge(&scenario, &[played], Duration::from_millis(12)),
        mesh.changes,
    )
}

#[test]
fn changes_and_calls_come_in_file_order() {
    let (report, changes) = report(TEXT, &["a", "b", "c"]);
    assert!(report.ok, "{report:?}");
    assert_eq!(report.counts(), (3, 0));
    assert_eq!(changes, ["a: 1", "delete a"]);
}

#[test]
fn a_failing_key_is_shown_with_both_sides() {
    let (report, _) = report(TEXT, &["a", "a", "c"]);
    assert_eq!(report.counts(), (2, 1));
    let text = crate::report::human::file(&report, 20, false);
    assert_eq!(
        text,
        "FAIL  area/file.md            3 calls     12 ms\n      \
         call 2, line 7  GET http://b/  (from web; headers: x=12)\n        \
         to  expected b   seen a   (serve)\n"
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["calls"][1]["checks"]["to"]["got"], "a");
    assert_eq!(json["calls"][1]["checks"]["to"]["depth"], "serve");
    assert_eq!(json["calls"][1]["from"], "web");
    assert_eq!(json["ok"], false);
}

#[test]
fn calls_that_cannot_be_made_fail_with_the_rest_of_the_file() {
    let (first, _) = report(TEXT, &["a"]);
    assert_eq!(first.counts(), (1, 2));
    assert_eq!(
        first.error.as_deref(),
        Some("serve: line 7: GET http://b/: no workload is left")
    );
    let (second, _) = report(&TEXT.replace("a: 1", "bad: 1"), &["a", "b", "c"]);
    assert_eq!(second.counts(), (0, 3));
}

#[test]
fn the_last_line_counts_call_items() {
    let reports = [
        report(TEXT, &["a", "b", "c"]).0,
        report(TEXT, &["a", "a", "c"]).0,
    ];
    let totals = crate::report::human::totals(&reports);
    assert_eq!(totals, "2 files: 1 ok, 1 failed\n5 passed, 1 failed\n");
    let unread = [FileReport::unreadable("x.md", "x.md:1: no".to_owned())];
    assert_eq!(
        crate::report::human::totals(&unread),
        "1 file: 0 ok, 1 failed\n0 passed, 1 failed\n"
    );
}
