//! Copies of requests.

use sealane_model::networking::http_route::{HttpMirrorPolicy, HttpRoute};
use sealane_xds::core::RuntimeFractionalPercent;
use sealane_xds::route::route_action::RequestMirrorPolicy;

use crate::message;

/// The share of requests that the rule's `mirror` copies; `None` for none.
pub(crate) fn share(rule: &HttpRoute) -> Option<RuntimeFractionalPercent> {
    match (&rule.mirror_percentage, rule.mirror_percent) {
        (Some(percent), _) => (percent.value() > 0.0)
            .then(|| message::runtime_percent(message::millionths(percent.value()))),
        (None, Some(percent)) => (percent > 0).then(|| message::hundredths(percent)),
        (None, None) => Some(message::hundredths(100)),
    }
}

/// The share of requests that one of the rule's `mirrors` copies; `None` for none.
pub(crate) fn share_of(mirror: &HttpMirrorPolicy) -> Option<RuntimeFractionalPercent> {
    match &mirror.percentage {
        Some(percent) => (percent.value() > 0.0)
            .then(|| message::runtime_percent(message::millionths(percent.value()))),
        None => Some(message::hundredths(100)),
    }
}

/// A copy of a share of the requests to a cluster, with the original host.
pub(crate) fn policy(cluster: String, share: RuntimeFractionalPercent) -> RequestMirrorPolicy {
    RequestMirrorPolicy {
        cluster,
        runtime_fraction: Some(share),
        trace_sampled: Some(message::bool_value(false)),
        disable_shadow_host_suffix_append: true,
        ..RequestMirrorPolicy::default()
    }
}
