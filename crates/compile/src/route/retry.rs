//! Retries: Istio's built-in policy, and what a rule changes of it.

use sealane_model::networking::http_route::HttpRetry;
use sealane_xds::any;
use sealane_xds::previous_hosts::PreviousHostsPredicate;
use sealane_xds::previous_priorities::PreviousPrioritiesConfig;
use sealane_xds::route::RetryPolicy;
use sealane_xds::route::retry_policy::{
    RetryBackOff, RetryHostPredicate, RetryPriority, retry_host_predicate, retry_priority,
};

use crate::message;

const RETRY_ON: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
const INBOUND_RETRY_ON: &str = "reset-before-request";

/// The retries of a route; `hashed` when its endpoint is found by a hash, so that another try
/// must find the same one.
pub(crate) fn policy(declared: Option<&HttpRetry>, hashed: bool) -> Option<RetryPolicy> {
    let mut policy = built_in(hashed);
    let Some(declared) = declared else {
        return Some(policy);
    };
    policy.num_retries = Some(message::u32_value(attempts(declared)?));
    retry_on(declared, &mut policy);
    policy.per_try_timeout = declared
        .per_try_timeout
        .map(|time| message::duration(time.std()));
    match declared.retry_ignore_previous_hosts {
        Some(true) => policy.retry_host_predicate = vec![previous_hosts()],
        Some(false) => policy.retry_host_predicate.clear(),
        None => {}
    }
    if declared.retry_remote_localities == Some(true) {
        policy.retry_priority = Some(previous_priorities());
    }
    policy.retry_back_off = declared.backoff.map(|time| back_off(time.std()));
    Some(policy)
}

/// The retries from a proxy to its own workload.
pub(crate) fn inbound(declared: Option<&HttpRetry>) -> Option<RetryPolicy> {
    let mut policy = RetryPolicy {
        retry_on: INBOUND_RETRY_ON.to_owned(),
        num_retries: Some(message::u32_value(2)),
        ..RetryPolicy::default()
    };
    let Some(declared) = declared else {
        return Some(policy);
    };
    policy.num_retries = Some(message::u32_value(attempts(declared)?));
    retry_on(declared, &mut policy);
    policy.retry_back_off = declared.backoff.map(|time| back_off(time.std()));
    Some(policy)
}

fn built_in(hashed: bool) -> RetryPolicy {
    RetryPolicy {
        retry_on: RETRY_ON.to_owned(),
        num_retries: Some(message::u32_value(2)),
        host_selection_retry_max_attempts: 5,
        retry_host_predicate: if hashed {
            Vec::new()
        } else {
            vec![previous_hosts()]
        },
        ..RetryPolicy::default()
    }
}

/// A block without attempts switches retries off.
fn attempts(declared: &HttpRetry) -> Option<u32> {
    u32::try_from(declared.attempts.unwrap_or_default())
        .ok()
        .filter(|attempts| *attempts > 0)
}

/// Status codes among the words go into a list of their own.
fn retry_on(declared: &HttpRetry, policy: &mut RetryPolicy) {
    let Some(text) = declared.retry_on.as_deref().filter(|text| !text.is_empty()) else {
        return;
    };
    let mut words: Vec<&str> = Vec::new();
    let mut codes: Vec<u32> = Vec::new();
    for word in text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        match word.parse::<u32>() {
            Ok(code) if is_status(code) => codes.push(code),
            Ok(_) | Err(_) => words.push(word),
        }
    }
    let has_word = words
        .iter()
        .any(|word| word.contains("retriable-status-codes"));
    let mut on = words.join(",");
    if !codes.is_empty() && !has_word {
        on.push_str(",retriable-status-codes");
    }
    policy.retry_on = on;
    policy.retriable_status_codes = codes;
}

/// The codes that Go's `http.StatusText` knows.
fn is_status(code: u32) -> bool {
    matches!(code, 100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=418 | 421..=426
        | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511)
}

fn back_off(base: std::time::Duration) -> RetryBackOff {
    RetryBackOff {
        base_interval: Some(message::duration(base)),
        ..RetryBackOff::default()
    }
}

fn previous_hosts() -> RetryHostPredicate {
    RetryHostPredicate {
        name: "envoy.retry_host_predicates.previous_hosts".to_owned(),
        config_type: Some(retry_host_predicate::ConfigType::TypedConfig(any::pack(
            &PreviousHostsPredicate::default(),
        ))),
    }
}

fn previous_priorities() -> RetryPriority {
    RetryPriority {
        name: "envoy.retry_priorities.previous_priorities".to_owned(),
        config_type: Some(retry_priority::ConfigType::TypedConfig(any::pack(
            &PreviousPrioritiesConfig {
                update_frequency: 2,
            },
        ))),
    }
}
