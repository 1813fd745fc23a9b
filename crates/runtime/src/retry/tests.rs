//! Envoy's retry conditions, one by one.

use super::*;

fn policy(tokens: &str, statuses: &[u16]) -> RetryPolicy {
    RetryPolicy {
        retries: 2,
        per_try_timeout: None,
        conditions: tokens
            .split(',')
            .map(|token| RetryOn::parse(token).unwrap())
            .collect(),
        statuses: statuses
            .iter()
            .map(|status| StatusCode::from_u16(*status).unwrap())
            .collect(),
        avoid_previous_hosts: true,
        host_attempts: 5,
        previous_priorities: None,
        base_interval: Duration::from_millis(25),
        max_interval: Duration::from_millis(250),
    }
}

fn answers(tokens: &str, status: u16, headers: &[(&'static str, &'static str)]) -> bool {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    policy(tokens, &[418]).retries_answer(StatusCode::from_u16(status).unwrap(), &headers)
}

const ISTIO: &str = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
const RESET: TryFailure = TryFailure::Reset { sent: true };
const UNSENT: TryFailure = TryFailure::Reset { sent: false };
const TIMEOUT: TryFailure = TryFailure::PerTryTimeout { sent: true };

#[test]
fn istios_default_retries_neither_503_nor_resets() {
    assert!(!answers(ISTIO, 503, &[]));
    assert!(answers(ISTIO, 418, &[]));
    assert!(answers(ISTIO, 200, &[("grpc-status", "14")]));
    assert!(answers(ISTIO, 200, &[("grpc-status", "1")]));
    assert!(!answers(ISTIO, 200, &[("grpc-status", "4")]));
    let policy = policy(ISTIO, &[]);
    assert!(policy.retries_failure(TryFailure::Connect));
    assert!(policy.retries_failure(TryFailure::Refused));
    assert!(!policy.retries_failure(RESET));
    assert!(!policy.retries_failure(UNSENT));
    assert!(!policy.retries_failure(TIMEOUT));
}

#[test]
fn statuses_are_retried_by_their_conditions() {
    assert!(answers("5xx", 500, &[]) && answers("5xx", 503, &[]));
    assert!(!answers("5xx", 499, &[]) && !answers("5xx", 418, &[]));
    assert!(answers("gateway-error", 502, &[]) && answers("gateway-error", 504, &[]));
    assert!(!answers("gateway-error", 500, &[]) && !answers("gateway-error", 505, &[]));
    assert!(answers("retriable-4xx", 409, &[]) && !answers("retriable-4xx", 404, &[]));
    let limited = [("x-envoy-ratelimited", "true")];
    assert!(!answers("5xx", 503, &limited) && answers("envoy-ratelimited", 429, &limited));
}

#[test]
fn resets_are_retried_by_their_conditions() {
    for tokens in ["5xx", "gateway-error", "reset"] {
        let policy = policy(tokens, &[]);
        for failure in [
            RESET,
            UNSENT,
            TIMEOUT,
            TryFailure::Connect,
            TryFailure::Refused,
        ] {
            assert!(policy.retries_failure(failure), "{tokens} {failure:?}");
        }
        assert!(!policy.retries_failure(TryFailure::Overflow));
    }
    let before = policy("reset-before-request", &[]);
    assert!(before.retries_failure(UNSENT) && before.retries_failure(TryFailure::Connect));
    assert!(!before.retries_failure(RESET) && !before.retries_failure(TIMEOUT));
    let connect = policy("connect-failure", &[]);
    assert!(!connect.retries_failure(TryFailure::Refused));
}

#[test]
fn pauses_double_up_to_the_longest_and_are_random_below_that() {
    let policy = policy("5xx", &[]);
    let longest = |retry| {
        (0..1000)
            .map(|random| policy.pause(retry, random))
            .max()
            .unwrap()
    };
    assert_eq!(longest(0), Duration::from_millis(24));
    assert_eq!(longest(1), Duration::from_millis(49));
    assert_eq!(longest(3), Duration::from_millis(199));
    assert_eq!(longest(4), Duration::from_millis(249));
    assert_eq!(longest(99), Duration::from_millis(249));
    assert_eq!(policy.pause(0, 25), Duration::ZERO);
}
