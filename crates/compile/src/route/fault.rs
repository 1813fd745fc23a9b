//! Injected faults of a rule.

use sealane_model::networking::http_route::{AbortError, DelayTime, HttpFaultInjection};
use sealane_xds::fault::fault_abort::ErrorType;
use sealane_xds::fault::{FaultAbort, HttpFault};
use sealane_xds::fault_common::FaultDelay;
use sealane_xds::fault_common::fault_delay::FaultDelaySecifier;
use sealane_xds::types::FractionalPercent;
use sealane_xds::types::fractional_percent::DenominatorType;

use crate::message;

/// The fault filter's settings for a route. Without a percentage a fault never happens.
pub(crate) fn fault(declared: &HttpFaultInjection) -> HttpFault {
    HttpFault {
        delay: delay(declared),
        abort: abort(declared),
        ..HttpFault::default()
    }
}

fn delay(declared: &HttpFaultInjection) -> Option<FaultDelay> {
    let delay = declared.delay.as_ref()?;
    let percentage = match &delay.percentage {
        Some(percent) => message::millionths(percent.value()),
        None => FractionalPercent {
            numerator: delay
                .percent
                .and_then(|value| u32::try_from(value).ok())
                .unwrap_or_default(),
            denominator: DenominatorType::Hundred as i32,
        },
    };
    match delay.time.as_ref()? {
        DelayTime::Fixed(time) => Some(FaultDelay {
            percentage: Some(percentage),
            fault_delay_secifier: Some(FaultDelaySecifier::FixedDelay(message::duration(
                time.std(),
            ))),
        }),
        DelayTime::Exponential(_) => None,
    }
}

fn abort(declared: &HttpFaultInjection) -> Option<FaultAbort> {
    let abort = declared.abort.as_ref()?;
    let error = match abort.error.as_ref()? {
        AbortError::HttpStatus(status) => {
            ErrorType::HttpStatus(u32::try_from(*status).unwrap_or_default())
        }
        AbortError::GrpcStatus(name) => ErrorType::GrpcStatus(grpc_status(name)),
        AbortError::Http2Error(_) => return None,
    };
    Some(FaultAbort {
        percentage: abort
            .percentage
            .as_ref()
            .map(|percent| message::millionths(percent.value())),
        error_type: Some(error),
        ..FaultAbort::default()
    })
}

/// The number of a gRPC status.
fn grpc_status(name: &str) -> u32 {
    let names = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let number = names.iter().position(|known| *known == name);
    number
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_default()
}
