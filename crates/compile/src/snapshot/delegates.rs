//! Rules that another VirtualService completes.
//!
//! A rule with `delegate` is replaced by the rules of the VirtualService that it names, each with
//! the conditions of both. One level deep.

use std::collections::{BTreeMap, BTreeSet};

use sealane_model::networking::http_match::HttpMatchRequest;
use sealane_model::networking::http_route::HttpRoute;
use sealane_model::networking::string_match::StringMatch;

use crate::declared::Declared;
use crate::finding::{self, Finding};
use crate::origin::{self, Origin, RuleOrigin};
use crate::rule::{HttpRule, Rules};

type Delegates<'a> = BTreeMap<(String, String), &'a Declared<Rules>>;

/// The HTTP rules of a VirtualService with those of its delegates in their places.
pub(super) fn merge(
    root: &Declared<Rules>,
    delegates: &Delegates<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<HttpRule> {
    let mut merged = Vec::new();
    for rule in &root.spec.http {
        let Some(delegate) = &rule.route.delegate else {
            merged.push(rule.clone());
            continue;
        };
        let name = delegate.name.clone().unwrap_or_default();
        let namespace = match delegate.namespace.as_deref() {
            Some(namespace) if !namespace.is_empty() => namespace.to_owned(),
            Some(_) | None => root.object.namespace.clone(),
        };
        let found = delegates.get(&(namespace.clone(), name.clone()));
        let visible = found.filter(|found| found.spec.export_to.includes(&root.object.namespace));
        let Some(visible) = visible else {
            findings.push(finding::no_delegate(&rule.origin.rule, &namespace, &name));
            continue;
        };
        for leaf in &visible.spec.http {
            match merge_rule(rule, leaf) {
                Some(rule) => merged.push(rule),
                None => findings.push(finding::delegate_conflict(
                    &leaf.origin.rule,
                    &rule.origin.rule,
                )),
            }
        }
    }
    merged
}

fn joined(root: Option<&str>, leaf: Option<&str>) -> Option<String> {
    let filled = |name: Option<&str>| name.filter(|name| !name.is_empty()).map(str::to_owned);
    match (filled(root), filled(leaf)) {
        (Some(root), Some(leaf)) => Some(format!("{root}-{leaf}")),
        (root, leaf) => leaf.or(root),
    }
}

fn merge_rule(root: &HttpRule, leaf: &HttpRule) -> Option<HttpRule> {
    let (pairs, places) = merge_matches(root, leaf)?;
    let (upper, lower) = (&root.route, &leaf.route);
    let inherit_mirrors = lower.mirrors.is_empty();
    let route = HttpRoute {
        name: joined(upper.name.as_deref(), lower.name.as_deref()),
        matches: pairs,
        route: lower.route.clone(),
        redirect: lower.redirect.clone(),
        direct_response: lower
            .direct_response
            .clone()
            .or_else(|| upper.direct_response.clone()),
        delegate: None,
        rewrite: lower.rewrite.clone().or_else(|| upper.rewrite.clone()),
        timeout: lower.timeout.or(upper.timeout),
        retries: lower.retries.clone().or_else(|| upper.retries.clone()),
        fault: lower.fault.clone().or_else(|| upper.fault.clone()),
        mirror: lower.mirror.clone().or_else(|| upper.mirror.clone()),
        mirrors: if inherit_mirrors {
            upper.mirrors.clone()
        } else {
            lower.mirrors.clone()
        },
        mirror_percent: lower.mirror_percent.or(upper.mirror_percent),
        mirror_percentage: lower
            .mirror_percentage
            .clone()
            .or_else(|| upper.mirror_percentage.clone()),
        cors_policy: lower
            .cors_policy
            .clone()
            .or_else(|| upper.cors_policy.clone()),
        headers: lower.headers.clone().or_else(|| upper.headers.clone()),
    };
    let ids = origin::match_ids(&route.matches, |entry| entry.name.as_deref());
    let matches = ids.into_iter().zip(places).collect();
    let rule = leaf.origin.rule.clone();
    Some(HttpRule {
        route,
        origin: RuleOrigin {
            id: leaf.origin.id.clone(),
            rule,
            matches,
        },
    })
}

/// Every pair of matches that can hold together, and the place that each is shown at. `None` when
/// one of the delegate's matches can hold with none of the root's.
fn merge_matches(root: &HttpRule, leaf: &HttpRule) -> Option<(Vec<HttpMatchRequest>, Vec<Origin>)> {
    let places = |rule: &HttpRule| {
        rule.origin
            .matches
            .iter()
            .map(|(_, place)| place.clone())
            .collect::<Vec<_>>()
    };
    if root.route.matches.is_empty() {
        return Some((leaf.route.matches.clone(), places(leaf)));
    }
    if leaf.route.matches.is_empty() {
        return Some((root.route.matches.clone(), places(root)));
    }
    let (mut pairs, mut shown) = (Vec::new(), Vec::new());
    for (lower, place) in leaf.route.matches.iter().zip(places(leaf)) {
        let before = pairs.len();
        for upper in root
            .route
            .matches
            .iter()
            .filter(|upper| !conflict(upper, lower))
        {
            pairs.push(merge_match(upper, lower));
            shown.push(place.clone());
        }
        if pairs.len() == before {
            return None;
        }
    }
    Some((pairs, shown))
}

fn both<V: Clone>(root: &BTreeMap<String, V>, leaf: &BTreeMap<String, V>) -> BTreeMap<String, V> {
    let mut all = root.clone();
    all.extend(leaf.iter().map(|(key, value)| (key.clone(), value.clone())));
    all
}

fn merge_match(root: &HttpMatchRequest, leaf: &HttpMatchRequest) -> HttpMatchRequest {
    let text = |leaf: &Option<String>, root: &Option<String>| {
        leaf.clone()
            .filter(|text| !text.is_empty())
            .or_else(|| root.clone())
    };
    let gateways = if leaf.gateways.is_empty() {
        &root.gateways
    } else {
        &leaf.gateways
    };
    HttpMatchRequest {
        name: joined(root.name.as_deref(), leaf.name.as_deref()),
        uri: leaf.uri.clone().or_else(|| root.uri.clone()),
        scheme: leaf.scheme.clone().or_else(|| root.scheme.clone()),
        method: leaf.method.clone().or_else(|| root.method.clone()),
        authority: leaf.authority.clone().or_else(|| root.authority.clone()),
        headers: both(&root.headers, &leaf.headers),
        port: leaf.port.filter(|port| *port != 0).or(root.port),
        source_labels: both(&root.source_labels, &leaf.source_labels),
        gateways: gateways.clone(),
        query_params: both(&root.query_params, &leaf.query_params),
        ignore_uri_case: leaf.ignore_uri_case,
        without_headers: both(&root.without_headers, &leaf.without_headers),
        source_namespace: text(&leaf.source_namespace, &root.source_namespace),
        stat_prefix: text(&leaf.stat_prefix, &root.stat_prefix),
    }
}

fn conflict(root: &HttpMatchRequest, leaf: &HttpMatchRequest) -> bool {
    let scalars = [
        (&root.uri, &leaf.uri),
        (&root.scheme, &leaf.scheme),
        (&root.method, &leaf.method),
        (&root.authority, &leaf.authority),
    ];
    let maps = [
        (&root.headers, &leaf.headers),
        (&root.without_headers, &leaf.without_headers),
        (&root.query_params, &leaf.query_params),
    ];
    scalars
        .iter()
        .any(|(root, leaf)| texts_conflict(root.as_ref(), leaf.as_ref()))
        || maps.iter().any(|(root, leaf)| {
            leaf.iter()
                .any(|(key, value)| texts_conflict(root.get(key), Some(value)))
        })
        || others_conflict(root, leaf)
}

fn others_conflict(root: &HttpMatchRequest, leaf: &HttpMatchRequest) -> bool {
    let filled = |text: &Option<String>| text.clone().unwrap_or_default();
    let port = |entry: &HttpMatchRequest| entry.port.unwrap_or_default();
    let labels = leaf.source_labels.iter().any(|(key, value)| {
        root.source_labels
            .get(key)
            .is_some_and(|other| other != value)
    });
    let theirs: BTreeSet<&String> = root.gateways.iter().collect();
    let gateways = !root.gateways.is_empty()
        && !leaf.gateways.is_empty()
        && !leaf.gateways.iter().all(|gateway| theirs.contains(gateway));
    let namespace = filled(&root.source_namespace);
    root.ignore_uri_case.unwrap_or_default() != leaf.ignore_uri_case.unwrap_or_default()
        || (port(root) > 0 && port(leaf) > 0 && port(root) != port(leaf))
        || (!namespace.is_empty() && namespace != filled(&leaf.source_namespace))
        || labels
        || gateways
}

/// Whether no text can meet both. Istio is strict: two regular expressions always conflict, and
/// so does presence with anything.
fn texts_conflict(root: Option<&StringMatch>, leaf: Option<&StringMatch>) -> bool {
    let (Some(root), Some(leaf)) = (root, leaf) else {
        return false;
    };
    match (root, leaf) {
        (StringMatch::Exact(root), StringMatch::Exact(leaf)) if !root.is_empty() => root != leaf,
        (StringMatch::Prefix(root), StringMatch::Prefix(leaf) | StringMatch::Exact(leaf))
            if !root.is_empty() && !leaf.is_empty() =>
        {
            !leaf.starts_with(root.as_str())
        }
        _ => true,
    }
}
