//! What a decision must show, item by item.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::outcome::Copied;
use super::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn upstream(share: f64, cluster: &str, workloads: &[&str]) -> Outcome {
    let end = End::Upstream {
        workloads: set(workloads),
        path: Some("/new".to_owned()),
        host: Some("h".to_owned()),
    };
    Outcome {
        share,
        cluster: cluster.to_owned(),
        end,
        headers: None,
    }
}

fn own(share: f64, cluster: &str, status: &str, flags: &str) -> Outcome {
    let (status, flags) = (status.to_owned(), flags.to_owned());
    let end = End::Own {
        status,
        flags,
        body: Some("no".to_owned()),
    };
    Outcome {
        share,
        cluster: cluster.to_owned(),
        end,
        headers: None,
    }
}

fn decided(outcomes: Vec<Outcome>) -> Decided {
    Decided {
        route: "r".to_owned(),
        outcomes,
        copies: Vec::new(),
    }
}

/// `None` where the key cannot be checked.
fn verdict(key: Key, want: Want, decided: &Decided) -> Option<bool> {
    let expectation = Expectation {
        key,
        want,
        written: Value::Null,
    };
    judge(&expectation, decided).ok().map(|check| check.ok)
}

fn each(text: &str) -> Want {
    Want::Each(Pattern::parse(text).unwrap())
}

fn shares(parts: &[(&str, &str)]) -> Want {
    let part = |(text, share): &(&str, &str)| {
        (Pattern::parse(text).unwrap(), Share::parse(share).unwrap())
    };
    Want::Split(parts.iter().map(part).collect())
}

#[test]
fn a_split_is_compared_by_its_shares() {
    let decided = decided(vec![
        upstream(0.9, "v1", &["a"]),
        upstream(0.1, "v2", &["b"]),
    ]);
    assert_eq!(
        verdict(Key::To, shares(&[("a", "90%"), ("b", "10%")]), &decided),
        Some(true)
    );
    assert_eq!(
        verdict(
            Key::Cluster,
            shares(&[("v1", "90%"), ("v2", "10%")]),
            &decided
        ),
        Some(true)
    );
    assert_eq!(
        verdict(
            Key::Cluster,
            shares(&[("v1", "89%"), ("v2", "11%")]),
            &decided
        ),
        Some(false)
    );
    assert_eq!(
        verdict(Key::To, shares(&[("a", "80%"), ("b", "20%")]), &decided),
        Some(false)
    );
    assert_eq!(verdict(Key::To, each("a"), &decided), Some(false));
    assert_eq!(
        verdict(Key::Cluster, shares(&[("v1", "100%")]), &decided),
        Some(false)
    );
}

#[test]
fn what_an_endpoint_does_stays_open() {
    let decided = decided(vec![upstream(1.0, "v1", &["a"])]);
    assert_eq!(verdict(Key::Status, each("200"), &decided), None);
    assert_eq!(verdict(Key::Flags, each("-"), &decided), None);
    assert_eq!(verdict(Key::Flags, each("UO"), &decided), None);
    assert_eq!(
        verdict(Key::Flags, each("NC"), &decided),
        Some(false),
        "no endpoint makes NC"
    );
    assert_eq!(verdict(Key::Path, each("/new"), &decided), Some(true));
    assert_eq!(verdict(Key::Path, each("/old"), &decided), Some(false));
    assert_eq!(
        verdict(
            Key::To,
            shares(&[("a", "33.3%"), ("nobody", "66.7%")]),
            &decided
        ),
        Some(true)
    );
    assert_eq!(verdict(Key::To, each("b"), &decided), Some(false));
}

#[test]
fn an_answer_of_the_proxy_is_decided() {
    let decided = decided(vec![own(0.5, "c", "503", "FI"), upstream(0.5, "c", &["a"])]);
    assert_eq!(
        verdict(
            Key::Shares,
            shares(&[("200", "50%"), ("503", "50%")]),
            &decided
        ),
        Some(true)
    );
    assert_eq!(
        verdict(
            Key::Shares,
            shares(&[("200", "60%"), ("503", "40%")]),
            &decided
        ),
        Some(false)
    );
    assert_eq!(
        verdict(
            Key::To,
            shares(&[("a", "50%"), ("nobody", "50%")]),
            &decided
        ),
        Some(true)
    );
    assert_eq!(verdict(Key::To, each("a"), &decided), Some(false));
    assert_eq!(verdict(Key::Status, each("200"), &decided), Some(false));
}

#[test]
fn copies_are_compared_by_their_shares() {
    let mut decided = decided(vec![upstream(1.0, "c", &["a"])]);
    decided.copies.push(Copied {
        share: 0.25,
        workloads: set(&["m"]),
    });
    let want = |share: &str| Want::Copies([("m".to_owned(), Share::parse(share).unwrap())].into());
    assert_eq!(verdict(Key::Mirrored, want("25%"), &decided), Some(true));
    assert_eq!(verdict(Key::Mirrored, want("100%"), &decided), Some(false));
    assert_eq!(
        verdict(Key::Mirrored, Want::Copies([].into()), &decided),
        Some(false)
    );
}

#[test]
fn decided_headers_are_compared_and_others_stay_open() {
    let mut decided = decided(vec![own(1.0, "-", "301", "-")]);
    let location = (
        http::header::LOCATION,
        http::HeaderValue::from_static("http://a/"),
    );
    decided.outcomes[0].headers = Some([location].into_iter().collect());
    let want = |name: &str, value: &str| {
        Want::Headers([(name.to_owned(), Some(Pattern::parse(value).unwrap()))].into())
    };
    assert_eq!(
        verdict(
            Key::ResponseHeaders,
            want("location", "http://a/"),
            &decided
        ),
        Some(true)
    );
    assert_eq!(
        verdict(
            Key::ResponseHeaders,
            want("location", "http://b/"),
            &decided
        ),
        Some(false)
    );
    assert_eq!(
        verdict(Key::ResponseHeaders, want("server", "x"), &decided),
        None
    );
    assert_eq!(
        verdict(
            Key::UpstreamHeaders,
            want("location", "http://a/"),
            &decided
        ),
        None
    );
}
