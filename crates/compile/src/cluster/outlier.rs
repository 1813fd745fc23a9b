//! Ejection of failing endpoints.

use sealane_model::networking::outlier::OutlierDetection as Declared;
use sealane_xds::cluster::OutlierDetection;
use sealane_xds::envoy::envoy::config::common::matcher::v3::match_predicate::{MatchSet, Rule};
use sealane_xds::envoy::envoy::config::common::matcher::v3::{HttpHeadersMatch, MatchPredicate};
use sealane_xds::matcher::StringMatcher;
use sealane_xds::matcher::string_matcher::MatchPattern;
use sealane_xds::protobuf::UInt32Value;
use sealane_xds::route::HeaderMatcher;
use sealane_xds::route::header_matcher::HeaderMatchSpecifier;
use sealane_xds::types::Percent;
use sealane_xds::upstream_http::http_protocol_options;

use crate::cluster::upstream::Upstream;
use crate::message;

/// Ejects as declared. Where anything is declared, requests never go to ejected endpoints, unless
/// a least share of healthy ones is asked for.
pub(super) fn apply(upstream: &mut Upstream, declared: Option<&Declared>) {
    let Some(declared) = declared else { return };
    upstream.cluster.outlier_detection = Some(detection(declared));
    if let Ok(percent) = u32::try_from(declared.min_health_percent.unwrap_or_default()) {
        let threshold = Percent {
            value: f64::from(percent),
        };
        upstream.common_lb().healthy_panic_threshold = Some(threshold);
    }
    if !declared.outlier_detection_http_error_codes.is_empty() {
        let matcher = errors(&declared.outlier_detection_http_error_codes);
        upstream.http().outlier_detection = Some(http_protocol_options::OutlierDetection {
            error_matcher: Some(matcher),
        });
    }
}

/// A count, and how much of it is enforced: 0 switches it off.
fn count(value: Option<u32>) -> (Option<UInt32Value>, Option<UInt32Value>) {
    let enforced = value.map(|value| if value > 0 { 100 } else { 0 });
    (
        value.map(message::u32_value),
        enforced.map(message::u32_value),
    )
}

fn detection(declared: &Declared) -> OutlierDetection {
    let (consecutive_5xx, enforcing_5xx) = count(declared.consecutive_5xx_errors);
    let (gateway, enforcing_gateway) = count(declared.consecutive_gateway_errors);
    let ejected = declared
        .max_ejection_percent
        .and_then(|percent| u32::try_from(percent).ok());
    let mut detection = OutlierDetection {
        consecutive_5xx,
        enforcing_consecutive_5xx: enforcing_5xx,
        consecutive_gateway_failure: gateway,
        enforcing_consecutive_gateway_failure: enforcing_gateway,
        enforcing_success_rate: Some(message::u32_value(0)),
        interval: declared.interval.map(|time| message::duration(time.std())),
        base_ejection_time: declared
            .base_ejection_time
            .map(|time| message::duration(time.std())),
        max_ejection_percent: ejected
            .filter(|percent| *percent > 0)
            .map(message::u32_value),
        ..OutlierDetection::default()
    };
    if declared.split_external_local_origin_errors == Some(true) {
        detection.split_external_local_origin_errors = true;
        detection.enforcing_local_origin_success_rate = Some(message::u32_value(0));
        let failures = declared
            .consecutive_local_origin_failures
            .filter(|value| *value > 0);
        detection.consecutive_local_origin_failure = failures.map(message::u32_value);
        detection.enforcing_consecutive_local_origin_failure =
            failures.map(|_| message::u32_value(100));
    }
    detection
}

/// Answers with one of these codes.
fn errors(codes: &[u32]) -> MatchPredicate {
    let mut rules: Vec<MatchPredicate> = codes.iter().map(|code| status(*code)).collect();
    if rules.len() == 1 {
        return rules.remove(0);
    }
    MatchPredicate {
        rule: Some(Rule::OrMatch(MatchSet { rules })),
    }
}

fn status(code: u32) -> MatchPredicate {
    let exact = StringMatcher {
        match_pattern: Some(MatchPattern::Exact(code.to_string())),
        ..StringMatcher::default()
    };
    let header = HeaderMatcher {
        name: ":status".to_owned(),
        header_match_specifier: Some(HeaderMatchSpecifier::StringMatch(exact)),
        ..HeaderMatcher::default()
    };
    let headers = HttpHeadersMatch {
        headers: vec![header],
    };
    MatchPredicate {
        rule: Some(Rule::HttpResponseHeadersMatch(headers)),
    }
}
