//! Every row was measured on Envoy 1.40.

use http::{HeaderMap, Method, StatusCode};

use super::*;
use crate::matcher::path::PathMatch;
use crate::matcher::pattern::Pattern;
use crate::route::{PathRewrite, Substitution};

fn redirect() -> Redirect {
    Redirect {
        status: StatusCode::MOVED_PERMANENTLY,
        scheme: None,
        host: None,
        port: None,
        path: RedirectPath::Keep,
        strip_query: false,
    }
}

fn location(redirect: &Redirect, prefix: &str, authority: &str, path: &str) -> String {
    let matched = RouteMatch {
        path: PathMatch::Prefix {
            prefix: prefix.into(),
            ignore_case: false,
        },
        ..RouteMatch::default()
    };
    let head = RequestHead {
        method: &Method::GET,
        scheme: "http",
        authority,
        path_and_query: path,
        headers: &HeaderMap::new(),
    };
    redirect.location(&matched, &head)
}

#[test]
fn the_default_port_goes_with_the_scheme() {
    let https = Redirect {
        scheme: Some("https".into()),
        ..redirect()
    };
    for (authority, expected) in [
        ("r", "https://r/x?q=1"),
        ("r:80", "https://r/x?q=1"),
        ("r:8080", "https://r:8080/x?q=1"),
        ("r:443", "https://r:443/x?q=1"),
        ("[::1]:80", "https://[::1]/x?q=1"),
        ("[::1]", "https://[::1]/x?q=1"),
    ] {
        assert_eq!(location(&https, "/", authority, "/x?q=1"), expected);
    }
    let http = Redirect {
        scheme: Some("http".into()),
        ..redirect()
    };
    assert_eq!(location(&http, "/", "r:80", "/x"), "http://r:80/x");
}

#[test]
fn a_port_replaces_that_of_the_caller_but_not_that_of_a_new_host() {
    let port = Redirect {
        port: Some(8443),
        ..redirect()
    };
    assert_eq!(location(&port, "/", "r", "/port"), "http://r:8443/port");
    assert_eq!(location(&port, "/", "r:80", "/port"), "http://r:8443/port");
    assert_eq!(
        location(&port, "/", "[::1]", "/port"),
        "http://[::1]:8443/port"
    );
    let both = Redirect {
        host: Some("h:81".into()),
        port: Some(82),
        ..redirect()
    };
    assert_eq!(location(&both, "/", "r", "/hp"), "http://h:81:82/hp");
}

#[test]
fn a_new_host_drops_the_port_of_the_old() {
    let host = Redirect {
        host: Some("new.example".into()),
        ..redirect()
    };
    assert_eq!(
        location(&host, "/", "r:9999", "/a?b"),
        "http://new.example/a?b"
    );
}

#[test]
fn the_query_is_kept_unless_there_is_a_new_one() {
    let replace = |path: &str, strip_query| Redirect {
        path: RedirectPath::Replace(path.into()),
        strip_query,
        ..redirect()
    };
    for (redirect, path, expected) in [
        (replace("/x", false), "/a?z=1", "http://r/x?z=1"),
        (replace("/x", false), "/a", "http://r/x"),
        (replace("/x?b=2", false), "/q?a=1", "http://r/x?b=2"),
        (replace("/x?b=2", true), "/q?a=1", "http://r/x?b=2"),
        (replace("/x", true), "/q?a=1", "http://r/x"),
        (
            replace("%PREFIX()%", false),
            "/q?a=1",
            "http://r/%PREFIX()%?a=1",
        ),
    ] {
        assert_eq!(location(&redirect, "/", "r", path), expected);
    }
}

#[test]
fn prefixes_and_patterns_rewrite_as_for_upstreams() {
    let rewrite = |rewrite, strip_query| Redirect {
        path: RedirectPath::Rewrite(rewrite),
        strip_query,
        ..redirect()
    };
    let prefix = rewrite(PathRewrite::Prefix("/new/".into()), false);
    assert_eq!(
        location(&prefix, "/pre/", "r", "/pre/abc?x=1"),
        "http://r/new/abc?x=1"
    );
    let stripped = rewrite(PathRewrite::Prefix("/new/".into()), true);
    assert_eq!(
        location(&stripped, "/pre/", "r", "/pre/abc?x=1"),
        "http://r/new/abc"
    );
    let pattern = Pattern::parse("^/re/([a-z]+)").unwrap();
    let regex = rewrite(
        PathRewrite::Regex(Substitution::parse(pattern, r"/\1-").unwrap()),
        false,
    );
    assert_eq!(
        location(&regex, "/re/", "r", "/re/abc/def?x=1"),
        "http://r/abc-/def?x=1"
    );
    assert_eq!(
        location(&regex, "/re/", "r", "/re/1/def?x=1"),
        "http://r/re/1/def?x=1"
    );
}
