//! One HTTP rule in words.

use sealane_model::networking::http_match::HttpMatchRequest;
use sealane_model::networking::http_route::{HttpRoute, HttpRouteDestination};
use sealane_model::networking::string_match::StringMatch;
use serde::Serialize;

/// A destination and its share of the rule's requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// The host, as it was written.
    pub host: String,
    /// The subset; empty when none is named.
    pub subset: String,
    /// The port; 0 when none is named.
    pub port: u32,
    /// The share, from 0 to 100.
    pub percent: f64,
}

/// The destinations of a rule with their shares.
pub fn shares(rule: &HttpRoute) -> Vec<Share> {
    let is_single = rule.route.len() == 1;
    let weight = |route: &HttpRouteDestination| match route.weight {
        None if is_single => 1.0,
        weight => f64::from(weight.unwrap_or_default().max(0)),
    };
    let total: f64 = rule.route.iter().map(weight).sum();
    let share = |route: &HttpRouteDestination| Share {
        host: route.destination.host.clone(),
        subset: route.destination.subset.clone().unwrap_or_default(),
        port: route.destination.port_number().unwrap_or_default(),
        percent: if total > 0.0 {
            weight(route) * 100.0 / total
        } else {
            0.0
        },
    };
    rule.route.iter().map(share).collect()
}

/// What a rule does instead of forwarding.
pub fn action(rule: &HttpRoute) -> Option<String> {
    if let Some(redirect) = &rule.redirect {
        let code = redirect.redirect_code.unwrap_or(301);
        let to = [&redirect.scheme, &redirect.authority, &redirect.uri];
        let to: Vec<&str> = to.into_iter().flatten().map(String::as_str).collect();
        return Some(
            format!("redirect {code} {}", to.join(" "))
                .trim()
                .to_owned(),
        );
    }
    if let Some(reply) = &rule.direct_response {
        return Some(format!("answers {}", reply.status));
    }
    rule.delegate.as_ref().map(|delegate| {
        let name = delegate.name.as_deref().unwrap_or_default();
        format!("delegates to {name}")
    })
}

/// The conditions of a rule, one text for each; `/` for a rule that takes every request.
pub fn conditions(rule: &HttpRoute) -> Vec<String> {
    if rule.matches.is_empty() {
        return vec!["/".to_owned()];
    }
    rule.matches.iter().map(condition).collect()
}

fn condition(wanted: &HttpMatchRequest) -> String {
    let mut words = vec![wanted.uri.as_ref().map_or_else(|| "/".to_owned(), path)];
    let texts = [
        ("method", &wanted.method),
        ("scheme", &wanted.scheme),
        ("authority", &wanted.authority),
    ];
    for (name, wanted) in texts {
        words.extend(
            wanted
                .as_ref()
                .map(|wanted| format!("{name}{}", value(wanted))),
        );
    }
    let fields = wanted.headers.iter();
    words.extend(fields.map(|(name, wanted)| format!("{name}:{}", value(wanted))));
    let fields = wanted.without_headers.iter();
    words.extend(fields.map(|(name, wanted)| format!("not {name}:{}", value(wanted))));
    let fields = wanted.query_params.iter();
    words.extend(fields.map(|(name, wanted)| format!("?{name}{}", value(wanted))));
    words.extend(wanted.port.map(|port| format!("port={port}")));
    let fields = wanted.source_labels.iter();
    words.extend(fields.map(|(name, value)| format!("from {name}={value}")));
    let namespace = wanted.source_namespace.iter();
    words.extend(namespace.map(|namespace| format!("from namespace {namespace}")));
    words.join(" ")
}

/// `/api` for a prefix, `=/api` for the whole path, `~/api` for an expression.
fn path(wanted: &StringMatch) -> String {
    match wanted {
        StringMatch::Present => "/".to_owned(),
        StringMatch::Prefix(prefix) => prefix.clone(),
        StringMatch::Exact(whole) => format!("={whole}"),
        StringMatch::Regex(pattern) => format!("~{pattern}"),
    }
}

fn value(wanted: &StringMatch) -> String {
    match wanted {
        StringMatch::Present => "*".to_owned(),
        StringMatch::Exact(whole) => format!("={whole}"),
        StringMatch::Prefix(prefix) => format!("={prefix}*"),
        StringMatch::Regex(pattern) => format!("~{pattern}"),
    }
}
