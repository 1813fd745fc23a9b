//! Host names: short names made whole, wildcards, and which of several hosts is the most specific.
//!
//! A wildcard is a name that begins with `*`; what follows is a plain suffix (`*.foo.com`,
//! `*foo.com`, `*`).

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Whether the name begins with `*`.
pub(crate) fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// What a wildcard's names end with; `None` for an exact name.
fn suffix(host: &str) -> Option<&str> {
    host.strip_prefix('*')
}

/// Whether every name of `narrow` is one of `wide`.
pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
    match (suffix(wide), suffix(narrow)) {
        (Some(wide), Some(narrow)) => narrow.ends_with(wide),
        (Some(wide), None) => narrow.ends_with(wide),
        (None, Some(_)) => false,
        (None, None) => wide == narrow,
    }
}

/// Whether one of the two covers the other.
pub(crate) fn overlaps(a: &str, b: &str) -> bool {
    covers(a, b) || covers(b, a)
}

/// The whole name of what a rule of `namespace` calls `host`: a name without a dot becomes a
/// Service of that namespace; an IP address, `*` and everything with a dot stay as they are.
pub(crate) fn whole(host: &str, namespace: &str, domain_suffix: &str) -> String {
    if host.is_empty() || host == "*" || host.contains('.') || host.parse::<IpAddr>().is_ok() {
        host.to_owned()
    } else {
        service(host, namespace, domain_suffix)
    }
}

/// The host of a Kubernetes Service.
pub(crate) fn service(name: &str, namespace: &str, domain_suffix: &str) -> String {
    format!("{name}.{namespace}.svc.{domain_suffix}")
}

/// Other forms of a host: with a dot at its end, and without what a client of `namespace` may
/// leave out of a Kubernetes host.
pub(crate) fn short_forms(host: &str, namespace: &str, domain_suffix: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if host.parse::<IpAddr>().is_err() {
        forms.push(format!("{host}."));
    }
    let Some(base) = host.strip_suffix(&format!(".svc.{domain_suffix}")) else {
        return forms;
    };
    let Some((first, own)) = base.split_once('.') else {
        return forms;
    };
    let svc = format!("{base}.svc");
    if own == namespace {
        forms.extend([first.to_owned(), svc, base.to_owned()]);
    } else {
        forms.extend([base.to_owned(), svc]);
    }
    forms
}

/// `[fe80::1]` for an IPv6 address; anything else as it is.
pub(crate) fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// The hosts that two lists have in common, the narrower one of each pair, in the order of the
/// first list.
pub(crate) fn intersection(ours: &[String], theirs: &[String]) -> Vec<String> {
    let mut common: Vec<String> = Vec::new();
    for our in ours {
        for their in theirs {
            let narrower = if covers(their, our) {
                our
            } else if covers(our, their) {
                their
            } else {
                continue;
            };
            if !common.contains(narrower) {
                common.push(narrower.clone());
            }
        }
    }
    common
}

/// Values by host, looked up by the most specific host: an exact one before any wildcard, the
/// longest wildcard before shorter ones.
#[derive(Debug, Clone)]
pub(crate) struct HostMap<V> {
    exact: BTreeMap<String, V>,
    wildcard: BTreeMap<String, V>,
}

impl<V> Default for HostMap<V> {
    fn default() -> Self {
        Self {
            exact: BTreeMap::new(),
            wildcard: BTreeMap::new(),
        }
    }
}

impl<V> HostMap<V> {
    /// The value of exactly this host or wildcard, made if there is none.
    pub(crate) fn entry(&mut self, host: &str) -> &mut V
    where
        V: Default,
    {
        let map = if is_wildcard(host) {
            &mut self.wildcard
        } else {
            &mut self.exact
        };
        map.entry(host.to_owned()).or_default()
    }

    /// The value of the most specific host that covers this one. A wildcard is looked for among
    /// wildcards only.
    pub(crate) fn most_specific(&self, host: &str) -> Option<&V> {
        let exact = if is_wildcard(host) {
            self.wildcard.get(host)
        } else {
            self.exact.get(host)
        };
        if exact.is_some() {
            return exact;
        }
        let mut best: Option<(&String, &V)> = None;
        for (wildcard, value) in &self.wildcard {
            let longer = best.is_none_or(|(found, _)| wildcard.len() > found.len());
            if covers(wildcard, host) && longer {
                best = Some((wildcard, value));
            }
        }
        best.map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_services_of_the_rules_namespace() {
        let cases = [
            ("reviews", "reviews.prod.svc.cluster.local"),
            ("reviews.default", "reviews.default"),
            ("*", "*"),
            ("::1", "::1"),
            ("example.com", "example.com"),
        ];
        for (host, expected) in cases {
            assert_eq!(whole(host, "prod", "cluster.local"), expected, "{host}");
        }
    }

    #[test]
    fn wildcards_are_plain_suffixes() {
        assert!(covers("*.foo.com", "a.foo.com"));
        assert!(!covers("*.foo.com", "foo.com"));
        assert!(covers("*foo.com", "foo.com"));
        assert!(covers("*foo.com", "xfoo.com"));
        assert!(covers("*", "*.com"));
        assert!(!covers("*.com", "*"));
        assert!(overlaps("*.com", "*"));
        assert!(!overlaps("a.com", "b.com"));
    }

    #[test]
    fn the_longest_wildcard_wins_after_an_exact_host() {
        let mut map = HostMap::<u8>::default();
        *map.entry("*.com") = 1;
        *map.entry("*.foo.com") = 2;
        *map.entry("a.foo.com") = 3;
        assert_eq!(map.most_specific("a.foo.com"), Some(&3));
        assert_eq!(map.most_specific("b.foo.com"), Some(&2));
        assert_eq!(map.most_specific("b.com"), Some(&1));
        assert_eq!(map.most_specific("*.bar.com"), Some(&1));
        assert_eq!(map.most_specific("b.org"), None);
    }

    #[test]
    fn the_narrower_host_of_each_pair_remains() {
        let ours = ["*.foo.com".to_owned(), "a.com".to_owned()];
        let theirs = ["x.foo.com".to_owned(), "*.com".to_owned()];
        assert_eq!(
            intersection(&ours, &theirs),
            ["x.foo.com", "*.foo.com", "a.com"]
        );
    }
}
