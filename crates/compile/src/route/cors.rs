//! The CORS policy of a rule.

use sealane_model::networking::http_route::{CorsPolicy as Declared, UnmatchedPreflights};
use sealane_model::networking::string_match::StringMatch;
use sealane_xds::cors::CorsPolicy;

use crate::message;
use crate::route::matches;

/// The CORS filter's settings for a route.
pub(crate) fn policy(declared: &Declared) -> CorsPolicy {
    let exact = declared
        .allow_origin
        .iter()
        .map(|origin| StringMatch::Exact(origin.clone()));
    let origins: Vec<StringMatch> = if declared.allow_origins.is_empty() {
        exact.collect()
    } else {
        declared.allow_origins.clone()
    };
    let forward = declared.unmatched_preflights != Some(UnmatchedPreflights::Ignore);
    CorsPolicy {
        allow_origin_string_match: origins.iter().map(matches::string_matcher).collect(),
        allow_methods: declared.allow_methods.join(","),
        allow_headers: declared.allow_headers.join(","),
        expose_headers: declared.expose_headers.join(","),
        max_age: declared
            .max_age
            .map(|age| age.std().as_secs().to_string())
            .unwrap_or_default(),
        allow_credentials: declared.allow_credentials.map(message::bool_value),
        filter_enabled: Some(message::hundredths(100)),
        forward_not_matching_preflights: Some(message::bool_value(forward)),
        ..CorsPolicy::default()
    }
}
