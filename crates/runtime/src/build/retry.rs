//! Retry policies.

use std::time::Duration;

use sealane_xds::any;
use sealane_xds::previous_hosts::PreviousHostsPredicate;
use sealane_xds::previous_priorities::PreviousPrioritiesConfig;
use sealane_xds::route;
use sealane_xds::route::retry_policy::{
    RetryBackOff, RetryHostPredicate, RetryPriority, retry_host_predicate, retry_priority,
};

use crate::build::at::{At, fields};
use crate::build::matching::all;
use crate::build::scalar::{number, status, time, time_limit};
use crate::route::{RetryOn, RetryPolicy};

/// Envoy's first pause where the policy does not say.
const BASE_INTERVAL: Duration = Duration::from_millis(25);
/// Envoy's longest pause is this many times the first where the policy does not say.
const MAX_INTERVAL_FACTOR: u32 = 10;

pub(super) fn retry_policy(at: &At<'_>, message: &route::RetryPolicy) -> Option<RetryPolicy> {
    fields! { at, message, route::RetryPolicy {
        read: [
            retry_on, num_retries, per_try_timeout, retry_priority, retry_host_predicate,
            host_selection_retry_max_attempts, retriable_status_codes, retry_back_off,
        ],
        ignored: [],
        refused: [
            per_try_idle_timeout, retry_options_predicates, rate_limited_retry_back_off,
            retriable_headers, retriable_request_headers, refresh_cluster_on_retry,
        ],
    } }
    let conditions = conditions(&at.field("retry_on"), retry_on);
    let statuses = all(
        &at.field("retriable_status_codes"),
        retriable_status_codes,
        |at, code| status(at, *code),
    );
    let predicates = all(
        &at.field("retry_host_predicate"),
        retry_host_predicate,
        predicate,
    );
    let priorities = match retry_priority.as_ref() {
        None => Some(None),
        Some(message) => priority(&at.field("retry_priority"), message).map(Some),
    };
    let per_try_at = at.field("per_try_timeout");
    let per_try_timeout = time_limit(&per_try_at, per_try_timeout.as_ref(), None);
    let (base_interval, max_interval) =
        back_off(&at.field("retry_back_off"), retry_back_off.as_ref())?;
    Some(RetryPolicy {
        retries: number(num_retries.as_ref()).unwrap_or(1),
        per_try_timeout,
        conditions: conditions?,
        statuses: statuses?,
        avoid_previous_hosts: !predicates?.is_empty(),
        host_attempts: u32::try_from(*host_selection_retry_max_attempts)
            .unwrap_or(1)
            .max(1),
        previous_priorities: priorities?,
        base_interval,
        max_interval,
    })
}

fn conditions(at: &At<'_>, tokens: &str) -> Option<Vec<RetryOn>> {
    let tokens: Vec<_> = tokens
        .split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty())
        .map(|token| match RetryOn::parse(token) {
            Some(condition) => Some(condition),
            None => at.refuse(format_args!("`{token}` is no retry condition")),
        })
        .collect();
    tokens.into_iter().collect()
}

fn predicate(at: &At<'_>, message: &RetryHostPredicate) -> Option<()> {
    match message.config_type.as_ref() {
        Some(retry_host_predicate::ConfigType::TypedConfig(config))
            if any::is::<PreviousHostsPredicate>(config) =>
        {
            Some(())
        }
        _ => {
            at.not_understood();
            None
        }
    }
}

/// After how many tries other priorities are preferred.
fn priority(at: &At<'_>, message: &RetryPriority) -> Option<u32> {
    let Some(retry_priority::ConfigType::TypedConfig(config)) = message.config_type.as_ref() else {
        at.not_understood();
        return None;
    };
    match any::unpack::<PreviousPrioritiesConfig>(config) {
        Ok(config) => u32::try_from(config.update_frequency).ok(),
        Err(error) => at.field("typed_config").refuse(error),
    }
}

fn back_off(at: &At<'_>, message: Option<&RetryBackOff>) -> Option<(Duration, Duration)> {
    let base_at = at.field("base_interval");
    let base = match message {
        None => BASE_INTERVAL,
        Some(message) => match time(&base_at, message.base_interval.as_ref()) {
            // Envoy's pauses are whole milliseconds, at least one.
            Some(base) => base.max(Duration::from_millis(1)),
            None => return base_at.refuse("is missing"),
        },
    };
    let longest = message.and_then(|message| message.max_interval.as_ref());
    let longest = time_limit(&at.field("max_interval"), longest, None);
    match longest {
        Some(longest) if longest < base => at
            .field("max_interval")
            .refuse("is shorter than `base_interval`"),
        Some(longest) => Some((base, longest)),
        None => Some((base, base * MAX_INTERVAL_FACTOR)),
    }
}
