//! The syntaxes of Istio's texts: hosts, names, labels, addresses, headers, expressions.

mod header;
mod host;

pub use header::{claim, header_name, header_value, operation_name};
pub use host::{
    fqdn, gateway_host, hosts_overlap, is_covered, is_dns_label, sidecar_host, sni_host,
    wildcard_domain,
};

use std::net::IpAddr;

use regex::RegexBuilder;

/// Why a text does not have the wanted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What to write instead; may be empty.
    pub help: &'static str,
}

impl Fault {
    /// A fault with help.
    pub fn new(message: impl Into<String>, help: &'static str) -> Self {
        Self {
            message: message.into(),
            help,
        }
    }
}

/// The longest regular expression that Istio takes, in bytes.
pub const MAX_REGEX: usize = 1024;

/// A regular expression in RE2's syntax.
pub fn regex(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new("the regular expression is empty", ""));
    }
    if text.len() > MAX_REGEX {
        let message = format!("the regular expression has {} bytes", text.len());
        return Err(Fault::new(message, "write at most 1024 bytes"));
    }
    let built = RegexBuilder::new(text).size_limit(1 << 22).build();
    let Err(error) = built else { return Ok(()) };
    let text = error.to_string();
    // The last line names the problem; those before it draw the expression.
    let reason = text
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let help = if text.contains("look-around") || text.contains("backreferences") {
        "RE2 has no look-around and no back-references: match what may come instead"
    } else {
        "write it in RE2's syntax: https://github.com/google/re2/wiki/Syntax"
    };
    Err(Fault::new(
        format!("the regular expression does not compile: {reason}"),
        help,
    ))
}

/// An IP address.
pub fn ip(text: &str) -> Result<(), Fault> {
    match text.parse::<IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::new(format!("`{text}` is no IP address"), "")),
    }
}

/// An IP address, or a block of them in CIDR notation.
pub fn subnet(text: &str) -> Result<(), Fault> {
    let block = text.contains('/') && text.parse::<ipnet::IpNet>().is_ok();
    if block || text.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    let help = "write it as `10.0.0.0/8` or `10.1.2.3`";
    Err(Fault::new(
        format!("`{text}` is no address and no block of addresses"),
        help,
    ))
}

/// The part of `unix://…` after the prefix: an absolute path, or an abstract name after `@`.
pub fn unix_path(text: &str) -> Result<(), Fault> {
    if text.starts_with('@') || (text.starts_with('/') && !text.ends_with('/')) {
        return Ok(());
    }
    Err(Fault::new(
        format!("`{text}` is no absolute path of a socket"),
        "",
    ))
}

/// A name that is a DNS label.
pub fn dns_label(what: &str, text: &str) -> Result<(), Fault> {
    if is_dns_label(text) {
        return Ok(());
    }
    let help = "use at most 63 letters, digits and `-`, with a letter or digit at both ends";
    Err(Fault::new(format!("`{text}` is no {what}"), help))
}

/// A key and a value of labels.
pub fn label(key: &str, value: &str) -> Result<(), Fault> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_fits =
        prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label));
    if !prefix_fits || !is_qualified(name) || name.len() > 63 {
        let help = "use letters, digits, `-`, `_` and `.`, after an optional `domain/`";
        return Err(Fault::new(format!("`{key}` is no key of a label"), help));
    }
    if !value.is_empty() && !is_qualified(value) {
        let help = "use letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";
        return Err(Fault::new(
            format!("`{value}` is no value of a label"),
            help,
        ));
    }
    Ok(())
}

fn is_qualified(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().last())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
