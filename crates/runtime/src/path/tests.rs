//! Every row was measured on Envoy 1.40.

use super::*;

const ISTIO: PathPolicy = PathPolicy {
    normalize: true,
    merge_slashes: false,
};

fn istio(path: &str) -> String {
    normalize(path, ISTIO).unwrap().into_owned()
}

#[test]
fn paths_become_what_envoy_makes_of_them() {
    for (given, expected) in [
        ("/", "/"),
        ("/a/../b", "/b"),
        ("/a/%2e%2e/b", "/b"),
        ("//b", "//b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a%2fb/..", "/"),
        ("/a\\b", "/a/b"),
        ("/a;x=1/b", "/a;x=1/b"),
        ("/a#f", "/a"),
        ("/a?x#f", "/a?x"),
        ("/./b", "/b"),
        ("/../b", "/b"),
        ("/a//../b", "/a/b"),
        ("/a%zz", "/a%zz"),
        ("/a%", "/a%"),
        ("/a%2", "/a%2"),
        ("/%2E", "/"),
        ("/%2e%2E/x", "/x"),
        ("/.%2e", "/"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/../", "/"),
        ("/...", "/..."),
        ("/a/.b", "/a/.b"),
        ("/a/..b", "/a/..b"),
        ("/a/%2e./b", "/b"),
        ("/a/b/../../..", "/"),
        ("/a\\..\\b", "/b"),
        ("/\\b", "//b"),
        ("//../a", "/a"),
        ("/a%2f..", "/a%2f.."),
        ("/.", "/"),
        ("/a/.//b", "/a//b"),
        ("/a%41", "/aA"),
        ("/a%2e", "/a."),
        ("/a%7e%7E", "/a~~"),
        ("/a%5c..", "/a%5c.."),
        ("/a?b/../c", "/a?b/../c"),
        ("/;/..;/", "/"),
        ("/a/b/..;x/c", "/a/c"),
        ("/a/b/.;x/c", "/a/b/c"),
        ("/a/b/..;", "/a/"),
        ("/a/b/%2e%2e;x/c", "/a/b/..;x/c"),
        ("/a/b/..%3b/c", "/a/b/..%3b/c"),
        ("/a;b/../c", "/c"),
        ("/a/b/...;/c", "/a/b/...;/c"),
        ("/a/b/.%2e;\\c", "/a/b/..;/c"),
        ("/a/b/..;x\\d", "/a/"),
        ("/a/b/..;x?q", "/a/?q"),
        ("/a/b/..;%00/c", "/a/c"),
        ("/a/b/..;a/..;b/c", "/c"),
        ("/%e0%zz", "/%e0%zz"),
        ("/a?%41\\", "/a?%41\\"),
        ("/a\"<>^`{|}b", "/a%22%3C%3E%5E%60%7B%7C%7Db"),
        ("/!$&'()*+,-.:;=@[]_~", "/!$&'()*+,-.:;=@[]_~"),
        ("/%20%21%7f%80", "/%20%21%7f%80"),
    ] {
        assert_eq!(istio(given), expected, "{given}");
    }
}

#[test]
fn an_encoded_nul_is_refused() {
    assert_eq!(normalize("/%00", ISTIO), Err(BadPath));
    assert_eq!(istio("/a?%00"), "/a?%00");
}

#[test]
fn without_normalisation_only_the_fragment_goes() {
    let off = PathPolicy::default();
    assert_eq!(normalize("/a/../%00#x", off).unwrap(), "/a/../%00");
}

#[test]
fn slashes_are_merged_in_the_path_alone() {
    let merge = PathPolicy {
        normalize: true,
        merge_slashes: true,
    };
    assert_eq!(normalize("//a///b/..//c?x//y", merge).unwrap(), "/a/c?x//y");
}

proptest::proptest! {
    #[test]
    fn normalising_twice_changes_nothing_more(path in "/[a-c./%\\\\2eE]{0,24}") {
        if let Ok(once) = normalize(&path, ISTIO) {
            // Decoding can uncover a new escape (`%%32e`), as in Envoy; leave those out.
            if !path.contains("%%") && !path.contains("%2%") && !path.contains("%E%") {
                let twice = normalize(&once, ISTIO).unwrap();
                proptest::prop_assert_eq!(twice.as_ref(), once.as_ref());
            }
            proptest::prop_assert!(once.starts_with('/'));
        }
    }
}
