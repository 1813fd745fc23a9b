//! Every row was measured on Envoy 1.40.

use super::*;
use crate::matcher::string::Place;

fn text(text: &str) -> StringMatch {
    StringMatch::Text {
        place: Place::Whole,
        text: text.into(),
        ignore_case: false,
    }
}

fn full() -> CorsPolicy {
    CorsPolicy {
        origins: vec![text("http://ok")],
        methods: Some(HeaderValue::from_static("GET,PUT")),
        headers: Some(HeaderValue::from_static("x-a,x-b")),
        expose: Some(HeaderValue::from_static("x-e")),
        max_age: Some(HeaderValue::from_static("600")),
        credentials: true,
        forward_other_preflights: true,
        ..CorsPolicy::default()
    }
}

fn star() -> CorsPolicy {
    CorsPolicy {
        origins: vec![text("*")],
        methods: Some(HeaderValue::from_static("*")),
        headers: Some(HeaderValue::from_static("*")),
        private_network: true,
        ..CorsPolicy::default()
    }
}

/// What the policy does, as `kind name: value …` with the names shortened.
fn outcome(policy: &CorsPolicy, method: &Method, given: &[(&'static str, &'static str)]) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        headers.append(*name, HeaderValue::from_static(value));
    }
    let head = RequestHead {
        method,
        scheme: "http",
        authority: "c",
        path_and_query: "/",
        headers: &headers,
    };
    let (kind, headers) = match policy.evaluate(&head) {
        CorsOutcome::Preflight(headers) => ("preflight", headers),
        CorsOutcome::Actual(headers) => ("actual", headers),
        CorsOutcome::None => ("none", HeaderMap::new()),
    };
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| {
            let name = name.as_str().trim_start_matches("access-control-");
            format!(" {name}={}", value.to_str().unwrap())
        })
        .collect();
    lines.sort();
    format!("{kind}{}", lines.concat())
}

const OK: (&str, &str) = ("origin", "http://ok");
const BAD: (&str, &str) = ("origin", "http://bad");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");

#[test]
fn a_preflight_of_an_allowed_origin_is_answered() {
    assert_eq!(
        outcome(&full(), &Method::OPTIONS, &[OK, PUT]),
        "preflight allow-credentials=true allow-headers=x-a,x-b allow-methods=GET,PUT \
         allow-origin=http://ok expose-headers=x-e max-age=600"
    );
}

#[test]
fn a_preflight_needs_a_method() {
    let actual = "actual allow-credentials=true allow-origin=http://ok expose-headers=x-e";
    assert_eq!(outcome(&full(), &Method::OPTIONS, &[OK]), actual);
    let empty = ("access-control-request-method", "");
    assert_eq!(outcome(&full(), &Method::OPTIONS, &[OK, empty]), actual);
    assert_eq!(outcome(&full(), &Method::GET, &[OK, PUT]), actual);
}

#[test]
fn other_origins_are_forwarded_or_answered_without_permission() {
    assert_eq!(outcome(&full(), &Method::OPTIONS, &[BAD, PUT]), "none");
    let mut ignore = full();
    ignore.forward_other_preflights = false;
    assert_eq!(
        outcome(&ignore, &Method::OPTIONS, &[BAD, PUT]),
        "preflight allow-headers=x-a,x-b allow-methods=GET,PUT expose-headers=x-e max-age=600"
    );
    assert_eq!(outcome(&full(), &Method::GET, &[BAD]), "none");
    assert_eq!(
        outcome(&full(), &Method::GET, &[("origin", "http://OK")]),
        "none"
    );
    assert_eq!(outcome(&full(), &Method::GET, &[]), "none");
}

#[test]
fn a_star_gives_back_what_was_asked_for() {
    let asked = ("access-control-request-headers", "x-q");
    assert_eq!(
        outcome(&star(), &Method::OPTIONS, &[BAD, PUT, asked]),
        "preflight allow-headers=x-q allow-methods=PUT allow-origin=http://bad"
    );
    let private = ("access-control-request-private-network", "true");
    assert_eq!(
        outcome(&star(), &Method::OPTIONS, &[BAD, PUT, private]),
        "preflight allow-headers= allow-methods=PUT allow-origin=http://bad \
         allow-private-network=true"
    );
    assert_eq!(
        outcome(&star(), &Method::GET, &[BAD]),
        "actual allow-origin=http://bad"
    );
}
