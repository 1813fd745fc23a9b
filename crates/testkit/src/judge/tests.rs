//! Calls against what they must show.

use serde_json::json;

use super::*;
use crate::observed::{Logged, Seen};

fn answered(cluster: &str, workload: &str, status: u16) -> Observed {
    Observed {
        status: Some(status),
        workload: Some(workload.to_owned()),
        pod: Some(format!("{workload}-0")),
        seen: Some(Seen {
            path: "/".to_owned(),
            host: "h".to_owned(),
            ..Seen::default()
        }),
        log: Some(Logged {
            flags: "-".to_owned(),
            cluster: cluster.to_owned(),
            route: "default".to_owned(),
        }),
        attempts: 1,
        ..Observed::default()
    }
}

fn aborted(cluster: &str, status: u16) -> Observed {
    let mut call = answered(cluster, "x", status);
    (call.workload, call.pod, call.seen, call.attempts) = (None, None, None, 0);
    if let Some(log) = &mut call.log {
        log.flags = "FI".to_owned();
    }
    call
}

fn times(call: &Observed, n: usize) -> Vec<Observed> {
    vec![call.clone(); n]
}

fn split(parts: &[(&str, &str)]) -> Want {
    let part = |(text, share): &(&str, &str)| {
        (Pattern::parse(text).unwrap(), Share::parse(share).unwrap())
    };
    Want::Split(parts.iter().map(part).collect())
}

fn each(text: &str) -> Want {
    Want::Each(Pattern::parse(text).unwrap())
}

fn passes(key: Key, want: Want, seen: &[Observed]) -> bool {
    under(Weights::Exact, key, want, seen)
}

fn under(weights: Weights, key: Key, want: Want, seen: &[Observed]) -> bool {
    let checks = judge(
        &[Expectation {
            key,
            want,
            written: json!(null),
        }],
        seen,
        weights,
    );
    checks.iter().all(|check| check.ok)
}

#[test]
fn weights_between_clusters_are_exact() {
    let seen = |a, b| {
        [
            times(&answered("v1", "a", 200), a),
            times(&answered("v2", "b", 200), b),
        ]
        .concat()
    };
    let want = || split(&[("a", "90%"), ("b", "10%")]);
    assert!(passes(Key::To, want(), &seen(90, 10)));
    assert!(passes(Key::To, want(), &seen(91, 9)));
    assert!(!passes(Key::To, want(), &seen(92, 8)));
    assert!(under(Weights::Random, Key::To, want(), &seen(92, 8)));
    assert!(!under(Weights::Random, Key::To, want(), &seen(70, 30)));
}

#[test]
fn picks_inside_one_cluster_are_left_to_chance() {
    let seen = [
        times(&answered("c", "a", 200), 108),
        times(&answered("c", "b", 200), 92),
    ]
    .concat();
    assert!(passes(Key::To, split(&[("a", "50%"), ("b", "50%")]), &seen));
    let seen = [
        times(&answered("c", "a", 200), 150),
        times(&answered("c", "b", 200), 50),
    ]
    .concat();
    assert!(!passes(
        Key::To,
        split(&[("a", "50%"), ("b", "50%")]),
        &seen
    ));
}

#[test]
fn a_cluster_beside_one_with_two_workloads_stays_exact() {
    let seen = |c| {
        let picks = [
            times(&answered("x", "a", 200), 30),
            times(&answered("x", "b", 200), 70 - c),
        ];
        [picks.concat(), times(&answered("y", "c", 200), c)].concat()
    };
    let want = || split(&[("a", "25%"), ("b", "25%"), ("c", "50%")]);
    assert!(!passes(Key::To, want(), &seen(40)));
    assert!(passes(
        Key::To,
        split(&[("a", "35%"), ("b", "25%"), ("c", "40%")]),
        &seen(40)[..]
    ));
}

#[test]
fn one_known_workload_makes_a_missing_part_a_failure() {
    let mut call = answered("c", "a", 200);
    let want = || split(&[("a", "50%"), ("b", "50%")]);
    assert!(
        passes(Key::To, want(), &times(&call, 10)),
        "it could be chance"
    );
    call.candidates = Some(1);
    assert!(
        !passes(Key::To, want(), &times(&call, 10)),
        "nothing else can answer"
    );
}

#[test]
fn fault_percentages_are_exact_even_on_one_cluster() {
    let seen = |n| {
        [
            times(&aborted("c", 503), n),
            times(&answered("c", "a", 200), 100 - n),
        ]
        .concat()
    };
    let want = || split(&[("200", "50%"), ("503", "50%")]);
    // The answers of the workload may still come from several endpoints, the aborts may not.
    let exact = |mut seen: Vec<Observed>| {
        for call in &mut seen {
            call.candidates = Some(1);
        }
        seen
    };
    assert!(passes(Key::Shares, want(), &exact(seen(51))));
    assert!(!passes(Key::Shares, want(), &exact(seen(53))));
    assert!(!passes(Key::Shares, want(), &seen(53)));
}

#[test]
fn a_share_with_decimals_is_rounded() {
    let seen = [
        times(&answered("v1", "a", 200), 3333),
        times(&answered("v2", "b", 200), 6667),
    ]
    .concat();
    assert!(passes(
        Key::To,
        split(&[("a", "33.3%"), ("b", "66.7%")]),
        &seen
    ));
    assert!(!passes(
        Key::To,
        split(&[("a", "33%"), ("b", "67%")]),
        &seen
    ));
}

#[test]
fn nobody_else_may_answer_when_the_shares_are_the_whole() {
    let seen = [
        times(&answered("v1", "a", 200), 99),
        times(&answered("v2", "b", 200), 1),
    ]
    .concat();
    assert!(!passes(Key::To, split(&[("a", "100%")]), &seen));
    assert!(!passes(Key::To, split(&[("a", "99%"), ("c", "1%")]), &seen));
    assert!(
        passes(Key::To, split(&[("a", "99%")]), &seen),
        "the rest is not named"
    );
    assert!(!passes(Key::To, split(&[("a", "99%"), ("b", "0%")]), &seen));
}

#[test]
fn texts_are_equal_or_found() {
    let mut call = answered("c", "a", 200);
    call.body = "upstream connect error".to_owned();
    let seen = [call];
    assert!(passes(Key::Body, each("~connect"), &seen));
    assert!(!passes(Key::Body, each("connect"), &seen));
    assert!(passes(Key::Path, each("/"), &seen));
    assert!(passes(Key::Status, each("200"), &seen));
    assert!(!passes(Key::Status, each("none"), &seen));
}

#[test]
fn the_order_of_flags_does_not_count() {
    let mut call = answered("c", "a", 503);
    call.log = Some(Logged {
        flags: "UF,URX".to_owned(),
        ..Logged::default()
    });
    assert!(passes(Key::Flags, each("URX,UF"), &[call.clone()]));
    assert!(!passes(Key::Flags, each("URX"), &[call]));
}

#[test]
fn a_call_without_a_log_line_matches_no_flag() {
    let call = Observed {
        log: None,
        ..answered("c", "a", 200)
    };
    assert!(!passes(Key::Flags, each("-"), &[call]));
}

#[test]
fn headers_are_present_equal_or_absent() {
    let mut call = answered("c", "a", 200);
    call.headers.insert("x-a".to_owned(), "1,2".to_owned());
    let want = |name: &str, value: Option<&str>| {
        let pattern = value.map(|value| Pattern::parse(value).unwrap());
        Want::Headers([(name.to_owned(), pattern)].into())
    };
    let seen = [call];
    assert!(passes(
        Key::ResponseHeaders,
        want("x-a", Some("1,2")),
        &seen
    ));
    assert!(passes(Key::ResponseHeaders, want("x-b", None), &seen));
    assert!(!passes(Key::ResponseHeaders, want("x-a", None), &seen));
    assert!(!passes(Key::ResponseHeaders, want("x-b", Some("1")), &seen));
    assert!(!passes(
        Key::UpstreamHeaders,
        want("x-a", Some("1,2")),
        &seen
    ));
}

#[test]
fn an_absent_header_needs_somebody_who_saw_the_request() {
    let want = Want::Headers([("x".to_owned(), None)].into());
    assert!(!passes(Key::UpstreamHeaders, want, &[aborted("c", 503)]));
}

#[test]
fn attempts_are_a_mean_and_pods_are_distinct() {
    let mut calls = times(&answered("c", "a", 200), 4);
    calls[0].attempts = 3;
    calls[1].pod = Some("a-1".to_owned());
    assert!(passes(
        Key::Attempts,
        Want::Number(Relation::Exactly, 1.5),
        &calls
    ));
    assert!(passes(
        Key::Pods,
        Want::Number(Relation::Exactly, 2.0),
        &calls
    ));
    assert!(passes(
        Key::Pods,
        Want::Number(Relation::AtLeast, 2.0),
        &calls
    ));
    assert!(!passes(
        Key::Pods,
        Want::Number(Relation::Exactly, 1.0),
        &calls
    ));
}

#[test]
fn copies_count_against_all_calls() {
    let mut calls = times(&answered("c", "a", 200), 100);
    for call in calls.iter_mut().take(51) {
        call.mirrored.push("m".to_owned());
    }
    let want = |parts: &[(&str, &str)]| {
        let copies = parts
            .iter()
            .map(|(w, s)| ((*w).to_owned(), Share::parse(s).unwrap()));
        Want::Copies(copies.collect())
    };
    assert!(passes(Key::Mirrored, want(&[("m", "50%")]), &calls));
    assert!(!passes(Key::Mirrored, want(&[("m", "40%")]), &calls));
    assert!(!passes(Key::Mirrored, want(&[]), &calls));
}

#[test]
fn limits_hold_for_every_call() {
    let mut calls = times(&answered("c", "a", 200), 2);
    calls[0].took = Duration::from_millis(1996);
    calls[1].took = Duration::from_secs(3);
    let want = |low, high| {
        Want::Within(vec![
            (Relation::AtLeast, Duration::from_secs(low)),
            (Relation::Below, Duration::from_secs(high)),
        ])
    };
    assert!(passes(Key::Took, want(2, 4), &calls));
    assert!(!passes(Key::Took, want(2, 3), &calls));
}
