//! Vectors of the `xxHash` specification, and what a stock Envoy 1.40 was seen to do.

use std::time::Duration;

use http::{HeaderValue, Method};

use super::*;

#[test]
fn the_published_vectors_hold() {
    // The sanity buffer of the reference implementation.
    let mut generator = 2_654_435_761_u64;
    let buffer: Vec<u8> = (0..222)
        .map(|_| {
            let byte = generator.to_be_bytes()[0];
            generator = generator.wrapping_mul(11_400_714_785_074_694_797);
            byte
        })
        .collect();
    let prime = 2_654_435_761;
    for (length, seed, expected) in [
        (0, 0, 0xEF46_DB37_51D8_E999),
        (0, prime, 0xAC75_FDA2_929B_17EF),
        (1, 0, 0xE934_A84A_DB05_2768),
        (1, prime, 0x5014_6076_43A9_B4C3),
        (4, 0, 0x9136_A0DC_A574_57EE),
        (14, 0, 0x8282_DCC4_994E_35C8),
        (14, prime, 0xC3BD_6BF6_3DEB_6DF0),
        (33, 7, 0x39B4_22D1_2316_B0D7),
        (222, 0, 0xB641_AE8C_B691_C174),
        (222, prime, 0x20CB_8AB7_AE10_C14A),
    ] {
        let found = xx64(&buffer[..length], seed);
        assert_eq!(found, expected, "{length} {seed} {found:x}");
    }
    assert_eq!(xx64(b"abc", 0), 0x44BC_2CF5_AD77_0999);
}

fn cookie_policy(ttl: Option<u64>) -> HashPolicy {
    HashPolicy::Cookie {
        name: "c".into(),
        ttl: ttl.map(Duration::from_secs),
        path: ttl.filter(|ttl| *ttl > 0).map(|_| "/p".into()),
        attributes: Vec::new(),
    }
}

fn hash(
    policies: &[HashPolicy],
    headers: &[(&'static str, &'static str)],
) -> (Option<u64>, Vec<NewCookie>) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    let head = RequestHead {
        method: &Method::GET,
        scheme: "http",
        authority: "a",
        path_and_query: "/?q=v1&q=v2",
        headers: &map,
    };
    let mut new = Vec::new();
    let source = "::ffff:127.0.0.1".parse().unwrap();
    let hash = request_hash(policies, &head, source, (0xABC, &mut new));
    (hash, new)
}

#[test]
fn each_policy_hashes_what_it_names() {
    let user = HashPolicy::Header("x-user".parse().unwrap());
    let query = HashPolicy::QueryParameter("q".into());
    let one = |text: &str| (Some(xx64(text.as_bytes(), 0)), Vec::new());
    assert_eq!(
        hash(std::slice::from_ref(&user), &[("x-user", "k0")]),
        one("k0")
    );
    assert_eq!(hash(std::slice::from_ref(&user), &[]), (None, Vec::new()));
    assert_eq!(hash(std::slice::from_ref(&query), &[]), one("v1"));
    assert_eq!(hash(&[HashPolicy::SourceIp], &[]), one("127.0.0.1"));
    let both = xx64(b"k0", 0).rotate_left(1) ^ xx64(b"v1", 0);
    assert_eq!(
        hash(&[user.clone(), query.clone()], &[("x-user", "k0")]).0,
        Some(both)
    );
    assert_eq!(hash(&[user.clone(), query], &[]), one("v1"));
    let sorted = Some(xx64(b"k1", xx64(b"k0", 0)));
    assert_eq!(
        hash(&[user], &[("x-user", "k1"), ("x-user", "k0")]).0,
        sorted
    );
}

#[test]
fn a_cookie_is_found_among_others_and_without_its_quotes() {
    for line in ["c=k0", "x=1; c=k0; z=2", "c=\"k0\""] {
        let headers = [("cookie", line)];
        let expected = Some(xx64(b"k0", 0));
        assert_eq!(
            hash(&[cookie_policy(Some(10))], &headers),
            (expected, Vec::new()),
            "{line}"
        );
    }
}

#[test]
fn a_missing_cookie_is_made_where_it_has_a_lifetime() {
    let made = Some(xx64(b"0000000000000abc", 0));
    for (ttl, set_cookie) in [
        (
            Some(10),
            "c=\"0000000000000abc\"; Max-Age=10; Path=/p; HttpOnly",
        ),
        (Some(0), "c=\"0000000000000abc\"; HttpOnly"),
    ] {
        let cookie = NewCookie {
            set_cookie: set_cookie.to_owned(),
        };
        assert_eq!(hash(&[cookie_policy(ttl)], &[]), (made, vec![cookie]));
    }
    assert_eq!(hash(&[cookie_policy(None)], &[]), (None, Vec::new()));
}
