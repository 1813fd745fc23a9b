//! Outlier detection.

use std::time::Duration;

use sealane_xds::cluster::OutlierDetection;
use sealane_xds::protobuf::UInt32Value;

use crate::build::at::{At, fields};
use crate::build::scalar::{number, time_limit};
use crate::cluster::Outlier;

/// Envoy's count for each of the consecutive kinds where it is not set.
const CONSECUTIVE: u32 = 5;
/// Envoy's time between two looks.
const INTERVAL: Duration = Duration::from_secs(10);
/// Envoy's time of a first ejection.
const BASE_TIME: Duration = Duration::from_secs(30);
/// Envoy's longest ejection, where the first is not longer.
const MAX_TIME: Duration = Duration::from_mins(5);
/// Envoy's most ejected endpoints, in percent.
const MAX_PERCENT: u8 = 10;

pub(super) fn outlier(at: &At<'_>, message: &OutlierDetection) -> Outlier {
    fields! { at, message, OutlierDetection {
        read: [
            consecutive_5xx, interval, base_ejection_time, max_ejection_percent,
            enforcing_consecutive_5xx, consecutive_gateway_failure,
            enforcing_consecutive_gateway_failure, split_external_local_origin_errors,
            consecutive_local_origin_failure, enforcing_consecutive_local_origin_failure,
            max_ejection_time, enforcing_success_rate, enforcing_local_origin_success_rate,
            enforcing_failure_percentage, enforcing_failure_percentage_local_origin,
        ],
        // They shape detectors that are refused where they are enforced; active health checks are
        // refused with the cluster.
        ignored: [
            success_rate_minimum_hosts, success_rate_request_volume, success_rate_stdev_factor,
            failure_percentage_threshold, failure_percentage_minimum_hosts,
            failure_percentage_request_volume, successful_active_health_check_uneject_host,
        ],
        refused: [max_ejection_time_jitter, monitors, always_eject_one_host, detect_degraded_hosts],
    } }
    let statistical = [
        ("enforcing_success_rate", enforcing_success_rate),
        (
            "enforcing_local_origin_success_rate",
            enforcing_local_origin_success_rate,
        ),
        ("enforcing_failure_percentage", enforcing_failure_percentage),
        (
            "enforcing_failure_percentage_local_origin",
            enforcing_failure_percentage_local_origin,
        ),
    ];
    for (name, enforcing) in statistical {
        if number(enforcing.as_ref()).unwrap_or(0) > 0 {
            at.field(name).not_understood();
        }
    }
    let limit = |name, value: Option<&_>, default| {
        time_limit(&at.field(name), value, Some(default)).unwrap_or(default)
    };
    let base_time = limit("base_ejection_time", base_ejection_time.as_ref(), BASE_TIME);
    let max_time = limit("max_ejection_time", max_ejection_time.as_ref(), MAX_TIME);
    let max_percent = number(max_ejection_percent.as_ref()).map(|percent| percent.min(100));
    Outlier {
        consecutive_5xx: enforced(100, *enforcing_consecutive_5xx, *consecutive_5xx),
        consecutive_gateway: enforced(
            0,
            *enforcing_consecutive_gateway_failure,
            *consecutive_gateway_failure,
        ),
        consecutive_local: enforced(
            100,
            *enforcing_consecutive_local_origin_failure,
            *consecutive_local_origin_failure,
        )
        .filter(|_| *split_external_local_origin_errors),
        split_local: *split_external_local_origin_errors,
        interval: limit("interval", interval.as_ref(), INTERVAL),
        base_time,
        max_time: max_time.max(base_time),
        max_percent: max_percent
            .and_then(|percent| u8::try_from(percent).ok())
            .unwrap_or(MAX_PERCENT),
        error_statuses: Vec::new(),
    }
}

/// The count of a detector, if it is enforced at all; a part of 100 percent counts as all.
fn enforced(
    default: u32,
    enforcing: Option<UInt32Value>,
    count: Option<UInt32Value>,
) -> Option<u32> {
    let enforcing = number(enforcing.as_ref()).unwrap_or(default);
    let count = number(count.as_ref()).unwrap_or(CONSECUTIVE);
    (enforcing > 0 && count > 0).then_some(count)
}
