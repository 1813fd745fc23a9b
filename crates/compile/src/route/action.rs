//! Forwarding: where a rule's requests go, and what is changed on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_model::duration::Duration;
use sealane_model::networking::destination::Destination;
use sealane_model::networking::http_route::HttpRouteDestination;
use sealane_model::networking::load_balancer::ConsistentHashLb;
use sealane_model::path::FieldPath;
use sealane_xds::matcher::RegexMatchAndSubstitute;
use sealane_xds::route::route_action::{ClusterSpecifier, HostRewriteSpecifier};
use sealane_xds::route::weighted_cluster::{ClusterWeight, cluster_weight};
use sealane_xds::route::{RouteAction, WeightedCluster};

use crate::destination;
use crate::mesh::MeshSettings;
use crate::message;
use crate::notes::Notes;
use crate::policy;
use crate::route::headers::{self, Operations};
use crate::route::{hash, matches, mirror, retry, timeout};
use crate::rule::HttpRule;
use crate::service::Service;
use crate::visibility::Scope;

/// What the action of a rule is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActionInput<'a> {
    pub(crate) mesh: &'a MeshSettings,
    pub(crate) scope: &'a Scope,
    pub(crate) place: matches::Place<'a>,
    /// Services that a port left out is looked up in.
    pub(crate) services: &'a BTreeMap<String, Arc<Service>>,
}

impl<'a> ActionInput<'a> {
    fn cluster(self, destination: &Destination) -> String {
        let service = self.services.get(&destination.host).map(Arc::as_ref);
        destination::cluster(destination, service, self.place.port)
    }

    fn hash(self, destination: &Destination) -> Option<&'a ConsistentHashLb> {
        let rule = self
            .scope
            .destination_rule(self.place.proxy, &destination.host)?;
        policy::hash_for_destination(&rule.spec, destination)
    }
}

/// The action, and the header operations of a single destination, which belong to the route.
pub(crate) fn forward(
    rule: &HttpRule,
    authority: &str,
    input: ActionInput<'_>,
    notes: &mut Notes,
) -> (RouteAction, Operations) {
    let mut action = RouteAction::default();
    timeout::set(&mut action, rule.route.timeout.map(Duration::std));
    let authority = rewrite(rule, authority, &mut action);
    if !authority.is_empty() {
        action.host_rewrite_specifier = Some(HostRewriteSpecifier::HostRewriteLiteral(authority));
    }
    mirrors(rule, input, &mut action, notes);
    let (operations, hashed) = match rule.route.route.as_slice() {
        [only] => single(rule, only, input, &mut action, notes),
        several => {
            weighted(rule, several, input, &mut action, notes);
            (Operations::default(), false)
        }
    };
    let declared = rule.route.retries.as_ref();
    let declared = declared.or(input.mesh.default_http_retry_policy.as_ref());
    action.retry_policy = retry::policy(declared, hashed);
    (action, operations)
}

/// Rewrites path and authority; gives back the authority that then holds.
fn rewrite(rule: &HttpRule, authority: &str, action: &mut RouteAction) -> String {
    let Some(rewrite) = &rule.route.rewrite else {
        return authority.to_owned();
    };
    if let Some(regex) = &rewrite.uri_regex_rewrite {
        let pattern = regex.pattern.as_deref().unwrap_or_default();
        action.regex_rewrite = Some(RegexMatchAndSubstitute {
            pattern: Some(matches::regex(pattern)),
            substitution: regex.rewrite.clone().unwrap_or_default(),
        });
    } else if let Some(uri) = &rewrite.uri {
        action.prefix_rewrite.clone_from(uri);
    }
    match rewrite.authority.as_deref() {
        Some(rewritten) if !rewritten.is_empty() => rewritten.to_owned(),
        Some(_) | None => authority.to_owned(),
    }
}

fn mirrors(rule: &HttpRule, input: ActionInput<'_>, action: &mut RouteAction, notes: &mut Notes) {
    let root = FieldPath::root();
    if let (Some(destination), Some(share)) = (&rule.route.mirror, mirror::share(&rule.route)) {
        let cluster = input.cluster(destination);
        notes.reference(&cluster, destination, &rule.origin, &root.field("mirror"));
        action
            .request_mirror_policies
            .push(mirror::policy(cluster, share));
    }
    for (index, entry) in rule.route.mirrors.iter().enumerate() {
        let Some(share) = mirror::share_of(entry) else {
            continue;
        };
        let cluster = input.cluster(&entry.destination);
        let path = root.field("mirrors").index(index).field("destination");
        notes.reference(&cluster, &entry.destination, &rule.origin, &path);
        action
            .request_mirror_policies
            .push(mirror::policy(cluster, share));
    }
}

fn destination_path(index: usize) -> FieldPath {
    FieldPath::root()
        .field("route")
        .index(index)
        .field("destination")
}

fn single(
    rule: &HttpRule,
    only: &HttpRouteDestination,
    input: ActionInput<'_>,
    action: &mut RouteAction,
    notes: &mut Notes,
) -> (Operations, bool) {
    let cluster = input.cluster(&only.destination);
    notes.reference(
        &cluster,
        &only.destination,
        &rule.origin,
        &destination_path(0),
    );
    action.cluster_specifier = Some(ClusterSpecifier::Cluster(cluster));
    let operations = headers::operations(only.headers.as_ref());
    if !operations.authority.is_empty() && action.host_rewrite_specifier.is_none() {
        let authority = operations.authority.clone();
        action.host_rewrite_specifier = Some(HostRewriteSpecifier::HostRewriteLiteral(authority));
    }
    let hash = input.hash(&only.destination);
    action.hash_policy.extend(hash::policy(hash));
    (operations, hash.is_some())
}

/// Destinations with weight 0 (or none) get nothing and are left out.
fn weighted(
    rule: &HttpRule,
    several: &[HttpRouteDestination],
    input: ActionInput<'_>,
    action: &mut RouteAction,
    notes: &mut Notes,
) {
    let mut clusters = Vec::new();
    for (index, entry) in several.iter().enumerate() {
        let weight = u32::try_from(entry.weight.unwrap_or_default()).unwrap_or_default();
        if weight == 0 {
            continue;
        }
        let cluster = input.cluster(&entry.destination);
        notes.reference(
            &cluster,
            &entry.destination,
            &rule.origin,
            &destination_path(index),
        );
        clusters.push(cluster_weight(entry, cluster, weight));
        action
            .hash_policy
            .extend(hash::policy(input.hash(&entry.destination)));
    }
    action.cluster_specifier = Some(ClusterSpecifier::WeightedClusters(WeightedCluster {
        clusters,
        ..WeightedCluster::default()
    }));
}

fn cluster_weight(entry: &HttpRouteDestination, cluster: String, weight: u32) -> ClusterWeight {
    let operations = headers::operations(entry.headers.as_ref());
    let authority = (!operations.authority.is_empty()).then_some(operations.authority);
    ClusterWeight {
        name: cluster,
        weight: Some(message::u32_value(weight)),
        request_headers_to_add: operations.request_add,
        request_headers_to_remove: operations.request_remove,
        response_headers_to_add: operations.response_add,
        response_headers_to_remove: operations.response_remove,
        host_rewrite_specifier: authority
            .map(cluster_weight::HostRewriteSpecifier::HostRewriteLiteral),
        ..ClusterWeight::default()
    }
}
