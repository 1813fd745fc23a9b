//! The conditions of a rule that a request meets, and those that a proxy meets.

use std::collections::BTreeMap;

use sealane_model::networking::http_match::HttpMatchRequest;
use sealane_model::networking::string_match::StringMatch;
use sealane_xds::matcher::metadata_matcher::PathSegment;
use sealane_xds::matcher::metadata_matcher::path_segment::Segment;
use sealane_xds::matcher::string_matcher::MatchPattern;
use sealane_xds::matcher::value_matcher::MatchPattern as ValuePattern;
use sealane_xds::matcher::{
    ListMatcher, MetadataMatcher, RegexMatcher, StringMatcher, ValueMatcher, list_matcher,
};
use sealane_xds::route::header_matcher::HeaderMatchSpecifier;
use sealane_xds::route::query_parameter_matcher::QueryParameterMatchSpecifier;
use sealane_xds::route::route_match::PathSpecifier;
use sealane_xds::route::{HeaderMatcher, QueryParameterMatcher, RouteMatch};

use crate::identity::ProxyIdentity;
use crate::message;

/// Where a rule is compiled for: whose proxy, which port, which gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) port: u16,
    /// `mesh`, or `NAMESPACE/NAME` of the Gateway.
    pub(crate) gateway: &'a str,
}

/// Whether a match can hold at this place at all. Gateways that are named stand in place of
/// labels and namespace.
pub(crate) fn applies(entry: &HttpMatchRequest, place: Place<'_>) -> bool {
    let port = entry.port.unwrap_or_default();
    if port != 0 && port != u32::from(place.port) {
        return false;
    }
    if !entry.gateways.is_empty() {
        return entry
            .gateways
            .iter()
            .any(|gateway| gateway == place.gateway);
    }
    let namespace = entry.source_namespace.as_deref().unwrap_or_default();
    place.proxy.has_labels(&entry.source_labels)
        && (namespace.is_empty() || namespace == place.proxy.namespace)
}

/// A regular expression.
pub(crate) fn regex(pattern: &str) -> RegexMatcher {
    RegexMatcher {
        regex: pattern.to_owned(),
        ..RegexMatcher::default()
    }
}

/// What every request meets.
pub(crate) fn everything() -> RouteMatch {
    RouteMatch {
        path_specifier: Some(PathSpecifier::Prefix("/".to_owned())),
        ..RouteMatch::default()
    }
}

/// The conditions on the request.
pub(crate) fn route_match(entry: Option<&HttpMatchRequest>) -> RouteMatch {
    let Some(entry) = entry else {
        return everything();
    };
    let mut out = everything();
    headers(entry, &mut out);
    match &entry.uri {
        Some(StringMatch::Exact(path)) => {
            out.path_specifier = Some(PathSpecifier::Path(path.clone()));
        }
        Some(StringMatch::Prefix(prefix)) => {
            out.path_specifier = Some(PathSpecifier::Prefix(prefix.clone()));
        }
        Some(StringMatch::Regex(pattern)) => {
            out.path_specifier = Some(PathSpecifier::SafeRegex(regex(pattern)));
        }
        Some(StringMatch::Present) | None => {}
    }
    out.case_sensitive = Some(message::bool_value(
        !entry.ignore_uri_case.unwrap_or_default(),
    ));
    let pseudo = [
        (":method", &entry.method),
        (":authority", &entry.authority),
        (":scheme", &entry.scheme),
    ];
    for (name, wanted) in pseudo {
        out.headers
            .extend(wanted.as_ref().map(|wanted| header(name, wanted)));
    }
    out.query_parameters = query_parameters(&entry.query_params);
    out
}

fn headers(entry: &HttpMatchRequest, out: &mut RouteMatch) {
    for (name, wanted) in &entry.headers {
        match claim_path(name) {
            Some(path) => out.dynamic_metadata.push(claim(&path, wanted, false)),
            None => out.headers.push(header(name, wanted)),
        }
    }
    for (name, unwanted) in &entry.without_headers {
        if let Some(path) = claim_path(name) {
            out.dynamic_metadata.push(claim(&path, unwanted, true));
            continue;
        }
        let mut matcher = header(name, unwanted);
        matcher.invert_match = true;
        matcher.treat_missing_header_as_empty = !is_presence(unwanted);
        out.headers.push(matcher);
    }
    out.headers.sort_by(|a, b| a.name.cmp(&b.name));
}

/// `{}` and the single star ask for presence only.
fn is_presence(wanted: &StringMatch) -> bool {
    match wanted {
        StringMatch::Present => true,
        StringMatch::Regex(pattern) => pattern == "*",
        StringMatch::Exact(_) | StringMatch::Prefix(_) => false,
    }
}

/// How a text is compared; nothing for presence.
pub(crate) fn string_matcher(wanted: &StringMatch) -> StringMatcher {
    let pattern = match wanted {
        StringMatch::Exact(text) => Some(MatchPattern::Exact(text.clone())),
        StringMatch::Prefix(text) => Some(MatchPattern::Prefix(text.clone())),
        StringMatch::Regex(pattern) => Some(MatchPattern::SafeRegex(regex(pattern))),
        StringMatch::Present => None,
    };
    StringMatcher {
        match_pattern: pattern,
        ..StringMatcher::default()
    }
}

fn header(name: &str, wanted: &StringMatch) -> HeaderMatcher {
    let specifier = if is_presence(wanted) {
        HeaderMatchSpecifier::PresentMatch(true)
    } else {
        HeaderMatchSpecifier::StringMatch(string_matcher(wanted))
    };
    HeaderMatcher {
        name: name.to_owned(),
        header_match_specifier: Some(specifier),
        ..HeaderMatcher::default()
    }
}

fn query_parameters(wanted: &BTreeMap<String, StringMatch>) -> Vec<QueryParameterMatcher> {
    let matchers = wanted.iter().map(|(name, wanted)| {
        let specifier = if is_presence(wanted) {
            QueryParameterMatchSpecifier::PresentMatch(true)
        } else {
            QueryParameterMatchSpecifier::StringMatch(string_matcher(wanted))
        };
        QueryParameterMatcher {
            name: name.clone(),
            query_parameter_match_specifier: Some(specifier),
        }
    });
    matchers.collect()
}

/// The path of a claim that a header name stands for: `@request.auth.claims.a.b`, or
/// `@request.auth.claims[a][b]` where names have dots.
fn claim_path(name: &str) -> Option<Vec<String>> {
    let lower = name.to_ascii_lowercase();
    let start = "@request.auth.claims";
    if !lower.starts_with(start) {
        return None;
    }
    let rest = name.split_at_checked(start.len())?.1;
    if let Some(dotted) = rest.strip_prefix('.') {
        return Some(dotted.split('.').map(str::to_owned).collect());
    }
    let inner = rest.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.split("][").map(str::to_owned).collect())
}

/// A claim is a text, or one of a list of texts.
fn claim(path: &[String], wanted: &StringMatch, invert: bool) -> MetadataMatcher {
    let key = |key: &str| PathSegment {
        segment: Some(Segment::Key(key.to_owned())),
    };
    let mut segments = vec![key("request.auth.claims")];
    segments.extend(path.iter().map(|name| key(name)));
    let text = ValueMatcher {
        match_pattern: Some(ValuePattern::StringMatch(string_matcher(wanted))),
    };
    let list = ListMatcher {
        match_pattern: Some(list_matcher::MatchPattern::OneOf(Box::new(text))),
    };
    MetadataMatcher {
        filter: "envoy.filters.http.jwt_authn".to_owned(),
        path: segments,
        value: Some(ValueMatcher {
            match_pattern: Some(ValuePattern::ListMatch(Box::new(list))),
        }),
        invert,
    }
}

/// Whether a match takes every request.
pub(crate) fn is_catch_all(entry: &RouteMatch) -> bool {
    let any_path = match &entry.path_specifier {
        Some(PathSpecifier::Prefix(prefix) | PathSpecifier::PathSeparatedPrefix(prefix)) => {
            prefix == "/"
        }
        Some(PathSpecifier::SafeRegex(regex)) => regex.regex == ".*",
        Some(
            PathSpecifier::Path(_)
            | PathSpecifier::ConnectMatcher(_)
            | PathSpecifier::PathMatchPolicy(_),
        )
        | None => false,
    };
    any_path
        && entry.headers.is_empty()
        && entry.query_parameters.is_empty()
        && entry.dynamic_metadata.is_empty()
}
