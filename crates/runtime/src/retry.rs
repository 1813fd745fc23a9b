//! Whether a try is worth another, as Envoy's router judges it.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::route::{RetryOn, RetryPolicy};

#[cfg(test)]
mod tests;

/// How a try failed before an answer began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryFailure {
    /// No connection was made, by error or by timeout.
    Connect,
    /// The upstream refused the stream before it looked at it (HTTP/2 `REFUSED_STREAM`, a GOAWAY).
    Refused,
    /// The stream or connection ended before an answer began.
    Reset {
        /// Whether any byte of the request had been sent.
        sent: bool,
    },
    /// The time for one try was over.
    PerTryTimeout {
        /// Whether any byte of the request had been sent.
        sent: bool,
    },
    /// A limit of the cluster was reached. Never tried again.
    Overflow,
}

impl RetryOn {
    /// The condition that Envoy calls `token`.
    pub fn parse(token: &str) -> Option<Self> {
        Some(match token {
            "5xx" => Self::FiveXx,
            "gateway-error" => Self::GatewayError,
            "reset" => Self::Reset,
            "reset-before-request" => Self::ResetBeforeRequest,
            "connect-failure" => Self::ConnectFailure,
            "retriable-4xx" => Self::Retriable4xx,
            "refused-stream" => Self::RefusedStream,
            "retriable-status-codes" => Self::RetriableStatusCodes,
            "retriable-headers" => Self::RetriableHeaders,
            "envoy-ratelimited" => Self::EnvoyRateLimited,
            "http3-post-connect-failure" => Self::Http3PostConnectFailure,
            "cancelled" => Self::GrpcCancelled,
            "deadline-exceeded" => Self::GrpcDeadlineExceeded,
            "internal" => Self::GrpcInternal,
            "resource-exhausted" => Self::GrpcResourceExhausted,
            "unavailable" => Self::GrpcUnavailable,
            _ => return None,
        })
    }

    /// The gRPC status that the condition speaks of.
    fn grpc_status(self) -> Option<u32> {
        match self {
            Self::GrpcCancelled => Some(1),
            Self::GrpcDeadlineExceeded => Some(4),
            Self::GrpcResourceExhausted => Some(8),
            Self::GrpcInternal => Some(13),
            Self::GrpcUnavailable => Some(14),
            Self::FiveXx
            | Self::GatewayError
            | Self::Reset
            | Self::ResetBeforeRequest
            | Self::ConnectFailure
            | Self::Retriable4xx
            | Self::RefusedStream
            | Self::RetriableStatusCodes
            | Self::RetriableHeaders
            | Self::EnvoyRateLimited
            | Self::Http3PostConnectFailure => None,
        }
    }
}

impl RetryPolicy {
    /// Whether an answer with these headers is worth another try.
    pub fn retries_answer(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        if headers.contains_key("x-envoy-ratelimited") {
            return self.conditions.contains(&RetryOn::EnvoyRateLimited);
        }
        let grpc = headers
            .get("grpc-status")
            .and_then(|value| value.to_str().ok());
        let grpc = grpc.and_then(|value| value.parse::<u32>().ok());
        self.conditions.iter().any(|condition| match condition {
            RetryOn::FiveXx => status.is_server_error(),
            RetryOn::GatewayError => matches!(status.as_u16(), 502..=504),
            RetryOn::Retriable4xx => status == StatusCode::CONFLICT,
            RetryOn::RetriableStatusCodes => self.statuses.contains(&status),
            other => grpc.is_some() && other.grpc_status() == grpc,
        })
    }

    /// Whether a try that failed this way is worth another.
    pub fn retries_failure(&self, failure: TryFailure) -> bool {
        let unsent = match failure {
            TryFailure::Overflow => return false,
            TryFailure::Connect | TryFailure::Refused => true,
            TryFailure::Reset { sent } | TryFailure::PerTryTimeout { sent } => !sent,
        };
        self.conditions.iter().any(|condition| match condition {
            RetryOn::Reset | RetryOn::FiveXx | RetryOn::GatewayError => true,
            RetryOn::ResetBeforeRequest => unsent,
            RetryOn::ConnectFailure => failure == TryFailure::Connect,
            RetryOn::RefusedStream => failure == TryFailure::Refused,
            _ => false,
        })
    }

    /// The pause before the retry of this number, the first being 0: random, below a bound that
    /// doubles each time up to the longest. `random` is any number.
    pub fn pause(&self, retry: u32, random: u64) -> Duration {
        let factor = 1_u32.checked_shl(retry).unwrap_or(u32::MAX);
        let bound = self
            .base_interval
            .saturating_mul(factor)
            .min(self.max_interval);
        let bound = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.checked_rem(bound).unwrap_or(0))
    }
}
