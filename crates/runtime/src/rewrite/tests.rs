//! Rows marked as measured come from Envoy 1.40; the others from Istio's documents.

use super::*;

fn prefix(prefix: &str) -> PathMatch {
    PathMatch::Prefix {
        prefix: prefix.into(),
        ignore_case: true,
    }
}

fn substitution(pattern: &str, replacement: &str) -> Result<Substitution, SubstitutionError> {
    Substitution::parse(Pattern::parse(pattern).unwrap(), replacement)
}

#[test]
fn a_prefix_rewrite_replaces_what_was_matched() {
    let exact = PathMatch::Exact {
        path: "/exact".into(),
        ignore_case: true,
    };
    let regex = PathMatch::Regex(Pattern::parse("/rx/.*").unwrap());
    let segments = PathMatch::Segments {
        prefix: "/seg".into(),
        ignore_case: false,
    };
    for (matched, new, path, expected) in [
        (prefix("/api"), "/v1", "/api/x?q=1", "/v1/x?q=1"),
        (prefix("/api"), "/v1", "/apiary", "/v1ary"),
        (prefix("/api/"), "/", "/api/x", "/x"),
        (prefix("/api"), "/", "/api/x", "//x"),
        (prefix("/api"), "/", "/api", "/"),
        (prefix("/"), "/v1", "/x", "/v1x"),
        (prefix("/"), "/v1/", "/x", "/v1/x"),
        (prefix("/Pre"), "/new", "/PREfoo?q", "/newfoo?q"), // measured
        (exact, "/new", "/EXACT?q=ax", "/new?q=ax"),        // measured
        (regex, "/new", "/rx/a?b", "/new?b"),               // measured
        (segments.clone(), "/new", "/seg", "/new"),         // measured
        (segments, "/new", "/seg/a", "/new/a"),             // measured
    ] {
        let rewritten = PathRewrite::Prefix(new.into()).apply(&matched, path);
        assert_eq!(rewritten.as_deref(), Some(expected), "{matched} {path}");
    }
    assert_eq!(PathRewrite::None.apply(&prefix("/"), "/x"), None);
}

#[test]
fn every_match_of_a_pattern_is_replaced_as_re2_does_it() {
    for (pattern, replacement, path, expected) in [
        ("^/a/(.*)$", r"/b/\1", "/a/x?/a/y", "/b/x?/a/y"),
        (
            "^/tenant/([^/]+)/(.*)$",
            r"/\2/for/\1",
            "/tenant/t1/x",
            "/x/for/t1",
        ),
        ("-", "_", "/a-b-c?d-e", "/a_b_c?d-e"),
        ("([a-z])x", r"<\1\0\\>", "/re/axbx?x", r"/re/<aax\><bbx\>?x"), // measured
        ("x*", "-", "/subxxaxb", "-/-s-u-b-a-b-"),                      // measured
        ("x*", "-", "/sub", "-/-s-u-b-"),                               // measured
    ] {
        let rewrite = PathRewrite::Regex(substitution(pattern, replacement).unwrap());
        let rewritten = rewrite.apply(&prefix("/"), path);
        assert_eq!(rewritten.as_deref(), Some(expected), "{pattern} {path}");
    }
}

#[test]
fn a_replacement_speaks_only_of_groups_that_exist() {
    let no_group = SubstitutionError::NoGroup {
        group: 2,
        groups: 1,
    };
    assert_eq!(substitution("(a)", r"\2"), Err(no_group));
    assert_eq!(substitution("(a)", r"\n"), Err(SubstitutionError::Escape));
    assert_eq!(substitution("(a)", r"x\"), Err(SubstitutionError::Escape));
    assert!(substitution("a", r"\0$1").is_ok());
}
