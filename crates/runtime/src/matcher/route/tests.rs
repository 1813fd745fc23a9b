//! Conditions on requests, as Envoy 1.40 and Istio's documents have them.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::matcher::header::{HeaderCondition, HeaderField};
use crate::matcher::pattern::Pattern;
use crate::matcher::query::QueryCondition;
use crate::matcher::string::{Place, StringMatch};

struct Given {
    method: Method,
    scheme: &'static str,
    authority: &'static str,
    path: String,
    headers: HeaderMap,
}

impl Given {
    fn path(path: &str) -> Self {
        Self {
            method: Method::GET,
            scheme: "http",
            authority: "reviews:9080",
            path: path.to_owned(),
            headers: HeaderMap::new(),
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn taken_by(&self, matches: &RouteMatch) -> bool {
        matches.takes(&RequestHead {
            method: &self.method,
            scheme: self.scheme,
            authority: self.authority,
            path_and_query: &self.path,
            headers: &self.headers,
        })
    }
}

fn text(place: Place, text: &str) -> StringMatch {
    StringMatch::Text {
        place,
        text: text.into(),
        ignore_case: false,
    }
}

fn exact(value: &str) -> HeaderCondition {
    HeaderCondition::Value(text(Place::Whole, value))
}

fn on_path(path: PathMatch) -> RouteMatch {
    RouteMatch {
        path,
        ..RouteMatch::default()
    }
}

fn on_header(name: &str, condition: HeaderCondition) -> RouteMatch {
    let header = HeaderMatch {
        field: HeaderField::parse(name).unwrap(),
        condition,
        invert: false,
        missing_as_empty: false,
    };
    RouteMatch {
        headers: vec![header],
        ..RouteMatch::default()
    }
}

fn inverted(mut matches: RouteMatch, missing_as_empty: bool) -> RouteMatch {
    for header in &mut matches.headers {
        header.invert = true;
        header.missing_as_empty = missing_as_empty;
    }
    matches
}

fn on_query(name: &str, condition: QueryCondition) -> RouteMatch {
    RouteMatch {
        query: vec![QueryMatch {
            name: name.into(),
            condition,
        }],
        ..RouteMatch::default()
    }
}

#[test]
fn paths_are_matched_without_their_query() {
    let prefix = |prefix: &str, ignore_case| PathMatch::Prefix {
        prefix: prefix.into(),
        ignore_case,
    };
    let whole = |path: &str, ignore_case| PathMatch::Exact {
        path: path.into(),
        ignore_case,
    };
    let segments = |prefix: &str, ignore_case| PathMatch::Segments {
        prefix: prefix.into(),
        ignore_case,
    };
    let regex = |pattern: &str| PathMatch::Regex(Pattern::parse(pattern).unwrap());
    for (matched, taken, not_taken) in [
        (
            prefix("/api", false),
            &["/api", "/api/", "/api/x", "/apiary", "/api?x=1"][..],
            &["/ap", "/API", "/", "/x?/api"][..],
        ),
        (
            prefix("/api/", false),
            &["/api/", "/api/x"],
            &["/api", "/apiary"],
        ),
        (prefix("", false), &["/", "/x"], &[]),
        (prefix("/Api", true), &["/aPI/x"], &["/ap"]),
        (
            whole("/api", false),
            &["/api", "/api?x=1"],
            &["/api/", "/API", "/api/?"],
        ),
        (whole("/Api", true), &["/API", "/api?X"], &["/api/"]),
        (
            segments("/api", false),
            &["/api", "/api/x", "/api?", "/api/"],
            &["/apiary", "/API"],
        ),
        (segments("/Api", true), &["/API/x"], &["/APIx"]),
        (
            regex("/v[0-9]+"),
            &["/v1", "/v12?x"],
            &["/v1/x", "/V1", "/x/v1"],
        ),
        (regex("(?i)/v[0-9]+"), &["/V1"], &["/w1"]),
        (regex("/a\\?b"), &[], &["/a?b"]),
    ] {
        let matches = on_path(matched);
        for path in taken {
            assert!(
                Given::path(path).taken_by(&matches),
                "{} {path}",
                matches.describe()
            );
        }
        for path in not_taken {
            assert!(
                !Given::path(path).taken_by(&matches),
                "{} {path}",
                matches.describe()
            );
        }
    }
}

#[test]
fn a_connect_is_taken_only_by_a_route_for_it() {
    let mut given = Given::path("/");
    given.method = Method::CONNECT;
    assert!(!given.taken_by(&RouteMatch::default()));
    let connect = on_path(PathMatch::Connect);
    assert!(given.taken_by(&connect));
    assert!(!Given::path("/").taken_by(&connect));
}

#[test]
fn the_values_of_a_repeated_header_are_matched_one_by_one() {
    let gold = on_header("x-tier", exact("gold"));
    let given = Given::path("/")
        .header("x-tier", "silver")
        .header("x-tier", "gold");
    assert!(given.taken_by(&gold));
    let joined = on_header(
        "x-tier",
        HeaderCondition::Value(StringMatch::Regex(Pattern::parse("silver,gold").unwrap())),
    );
    assert!(!given.taken_by(&joined));
    // Inverted, none of them may match.
    assert!(!given.taken_by(&inverted(gold.clone(), false)));
    let others = Given::path("/")
        .header("x-tier", "silver")
        .header("x-tier", "bronze");
    assert!(others.taken_by(&inverted(gold, false)));
}

#[test]
fn a_missing_header_fulfils_no_condition_on_its_value() {
    let missing = Given::path("/");
    let empty = Given::path("/").header("x-a", "");
    let a = on_header("x-a", exact("a"));
    let nothing = on_header("x-a", exact(""));
    assert!(!missing.taken_by(&a) && !missing.taken_by(&nothing));
    assert!(empty.taken_by(&nothing));
    assert!(!missing.taken_by(&inverted(a.clone(), false)));
    assert!(missing.taken_by(&inverted(a.clone(), true)));
    assert!(!missing.taken_by(&inverted(nothing, true)));
    assert!(empty.taken_by(&inverted(a, true)));
}

#[test]
fn presence_is_of_the_name_alone() {
    let (missing, empty) = (Given::path("/"), Given::path("/").header("x-a", ""));
    let present = on_header("X-A", HeaderCondition::Present);
    let absent = on_header("x-a", HeaderCondition::Absent);
    assert!(empty.taken_by(&present) && !missing.taken_by(&present));
    assert!(missing.taken_by(&absent) && !empty.taken_by(&absent));
    assert!(missing.taken_by(&inverted(present, false)));
    assert!(empty.taken_by(&inverted(absent, true)));
}

#[test]
fn kinds_of_conditions_on_values() {
    let value = |place, part: &str| HeaderCondition::Value(text(place, part));
    let any_case = HeaderCondition::Value(StringMatch::Text {
        place: Place::Within,
        text: "CD".into(),
        ignore_case: true,
    });
    for (condition, taken, not_taken) in [
        (value(Place::Start, "ab"), "abcd", "xabcd"),
        (value(Place::End, "cd"), "abcd", "abcdx"),
        (value(Place::Within, "bc"), "abcd", "acbd"),
        (value(Place::Within, "CD"), "abCD", "abcd"),
        (any_case, "abcd", "abdc"),
        (HeaderCondition::Number(-1..5), "-1", "5"),
        (HeaderCondition::Number(-1..5), "4", "four"),
    ] {
        let matches = on_header("x-a", condition);
        let described = matches.describe();
        assert!(
            Given::path("/").header("x-a", taken).taken_by(&matches),
            "{described}"
        );
        assert!(
            !Given::path("/").header("x-a", not_taken).taken_by(&matches),
            "{described}"
        );
    }
}

#[test]
fn pseudo_headers_are_those_of_the_request() {
    let given = Given::path("/a?b");
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "reviews:9080"),
        ("Host", "reviews:9080"),
        (":path", "/a?b"),
    ] {
        assert!(given.taken_by(&on_header(name, exact(value))), "{name}");
        assert!(!given.taken_by(&on_header(name, exact("x"))), "{name}");
    }
    assert!(given.taken_by(&on_header(":status", HeaderCondition::Absent)));
    assert_eq!(HeaderField::parse("a b"), None);
}

#[test]
fn the_first_value_of_a_query_parameter_counts() {
    let lang = |value: &str| on_query("lang", QueryCondition::Value(text(Place::Whole, value)));
    let given = Given::path("/?x&lang=de&lang=fr&empty=&%61=1");
    assert!(given.taken_by(&lang("de")) && !given.taken_by(&lang("fr")));
    for (name, present) in [
        ("x", true),
        ("empty", true),
        ("a", false),
        ("%61", true),
        ("la", false),
    ] {
        assert_eq!(
            given.taken_by(&on_query(name, QueryCondition::Present)),
            present,
            "{name}"
        );
        assert_eq!(
            given.taken_by(&on_query(name, QueryCondition::Absent)),
            !present,
            "{name}"
        );
    }
    let empty = on_query("x", QueryCondition::Value(text(Place::Whole, "")));
    assert!(given.taken_by(&empty));
    assert!(!Given::path("/lang=de").taken_by(&lang("de")));
    assert!(!Given::path("/?").taken_by(&on_query("lang", QueryCondition::Present)));
}

#[test]
fn grpc_is_known_by_its_content_type() {
    let grpc = RouteMatch {
        grpc: true,
        ..RouteMatch::default()
    };
    for (content, expected) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("application/grpc-web", false),
        ("application/json", false),
    ] {
        assert_eq!(
            Given::path("/")
                .header("content-type", content)
                .taken_by(&grpc),
            expected
        );
    }
    assert!(!Given::path("/").taken_by(&grpc));
}

#[test]
fn all_conditions_must_hold() {
    let mut matches = on_header("end-user", exact("jason"));
    matches.path = PathMatch::Prefix {
        prefix: "/api".into(),
        ignore_case: false,
    };
    matches.query = on_query("debug", QueryCondition::Present).query;
    assert_eq!(
        matches.describe(),
        "prefix /api, header end-user = jason, query debug present"
    );
    let jason = |path| Given::path(path).header("end-user", "jason");
    assert!(jason("/api?debug").taken_by(&matches));
    assert!(!jason("/?debug").taken_by(&matches));
    assert!(!jason("/api").taken_by(&matches));
    assert!(!Given::path("/api?debug").taken_by(&matches));
    matches.never = true;
    assert!(!jason("/api?debug").taken_by(&matches));
}

#[test]
fn conditions_are_said_in_words() {
    for (matches, words) in [
        (
            on_header("x-a", HeaderCondition::Absent),
            "prefix /, no header x-a",
        ),
        (
            inverted(on_header("x-a", exact("a, b")), false),
            "prefix /, not (header x-a = \"a, b\")",
        ),
        (
            on_header(":method", HeaderCondition::Number(1..3)),
            "prefix /, method from 1 below 3",
        ),
        (
            on_query("q", QueryCondition::Absent),
            "prefix /, no query q",
        ),
        (
            on_path(PathMatch::Regex(Pattern::parse("/a.*").unwrap())),
            "path matches /a.*",
        ),
    ] {
        assert_eq!(matches.describe(), words);
    }
}

proptest! {
    #[test]
    fn places_of_a_text_are_those_of_the_standard_library(
        value in "[abAB]{0,6}",
        part in "[abAB]{0,3}",
        ignore_case: bool,
    ) {
        let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
        let (folded, wanted) = (fold(&value), fold(&part));
        for (place, expected) in [
            (Place::Whole, folded == wanted),
            (Place::Start, folded.starts_with(&wanted)),
            (Place::End, folded.ends_with(&wanted)),
            (Place::Within, folded.contains(&wanted)),
        ] {
            prop_assert_eq!(place.holds(value.as_bytes(), part.as_bytes(), ignore_case), expected);
        }
    }

    #[test]
    fn a_header_condition_agrees_with_a_naive_reading(
        values in prop::collection::vec("[ab]{0,2}", 0..4),
        wanted in "[ab]{0,2}",
        invert: bool,
        missing_as_empty: bool,
    ) {
        let mut given = Given::path("/");
        for value in &values {
            given = given.header("x-a", value);
        }
        let mut matches = on_header("x-a", exact(&wanted));
        matches.headers[0].invert = invert;
        matches.headers[0].missing_as_empty = missing_as_empty;
        let seen: Vec<&str> = match (values.is_empty(), missing_as_empty) {
            (true, false) => return { prop_assert!(!given.taken_by(&matches)); Ok(()) },
            (true, true) => vec![""],
            (false, _) => values.iter().map(String::as_str).collect(),
        };
        prop_assert_eq!(given.taken_by(&matches), seen.contains(&&*wanted) != invert);
    }
}
