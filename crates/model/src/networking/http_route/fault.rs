//! Injected faults of a route.

use crate::duration::Duration;
use crate::networking::http_route::action::Percent;
use crate::schema::{object, oneof};

object! {
    /// Delays and aborts that are injected before a request is forwarded.
    pub struct HttpFaultInjection = "HTTPFaultInjection" {
        /// A delay.
        delay: Option<Delay> = "delay",
        /// An answer without the workload.
        abort: Option<Abort> = "abort",
    }
}

object! {
    /// An injected delay.
    pub struct Delay = "Delay" {
        /// The percentage, before `percentage` existed; 0 to 100.
        percent: Option<i32> = "percent" [deprecated: Some("use `percentage: {value: …}`")],
        /// How many requests are delayed; absent (with `percent` absent) is none.
        percentage: Option<Percent> = "percentage",
    } oneof {
        /// How long.
        time: DelayTime,
    }
}

oneof! {
    /// How long a delay is.
    pub enum DelayTime {
        /// Always the same.
        Fixed(Duration) = "fixedDelay",
        /// Never implemented by Istio; validation refuses it.
        Exponential(Duration) = "exponentialDelay",
    }
}

object! {
    /// An injected answer.
    pub struct Abort = "Abort" {
        /// No field any more: Istio drops it, so that the abort never happens.
        percent: Option<i32> = "percent" [deprecated: Some(
            "Istio no longer reads it, so nothing is aborted; use `percentage: {value: …}`",
        )],
        /// How many requests are aborted; absent is none.
        percentage: Option<Percent> = "percentage",
    } oneof {
        /// With what.
        error: AbortError,
    }
}

oneof! {
    /// What an abort answers with.
    pub enum AbortError {
        /// An HTTP status.
        HttpStatus(i32) = "httpStatus",
        /// A gRPC status by name: `UNAVAILABLE`.
        GrpcStatus(String) = "grpcStatus",
        /// Never implemented by Istio; validation refuses it.
        Http2Error(String) = "http2Error",
    }
}
