//! Which files may fail, and what an unexpected pass means.

use std::time::Duration;

use super::*;

fn report(failed: &[Depth]) -> FileReport {
    FileReport {
        failed_depths: failed.iter().copied().collect(),
        ok: failed.is_empty(),
        calls: Vec::new(),
        took: Duration::ZERO,
        file: "a/b.md".to_owned(),
        error: (!failed.is_empty()).then(|| "it broke".to_owned()),
    }
}

fn outcome(list: &str, failed: &[Depth]) -> Outcome {
    let list = ExpectedFailures::parse(list).unwrap();
    list.judge("a/b.md", &report(failed), &Depth::ALL)
}

#[test]
fn a_listed_failure_is_expected() {
    let list = "# why\n\na/b.md — retries come later\n";
    assert_eq!(outcome(list, &[Depth::Serve]), Outcome::ExpectedFailure);
}

#[test]
fn a_listed_file_that_passes_fails() {
    assert!(matches!(
        outcome("a/b.md — later", &[]),
        Outcome::UnexpectedPass(_)
    ));
    let passed = outcome(
        "a/b.md @serve — later\na/b.md @decide — too",
        &[Depth::Decide],
    );
    assert_eq!(passed, Outcome::UnexpectedPass([Depth::Serve].into()));
}

#[test]
fn a_depth_that_is_not_listed_fails() {
    let outcome = outcome("a/b.md @serve — later", &[Depth::Serve, Depth::Decide]);
    assert_eq!(outcome, Outcome::Failed([Depth::Decide].into()));
}

#[test]
fn a_depth_that_was_not_played_says_nothing() {
    let list = ExpectedFailures::parse("a/b.md @serve — later").unwrap();
    assert_eq!(
        list.judge("a/b.md", &report(&[]), &[Depth::Decide]),
        Outcome::Passed
    );
}

#[test]
fn an_entry_needs_a_reason() {
    assert_eq!(
        ExpectedFailures::parse("a/b.md\nc.md @deep — x")
            .unwrap_err()
            .len(),
        2
    );
}
