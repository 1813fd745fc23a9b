//! Domains are found as a naive reading of Envoy's rules finds them.

use proptest::prelude::*;

use super::*;

fn index(domains: &[String]) -> DomainIndex {
    let mut index = DomainIndex::default();
    for (place, domain) in domains.iter().enumerate() {
        if let Err(first) = index.insert(domain, place) {
            assert!(first < place, "the first place stays");
        }
    }
    index
}

fn table(domains: &[&str]) -> DomainIndex {
    let domains: Vec<_> = domains.iter().map(ToString::to_string).collect();
    index(&domains)
}

#[test]
fn the_most_specific_domain_wins() {
    let table = table(&["*", "*.com", "*.a.com", "x.a.com", "x.*", "x.a.*"]);
    for (host, place) in [
        ("x.a.com", 3),
        ("y.a.com", 2),
        ("a.com", 1),
        ("x.b.com", 1),
        ("x.a.org", 5),
        ("x.b.org", 4),
        ("y.org", 0),
        (".a.com", 1),
    ] {
        assert_eq!(table.find(host, false), Some(place), "{host}");
    }
}

#[test]
fn a_star_stands_for_at_least_one_character() {
    let table = table(&["*.a.com", "x.*"]);
    assert_eq!(table.find(".a.com", false), None);
    assert_eq!(table.find("x.", false), None);
    assert_eq!(table.find("b.a.com", false), Some(0));
}

#[test]
fn letter_case_and_port_do_not_count_when_ignored() {
    let table = table(&["Reviews.Default", "[::1]", "a.", "b:80"]);
    assert_eq!(table.find("REVIEWS.default:9080", true), Some(0));
    assert_eq!(table.find("reviews.default:9080", false), None);
    assert_eq!(table.find("[::1]:80", true), Some(1));
    assert_eq!(table.find("[::1]", true), Some(1));
    assert_eq!(table.find("a.:80", true), Some(2));
    assert_eq!(table.find("a", true), None);
    assert_eq!(table.find("b:80", false), Some(3));
    assert_eq!(table.find("b:80", true), None);
    assert_eq!(table.find("", true), None);
}

#[test]
fn a_domain_belongs_to_one_virtual_host() {
    let mut index = DomainIndex::default();
    for domain in ["a.com", "*.com", "a.*", "*"] {
        assert_eq!(index.insert(domain, 0), Ok(()));
        assert_eq!(index.insert(&domain.to_uppercase(), 1), Err(0));
    }
}

/// Envoy's rules, read aloud.
fn naive(domains: &[String], host: &str) -> Option<usize> {
    let host = host.to_ascii_lowercase();
    let lower: Vec<_> = domains
        .iter()
        .map(|domain| domain.to_ascii_lowercase())
        .collect();
    let first = |wanted: &dyn Fn(&str) -> bool| lower.iter().position(|domain| wanted(domain));
    if host.is_empty() {
        return None;
    }
    if let Some(place) = first(&|domain| domain == host && !domain.contains('*')) {
        return Some(place);
    }
    for length in (0..host.len()).rev() {
        let suffix = format!("*{}", host.get(host.len() - length..).unwrap());
        if let Some(place) = first(&|domain| domain != "*" && domain == suffix) {
            return Some(place);
        }
    }
    for length in (0..host.len()).rev() {
        let prefix = format!("{}*", host.get(..length).unwrap());
        if let Some(place) = first(&|domain| domain != "*" && domain == prefix) {
            return Some(place);
        }
    }
    first(&|domain| domain == "*")
}

proptest! {
    #[test]
    fn the_index_agrees_with_a_naive_search(
        domains in prop::collection::vec("[abA]{0,2}(\\.[ab]{1,2}){0,2}|\\*[.ab]{0,4}|[.ab]{1,4}\\*", 0..12),
        hosts in prop::collection::vec("[abB.]{0,6}", 8),
    ) {
        let index = index(&domains);
        for host in hosts {
            prop_assert_eq!(index.find(&host, false), naive(&domains, &host), "{}", host);
        }
    }
}
