//! When an endpoint that fails is left out for a while.

use crate::duration::Duration;
use crate::schema::object;

object! {
    /// When an endpoint that fails is left out for a while.
    pub struct OutlierDetection = "OutlierDetection" {
        /// Ignored by Istio.
        consecutive_errors: Option<i32> = "consecutiveErrors" [
            deprecated: Some("Istio ignores it; use `consecutive5xxErrors`"),
        ],
        /// Whether failures to connect are counted apart from errors of the workload.
        split_external_local_origin_errors: Option<bool> = "splitExternalLocalOriginErrors",
        /// Failures to connect in a row; only when they are counted apart.
        consecutive_local_origin_failures: Option<u32> = "consecutiveLocalOriginFailures",
        /// 502, 503 and 504 in a row; 0 is off.
        consecutive_gateway_errors: Option<u32> = "consecutiveGatewayErrors",
        /// 5xx in a row; absent is 5, 0 is off.
        consecutive_5xx_errors: Option<u32> = "consecutive5xxErrors",
        /// Time between sweeps; absent is 10 s.
        interval: Option<Duration> = "interval",
        /// The first ejection's time; absent is 30 s.
        base_ejection_time: Option<Duration> = "baseEjectionTime",
        /// The greatest share of endpoints that are out, in percent; absent or 0 is 10.
        max_ejection_percent: Option<i32> = "maxEjectionPercent",
        /// Below this share of healthy endpoints, in percent, health is ignored.
        min_health_percent: Option<i32> = "minHealthPercent",
        /// The statuses that count as errors; none is 5xx.
        outlier_detection_http_error_codes: Vec<u32> = "outlierDetectionHttpErrorCodes",
    }
}
