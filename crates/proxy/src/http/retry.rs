//! Whether, and when, a request is tried again: Envoy's retry policy.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use sealane_runtime::route::{RetryOn, RetryPolicy};
use sealane_seam::Random;

use crate::failure::{Failure, ResetReason};

/// How a try ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended<'a> {
    /// With an answer.
    Answered(StatusCode, &'a HeaderMap),
    /// Without one.
    Failed(&'a Failure),
}

/// What to do after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Take the outcome as it is.
    Accept,
    /// It would be tried again, but the retries are used up.
    Exhausted,
    /// Try again after a pause.
    After(Duration),
}

/// The retries of one request.
#[derive(Debug)]
pub(crate) struct Retries<'a> {
    policy: Option<&'a RetryPolicy>,
    left: u32,
    /// The next pause is below this.
    interval: Duration,
}

impl<'a> Retries<'a> {
    pub(crate) fn new(policy: Option<&'a RetryPolicy>) -> Self {
        Self {
            policy,
            left: policy.map_or(0, |policy| policy.retries),
            interval: policy.map_or(Duration::ZERO, |policy| policy.base_interval),
        }
    }

    /// What to do after a try that ended so.
    pub(crate) fn next(&mut self, ended: Ended<'_>, random: &dyn Random) -> Next {
        let Some(policy) = self.policy else {
            return Next::Accept;
        };
        if !policy.conditions.iter().any(|on| holds(*on, policy, ended)) {
            return Next::Accept;
        }
        if self.left == 0 {
            return Next::Exhausted;
        }
        self.left -= 1;
        Next::After(self.pause(policy, random))
    }

    /// A random part of an interval that doubles.
    fn pause(&mut self, policy: &RetryPolicy, random: &dyn Random) -> Duration {
        let interval = self.interval;
        self.interval = interval.saturating_mul(2).min(policy.max_interval);
        let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.below(millis))
    }
}

/// Whether a condition for another try holds.
fn holds(on: RetryOn, policy: &RetryPolicy, ended: Ended<'_>) -> bool {
    match ended {
        Ended::Answered(status, headers) => answered(on, policy, status, headers),
        Ended::Failed(failure) => failed(on, failure),
    }
}

fn answered(on: RetryOn, policy: &RetryPolicy, status: StatusCode, headers: &HeaderMap) -> bool {
    // An upstream that sheds load is not asked again, unless that is what the policy is about.
    if headers.contains_key("x-envoy-ratelimited") {
        return on == RetryOn::EnvoyRateLimited;
    }
    if headers.contains_key("x-envoy-overloaded") {
        return false;
    }
    match on {
        RetryOn::FiveXx => status.is_server_error(),
        RetryOn::GatewayError => matches!(status.as_u16(), 502..=504),
        RetryOn::Retriable4xx => status == StatusCode::CONFLICT,
        RetryOn::RetriableStatusCodes => policy.statuses.contains(&status),
        RetryOn::GrpcCancelled => grpc_status_is(headers, "1"),
        RetryOn::GrpcDeadlineExceeded => grpc_status_is(headers, "4"),
        RetryOn::GrpcResourceExhausted => grpc_status_is(headers, "8"),
        RetryOn::GrpcInternal => grpc_status_is(headers, "13"),
        RetryOn::GrpcUnavailable => grpc_status_is(headers, "14"),
        // Which headers those are is not in Istio's API.
        RetryOn::RetriableHeaders
        | RetryOn::Reset
        | RetryOn::ResetBeforeRequest
        | RetryOn::ConnectFailure
        | RetryOn::RefusedStream
        | RetryOn::EnvoyRateLimited
        | RetryOn::Http3PostConnectFailure => false,
    }
}

fn failed(on: RetryOn, failure: &Failure) -> bool {
    if !failure.meaning(false).retriable {
        return false;
    }
    match on {
        RetryOn::FiveXx | RetryOn::GatewayError | RetryOn::Reset => true,
        RetryOn::ConnectFailure | RetryOn::ResetBeforeRequest => {
            matches!(failure, Failure::Connect(_))
        }
        RetryOn::RefusedStream => *failure == Failure::Reset(ResetReason::RefusedStream),
        RetryOn::Retriable4xx
        | RetryOn::RetriableStatusCodes
        | RetryOn::RetriableHeaders
        | RetryOn::EnvoyRateLimited
        | RetryOn::Http3PostConnectFailure
        | RetryOn::GrpcCancelled
        | RetryOn::GrpcDeadlineExceeded
        | RetryOn::GrpcInternal
        | RetryOn::GrpcResourceExhausted
        | RetryOn::GrpcUnavailable => false,
    }
}

fn grpc_status_is(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get("grpc-status")
        .is_some_and(|status| status == wanted)
}

#[cfg(test)]
mod tests {
    use sealane_seam::SeededRandom;

    use super::*;
    use crate::failure::ConnectFailure;

    fn policy(conditions: &[RetryOn]) -> RetryPolicy {
        RetryPolicy {
            retries: 2,
            per_try_timeout: None,
            conditions: conditions.to_vec(),
            statuses: vec![StatusCode::IM_A_TEAPOT],
            avoid_previous_hosts: false,
            host_attempts: 1,
            previous_priorities: None,
            base_interval: Duration::from_millis(25),
            max_interval: Duration::from_millis(250),
        }
    }

    #[track_caller]
    fn check(on: RetryOn, ended: Ended<'_>, again: bool) {
        let policy = policy(&[on]);
        let next = Retries::new(Some(&policy)).next(ended, &SeededRandom::new(1));
        assert_eq!(matches!(next, Next::After(_)), again, "{on:?} {ended:?}");
    }

    #[test]
    fn conditions_are_those_of_envoy() {
        let none = HeaderMap::new();
        let unavailable = Ended::Answered(StatusCode::SERVICE_UNAVAILABLE, &none);
        let teapot = Ended::Answered(StatusCode::IM_A_TEAPOT, &none);
        check(RetryOn::FiveXx, unavailable, true);
        check(RetryOn::FiveXx, teapot, false);
        check(RetryOn::RetriableStatusCodes, teapot, true);
        check(RetryOn::ConnectFailure, unavailable, false);
        let refused = Failure::Connect(ConnectFailure::Timeout);
        check(RetryOn::ConnectFailure, Ended::Failed(&refused), true);
        check(RetryOn::FiveXx, Ended::Failed(&refused), true);
        check(RetryOn::RefusedStream, Ended::Failed(&refused), false);
        check(RetryOn::FiveXx, Ended::Failed(&Failure::Overflow), false);
        check(RetryOn::Reset, Ended::Failed(&Failure::PerTryTimeout), true);
        let mut overloaded = HeaderMap::new();
        overloaded.insert("x-envoy-overloaded", "true".parse().unwrap());
        let shed = Ended::Answered(StatusCode::SERVICE_UNAVAILABLE, &overloaded);
        check(RetryOn::FiveXx, shed, false);
    }

    #[test]
    fn pauses_double_up_to_the_limit_and_then_the_retries_are_used_up() {
        let policy = policy(&[RetryOn::FiveXx]);
        let mut retries = Retries::new(Some(&policy));
        let none = HeaderMap::new();
        let ended = Ended::Answered(StatusCode::SERVICE_UNAVAILABLE, &none);
        let random = SeededRandom::new(5);
        for below in [25, 50] {
            match retries.next(ended, &random) {
                Next::After(pause) => assert!(pause < Duration::from_millis(below)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(retries.next(ended, &random), Next::Exhausted);
    }
}
