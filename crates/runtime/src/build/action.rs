//! Sending requests to upstreams.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderName, StatusCode};
use sealane_xds::route::route_action::hash_policy::{Cookie, PolicySpecifier};
use sealane_xds::route::route_action::{
    self, ClusterNotFoundResponseCode, ClusterSpecifier, HostRewriteSpecifier, MaxStreamDuration,
    RequestMirrorPolicy,
};
use sealane_xds::route::weighted_cluster::ClusterWeight;
use sealane_xds::route::weighted_cluster::cluster_weight;
use sealane_xds::route::{RouteAction, WeightedCluster};

use crate::build::at::{At, Maybe, fields};
use crate::build::draw::Draw;
use crate::build::header::{Lists, header_ops};
use crate::build::matching::all;
use crate::build::retry::retry_policy;
use crate::build::scalar::{number, runtime_fraction, time, time_limit};
use crate::build::string::substitution;
use crate::header::HeaderOps;
use crate::route::{Forward, HashPolicy, HostRewrite, Mirror, PathRewrite};
use crate::split::{Part, Split};

/// Envoy's limit for a whole request where the route does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

#[expect(deprecated, reason = "Istio still writes `max_grpc_timeout`")]
pub(super) fn forward(at: &At<'_>, message: &RouteAction, draw: &Draw<'_>) -> Option<Forward> {
    fields! { at, message, RouteAction {
        read: [
            cluster_specifier, host_rewrite_specifier, append_x_forwarded_host, prefix_rewrite,
            regex_rewrite, timeout, max_grpc_timeout, max_stream_duration, retry_policy,
            request_mirror_policies, hash_policy, cluster_not_found_response_code,
        ],
        // TLS early data is never accepted; flushing has no limit of its own; rate limits, the only
        // reader of this switch, are refused.
        ignored: [early_data_policy, flush_timeout, include_vh_rate_limits],
        refused: [
            metadata_match, path_rewrite_policy, path_rewrite, idle_timeout,
            retry_policy_typed_config, priority, rate_limits, cors, grpc_timeout_offset,
            upgrade_configs, internal_redirect_policy, internal_redirect_action,
            max_internal_redirects, hedge_policy,
        ],
    } }
    let split = split(at, cluster_specifier.as_ref(), draw);
    let rewrite = rewrite(at, prefix_rewrite, regex_rewrite.as_ref());
    let host_rewrite = host_rewrite(at, host_rewrite_specifier.as_ref());
    let retry = match retry_policy.as_ref() {
        None => Some(None),
        Some(policy) => self::retry_policy(&at.field("retry_policy"), policy)
            .map(|policy| Some(Arc::new(policy))),
    };
    let mirrors_at = at.field("request_mirror_policies");
    let mirrors: Vec<_> = request_mirror_policies
        .iter()
        .enumerate()
        .map(|(index, policy)| {
            mirror(
                &mirrors_at.index(index),
                policy,
                format!("{}#mirror{index}", draw.key),
            )
        })
        .collect();
    let mirrors: Option<Vec<_>> = mirrors.into_iter().collect();
    let hash = all(&at.field("hash_policy"), hash_policy, self::hash_policy);
    let grpc = grpc_timeout(
        &at.field("max_stream_duration"),
        max_stream_duration.as_ref(),
    )
    .or_else(|| time(&at.field("max_grpc_timeout"), max_grpc_timeout.as_ref()));
    let timeout = time_limit(
        &at.field("timeout"),
        timeout.as_ref(),
        Some(DEFAULT_TIMEOUT),
    );
    let not_found = cluster_not_found(at, *cluster_not_found_response_code);
    Some(Forward {
        split: Arc::new(split?),
        rewrite: rewrite?,
        host_rewrite: host_rewrite?.0,
        append_forwarded_host: *append_x_forwarded_host,
        cluster_not_found: not_found?,
        timeout,
        max_grpc_timeout: grpc,
        retry: retry?,
        mirrors: mirrors?.into_iter().filter_map(|mirror| mirror.0).collect(),
        hash: hash?,
    })
}

fn split(at: &At<'_>, clusters: Option<&ClusterSpecifier>, draw: &Draw<'_>) -> Option<Split> {
    let parts = match clusters {
        Some(ClusterSpecifier::Cluster(cluster)) => vec![Part {
            cluster: Arc::from(cluster.as_str()),
            weight: 1,
            headers: HeaderOps::default(),
            host_rewrite: None,
        }],
        Some(ClusterSpecifier::WeightedClusters(weighted)) => {
            return weighted_split(&at.field("weighted_clusters"), weighted, draw);
        }
        Some(
            ClusterSpecifier::ClusterHeader(_)
            | ClusterSpecifier::ClusterSpecifierPlugin(_)
            | ClusterSpecifier::InlineClusterSpecifierPlugin(_),
        ) => {
            at.field("cluster_specifier").not_understood();
            return None;
        }
        None => return at.refuse("says no cluster"),
    };
    Some(Split {
        key: Arc::from(draw.key),
        parts,
        total: 1,
        random: draw.random,
    })
}

#[expect(deprecated, reason = "the old field is ignored by name")]
fn weighted_split(at: &At<'_>, message: &WeightedCluster, draw: &Draw<'_>) -> Option<Split> {
    fields! { at, message, WeightedCluster {
        read: [clusters],
        // Envoy ignores both: the total is the sum, and there is no runtime.
        ignored: [total_weight, runtime_key_prefix],
        refused: [random_value_specifier],
    } }
    let parts = all(&at.field("clusters"), clusters, part)?;
    let parts: Vec<_> = parts.into_iter().filter(|part| part.weight > 0).collect();
    let total = parts.iter().map(|part| part.weight).sum();
    match total {
        0 => at.refuse("no cluster has a weight"),
        1..=0xffff_ffff => Some(Split {
            key: Arc::from(draw.key),
            parts,
            total,
            random: draw.random,
        }),
        _ => at.refuse("the weights add up to more than 4294967295"),
    }
}

fn part(at: &At<'_>, message: &ClusterWeight) -> Option<Part> {
    fields! { at, message, ClusterWeight {
        read: [
            name, weight, request_headers_to_add, request_headers_to_remove,
            response_headers_to_add, response_headers_to_remove, host_rewrite_specifier,
        ],
        ignored: [],
        refused: [cluster_header, metadata_match, typed_per_filter_config],
    } }
    if name.is_empty() {
        at.field("name").refuse::<()>("is missing");
    }
    let headers = header_ops(
        at,
        &Lists {
            request_add: request_headers_to_add,
            request_remove: request_headers_to_remove,
            response_add: response_headers_to_add,
            response_remove: response_headers_to_remove,
        },
    );
    Some(Part {
        cluster: Arc::from(name.as_str()),
        weight: number(weight.as_ref()).unwrap_or(0).into(),
        headers: headers?,
        host_rewrite: host_rewrite_specifier
            .as_ref()
            .map(|rewrite| match rewrite {
                cluster_weight::HostRewriteSpecifier::HostRewriteLiteral(host) => {
                    Arc::from(host.as_str())
                }
            }),
    })
}

fn rewrite(
    at: &At<'_>,
    prefix: &str,
    regex: Option<&sealane_xds::matcher::RegexMatchAndSubstitute>,
) -> Option<PathRewrite> {
    match (prefix, regex) {
        ("", None) => Some(PathRewrite::None),
        (prefix, None) => Some(PathRewrite::Prefix(Arc::from(prefix))),
        ("", Some(regex)) => {
            substitution(&at.field("regex_rewrite"), regex).map(PathRewrite::Regex)
        }
        (_, Some(_)) => at.refuse("has both `prefix_rewrite` and `regex_rewrite`"),
    }
}

fn host_rewrite(
    at: &At<'_>,
    specifier: Option<&HostRewriteSpecifier>,
) -> Option<Maybe<HostRewrite>> {
    Some(Maybe(match specifier {
        None => None,
        Some(HostRewriteSpecifier::HostRewriteLiteral(host)) => {
            Some(HostRewrite::Literal(Arc::from(host.as_str())))
        }
        Some(HostRewriteSpecifier::AutoHostRewrite(auto)) => {
            auto.value.then_some(HostRewrite::Endpoint)
        }
        Some(HostRewriteSpecifier::HostRewriteHeader(name)) => {
            match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => Some(HostRewrite::Header(name)),
                Err(_) => return at.field("host_rewrite_header").refuse("not a header name"),
            }
        }
        Some(
            HostRewriteSpecifier::HostRewritePathRegex(_) | HostRewriteSpecifier::HostRewrite(_),
        ) => {
            at.field("host_rewrite_specifier").not_understood();
            return None;
        }
    }))
}

fn grpc_timeout(at: &At<'_>, message: Option<&MaxStreamDuration>) -> Option<Duration> {
    fields! { at, message?, MaxStreamDuration {
        read: [max_stream_duration, grpc_timeout_header_max],
        ignored: [],
        refused: [grpc_timeout_header_offset],
    } }
    // Zero is no limit, which istiod writes for inbound routes.
    let limit_at = at.field("max_stream_duration");
    if time(&limit_at, max_stream_duration.as_ref()).is_some_and(|limit| !limit.is_zero()) {
        limit_at.not_understood();
    }
    time(
        &at.field("grpc_timeout_header_max"),
        grpc_timeout_header_max.as_ref(),
    )
}

fn cluster_not_found(at: &At<'_>, code: i32) -> Option<StatusCode> {
    match ClusterNotFoundResponseCode::try_from(code) {
        Ok(ClusterNotFoundResponseCode::ServiceUnavailable) => {
            Some(StatusCode::SERVICE_UNAVAILABLE)
        }
        Ok(ClusterNotFoundResponseCode::NotFound) => Some(StatusCode::NOT_FOUND),
        Ok(ClusterNotFoundResponseCode::InternalServerError) => {
            Some(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => at
            .field("cluster_not_found_response_code")
            .refuse("not one of its values"),
    }
}

/// Nothing for a mirror that never copies anything.
fn mirror(at: &At<'_>, message: &RequestMirrorPolicy, key: String) -> Option<Maybe<Mirror>> {
    fields! { at, message, RequestMirrorPolicy {
        read: [cluster, runtime_fraction, disable_shadow_host_suffix_append],
        ignored: [trace_sampled],
        refused: [cluster_header, request_headers_mutations, host_rewrite_literal],
    } }
    let share = self::runtime_fraction(&at.field("runtime_fraction"), runtime_fraction.as_ref())?;
    Some(Maybe((!share.is_none()).then(|| Mirror {
        cluster: Arc::from(cluster.as_str()),
        share,
        key: key.into(),
        host_suffix: !disable_shadow_host_suffix_append,
    })))
}

fn hash_policy(at: &At<'_>, message: &route_action::HashPolicy) -> Option<HashPolicy> {
    at.refuse_set("terminal", &message.terminal);
    match message.policy_specifier.as_ref() {
        Some(PolicySpecifier::Header(header)) => {
            let at = at.field("header");
            at.refuse_set("regex_rewrite", &header.regex_rewrite);
            match HeaderName::from_bytes(header.header_name.as_bytes()) {
                Ok(name) => Some(HashPolicy::Header(name)),
                Err(_) => at.field("header_name").refuse("not a header name"),
            }
        }
        Some(PolicySpecifier::Cookie(cookie)) => hash_cookie(&at.field("cookie"), cookie),
        Some(PolicySpecifier::ConnectionProperties(properties)) if properties.source_ip => {
            Some(HashPolicy::SourceIp)
        }
        Some(PolicySpecifier::QueryParameter(parameter)) => Some(HashPolicy::QueryParameter(
            Arc::from(parameter.name.as_str()),
        )),
        Some(PolicySpecifier::ConnectionProperties(_) | PolicySpecifier::FilterState(_)) => {
            at.not_understood();
            None
        }
        None => at.refuse("says nothing to hash"),
    }
}

fn hash_cookie(at: &At<'_>, cookie: &Cookie) -> Option<HashPolicy> {
    let ttl = match cookie.ttl.as_ref() {
        None => None,
        Some(_) => Some(time(&at.field("ttl"), cookie.ttl.as_ref())?),
    };
    Some(HashPolicy::Cookie {
        name: Arc::from(cookie.name.as_str()),
        ttl,
        path: (!cookie.path.is_empty()).then(|| Arc::from(cookie.path.as_str())),
        attributes: cookie
            .attributes
            .iter()
            .map(|attribute| {
                let name = Arc::from(attribute.name.as_str());
                (name, Arc::from(attribute.value.as_str()))
            })
            .collect(),
    })
}
