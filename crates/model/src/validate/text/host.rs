//! Hosts: DNS names with an optional wildcard, alone or behind a namespace.

use std::net::IpAddr;

use crate::validate::text::{Fault, dns_label};

/// Whether a text is a DNS label, in any case.
pub fn is_dns_label(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && ends(text.chars().next())
        && ends(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// A first label that may be `*`, `*x` or `*-x`.
fn is_wildcard_label(text: &str) -> bool {
    let rest = text.strip_prefix('*').unwrap_or(text);
    let wild = rest.len() < text.len();
    let name = if wild {
        rest.strip_prefix('-').unwrap_or(rest)
    } else {
        rest
    };
    text.len() <= 63 && (is_dns_label(name) || (wild && rest.is_empty()))
}

fn sized(text: &str) -> Result<(), Fault> {
    match text.len() {
        0 => Err(Fault::new("the host is empty", "")),
        1..=255 => Ok(()),
        _ => Err(Fault::new("the host is longer than 255 characters", "")),
    }
}

fn labels(whole: &str, text: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = text.split('.').collect();
    let last = parts.last().copied().unwrap_or_default();
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("`{whole}` is no host: its last label is a number");
        return Err(Fault::new(message, ""));
    }
    for (position, label) in parts.iter().enumerate() {
        // The last one may be empty: `istio.io.`.
        let closing = position + 1 == parts.len() && label.is_empty();
        if !closing && !is_dns_label(label) {
            let message = format!("`{whole}` is no host: the label `{label}` is not allowed");
            let help = "use letters, digits and `-` in each label; a wildcard only as the first";
            return Err(Fault::new(message, help));
        }
    }
    Ok(())
}

/// A DNS name without wildcard.
pub fn fqdn(text: &str) -> Result<(), Fault> {
    sized(text)?;
    labels(text, text)
}

/// A DNS name whose first label may be a wildcard.
pub fn wildcard_domain(text: &str) -> Result<(), Fault> {
    sized(text)?;
    let (first, rest) = text
        .split_once('.')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    if !is_wildcard_label(first) {
        let message = format!("`{text}` is no host: the label `{first}` is not allowed");
        let help = "use letters, digits and `-` in each label; a wildcard only as the first";
        return Err(Fault::new(message, help));
    }
    rest.map_or(Ok(()), |rest| labels(text, rest))
}

/// A server name: as [`wildcard_domain`], or the form of `AUTO_PASSTHROUGH` gateways
/// (`outbound_.80_._.reviews.default.svc.cluster.local`).
pub fn sni_host(text: &str) -> Result<(), Fault> {
    if !text.starts_with("outbound_") {
        return wildcard_domain(text);
    }
    sized(text)?;
    let parts: Vec<&str> = text.split('_').collect();
    let port = parts
        .get(1)
        .is_some_and(|port| port.bytes().any(|byte| byte.is_ascii_digit()));
    let host = parts
        .get(3)
        .is_some_and(|host| host.bytes().any(|b| b.is_ascii_alphabetic()));
    if port && host {
        return Ok(());
    }
    let help = "write it as `outbound_.PORT_.SUBSET_.HOST`";
    Err(Fault::new(
        format!("`{text}` is no server name of a cluster"),
        help,
    ))
}

fn is_partial_wildcard(text: &str) -> bool {
    text.contains('*') && text != "*" && !text.starts_with("*.")
}

fn full_host(text: &str, addresses: bool) -> Result<(), Fault> {
    if addresses && text.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    if text != "*" && !text.contains('.') {
        let help = "write the whole name, such as `reviews.default.svc.cluster.local`";
        return Err(Fault::new(
            format!("the short name `{text}` is not allowed here"),
            help,
        ));
    }
    wildcard_domain(text)?;
    if is_partial_wildcard(text) {
        let help = "a wildcard must be a whole label: `*.example.com`";
        return Err(Fault::new(
            format!("`{text}` has a wildcard inside a label"),
            help,
        ));
    }
    Ok(())
}

/// The host of a Gateway's server: `host` or `namespace/host`.
pub fn gateway_host(text: &str) -> Result<(), Fault> {
    let Some((namespace, host)) = text.split_once('/') else {
        return full_host(text, true);
    };
    if !matches!(namespace, "*" | ".") {
        dns_label("namespace", namespace)?;
    }
    full_host(host, true)
}

/// A host of a Sidecar's egress: `namespace/host`, excluded with a `~` before it.
pub fn sidecar_host(text: &str) -> Result<(), Fault> {
    let help = "write it as `namespace/host`: `./*`, `*/reviews.prod.svc.cluster.local`";
    let Some((namespace, host)) = text.split_once('/') else {
        return Err(Fault::new(format!("`{text}` names no namespace"), help));
    };
    if namespace.is_empty() || host.is_empty() {
        return Err(Fault::new(format!("`{text}` has an empty part"), help));
    }
    let name = namespace.strip_prefix('~').unwrap_or(namespace);
    if !matches!(name, "" | "*" | ".") {
        dns_label("namespace", name)?;
    }
    full_host(host, false)
}

/// Whether one of two hosts contains the other.
pub fn hosts_overlap(a: &str, b: &str) -> bool {
    is_covered(a, b) || is_covered(b, a)
}

/// Whether every name that `narrow` matches is also matched by `wide`.
pub fn is_covered(narrow: &str, wide: &str) -> bool {
    match (narrow.strip_prefix('*'), wide.strip_prefix('*')) {
        (Some(narrow), Some(wide)) => narrow.ends_with(wide),
        (Some(_), None) => false,
        (None, Some(wide)) => narrow.ends_with(wide),
        (None, None) => narrow == wide,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_only_a_first_label() {
        for host in ["a", "a.b", "*", "*.a", "*a.b", "*-a.b", "A.b.", "xn--a.com"] {
            assert!(wildcard_domain(host).is_ok(), "{host}");
        }
        for host in [
            "", "a.*", "a_b", "-a", "a..b", "1.2.3.4", "a.1", "**.a", "a*",
        ] {
            assert!(wildcard_domain(host).is_err(), "{host}");
        }
        assert!(fqdn("*.a").is_err());
    }

    #[test]
    fn gateways_and_sidecars_want_whole_names() {
        for host in ["*", "a.com", "*.a.com", "ns/a.com", "./*", "*/*", "1.2.3.4"] {
            assert!(gateway_host(host).is_ok(), "{host}");
        }
        for host in ["a", "*a.com", "NS_/a.com", "/a.com", "ns/"] {
            assert!(gateway_host(host).is_err(), "{host}");
        }
        for host in ["./*", "*/*", "~/*", "~prod/a.com", "prod/a.com"] {
            assert!(sidecar_host(host).is_ok(), "{host}");
        }
        for host in ["*", "a.com", "prod/a", "/a.com"] {
            assert!(sidecar_host(host).is_err(), "{host}");
        }
    }

    #[test]
    fn overlap_is_symmetric_and_cover_is_not() {
        assert!(hosts_overlap("*.com", "a.com") && hosts_overlap("a.com", "*.com"));
        assert!(!hosts_overlap("*.foo.com", "foo.com"));
        assert!(is_covered("*.foo.com", "*.com") && !is_covered("*.com", "*.foo.com"));
    }
}
