//! What routes say to HTTP filters: faults and cross-origin policies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderValue;
use sealane_xds::cors as cors_messages;
use sealane_xds::fault::fault_abort::ErrorType;
use sealane_xds::fault::{FaultAbort, HttpFault};
use sealane_xds::fault_common::FaultDelay;
use sealane_xds::fault_common::fault_delay::FaultDelaySecifier;
use sealane_xds::protobuf::Any;
use sealane_xds::{any, route};

use crate::build::at::{At, Maybe, fields};
use crate::build::matching::all;
use crate::build::scalar::{flag, fraction, runtime_fraction, status, time};
use crate::build::string::string_match;
use crate::cors::CorsPolicy;
use crate::fault::{Abort, Fault};
use crate::split::Fraction;

/// What a route says to filters.
#[derive(Default)]
pub(super) struct PerRoute {
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) cors: Option<Arc<CorsPolicy>>,
}

/// Reads `typed_per_filter_config`, whose entries are told apart by their types: their names are
/// those of the filters in the listener, which anybody may choose.
pub(super) fn per_route(
    at: &At<'_>,
    configs: &HashMap<String, Any>,
    key: &str,
) -> Option<PerRoute> {
    let sorted: BTreeMap<_, _> = configs.iter().collect();
    let mut filters = PerRoute::default();
    let mut fine = true;
    for (name, config) in sorted {
        let at = at.key(name);
        fine &= one(&at, config, key, &mut filters).is_some();
    }
    fine.then_some(filters)
}

fn one(at: &At<'_>, config: &Any, key: &str, filters: &mut PerRoute) -> Option<()> {
    if any::is::<HttpFault>(config) {
        let fault = unpack::<HttpFault>(at, config)?;
        filters.fault = self::fault(at, &fault, key)?.0.map(Arc::new);
    } else if any::is::<cors_messages::CorsPolicy>(config) {
        let policy = unpack::<cors_messages::CorsPolicy>(at, config)?;
        filters.cors = cors(at, &policy)?.0.map(Arc::new);
    } else if any::is::<route::FilterConfig>(config) {
        return filter_config(at, &unpack(at, config)?, key, filters);
    } else {
        return at.refuse(format_args!("`{}` is not understood", config.type_url));
    }
    Some(())
}

/// A wrapper that can turn a filter off or make it optional.
fn filter_config(
    at: &At<'_>,
    message: &route::FilterConfig,
    key: &str,
    filters: &mut PerRoute,
) -> Option<()> {
    match message.config.as_ref() {
        _ if message.disabled => Some(()),
        Some(config) => one(&at.field("config"), config, key, filters),
        None => Some(()),
    }
}

fn unpack<M: prost::Message + prost::Name + Default>(at: &At<'_>, config: &Any) -> Option<M> {
    match any::unpack(config) {
        Ok(message) => Some(message),
        Err(error) => at.refuse(error),
    }
}

/// Nothing when nothing is ever injected.
fn fault(at: &At<'_>, message: &HttpFault, key: &str) -> Option<Maybe<Fault>> {
    fields! { at, message, HttpFault {
        read: [delay, abort],
        // Statistics and metadata, and the keys of Envoy's runtime, of which there is none here.
        ignored: [
            delay_percent_runtime, abort_percent_runtime, delay_duration_runtime,
            abort_http_status_runtime, max_active_faults_runtime,
            response_rate_limit_percent_runtime, abort_grpc_status_runtime,
            disable_downstream_cluster_stats, filter_metadata,
        ],
        refused: [
            upstream_cluster, headers, downstream_nodes, max_active_faults, response_rate_limit,
        ],
    } }
    let delay = match delay.as_ref() {
        None => None,
        Some(message) => Some(self::delay(&at.field("delay"), message)?),
    };
    let abort = match abort.as_ref() {
        None => None,
        Some(message) => Some(self::abort(&at.field("abort"), message)?),
    };
    let delay = delay.filter(|(_, share)| !share.is_none());
    let abort = abort.filter(|(_, share)| !share.is_none());
    Some(Maybe((delay.is_some() || abort.is_some()).then(|| Fault {
        key: format!("{key}#fault").into(),
        delay,
        abort,
    })))
}

fn delay(at: &At<'_>, message: &FaultDelay) -> Option<(Duration, Fraction)> {
    let share = fraction(&at.field("percentage"), message.percentage.as_ref());
    match message.fault_delay_secifier.as_ref() {
        Some(FaultDelaySecifier::FixedDelay(delay)) => {
            Some((time(&at.field("fixed_delay"), Some(delay))?, share?))
        }
        Some(FaultDelaySecifier::HeaderDelay(_)) => {
            at.field("header_delay").not_understood();
            None
        }
        None => at.refuse("says no delay"),
    }
}

fn abort(at: &At<'_>, message: &FaultAbort) -> Option<(Abort, Fraction)> {
    at.refuse_set("response_body", &message.response_body);
    let share = fraction(&at.field("percentage"), message.percentage.as_ref());
    let abort = match message.error_type.as_ref() {
        Some(ErrorType::HttpStatus(code)) => Abort::Http(status(&at.field("http_status"), *code)?),
        Some(ErrorType::GrpcStatus(code)) => Abort::Grpc(*code),
        Some(ErrorType::HeaderAbort(_)) => {
            at.field("header_abort").not_understood();
            return None;
        }
        None => return at.refuse("says no status"),
    };
    Some((abort, share?))
}

/// Nothing when the policy is turned off.
fn cors(at: &At<'_>, message: &cors_messages::CorsPolicy) -> Option<Maybe<CorsPolicy>> {
    fields! { at, message, cors_messages::CorsPolicy {
        read: [
            allow_origin_string_match, allow_methods, allow_headers, expose_headers, max_age,
            allow_credentials, filter_enabled, allow_private_network_access,
            forward_not_matching_preflights,
        ],
        // Statistics.
        ignored: [shadow_enabled],
        refused: [],
    } }
    let enabled_at = at.field("filter_enabled");
    let enabled = runtime_fraction(&enabled_at, filter_enabled.as_ref())?;
    if !enabled.is_none() && !enabled.is_all() {
        return enabled_at.refuse("only 0 and 100 percent are understood");
    }
    let origins_at = at.field("allow_origin_string_match");
    let origins = all(&origins_at, allow_origin_string_match, string_match);
    let methods = value(&at.field("allow_methods"), allow_methods);
    let headers = value(&at.field("allow_headers"), allow_headers);
    let expose = value(&at.field("expose_headers"), expose_headers);
    let max_age = value(&at.field("max_age"), max_age);
    let policy = CorsPolicy {
        origins: origins?,
        methods: methods?.0,
        headers: headers?.0,
        expose: expose?.0,
        max_age: max_age?.0,
        credentials: flag(allow_credentials.as_ref()).unwrap_or(false),
        private_network: flag(allow_private_network_access.as_ref()).unwrap_or(false),
        forward_other_preflights: flag(forward_not_matching_preflights.as_ref()).unwrap_or(true),
    };
    Some(Maybe(enabled.is_all().then_some(policy)))
}

/// Nothing when the text is empty.
fn value(at: &At<'_>, text: &str) -> Option<Maybe<HeaderValue>> {
    if text.is_empty() {
        return Some(Maybe(None));
    }
    match HeaderValue::from_str(text) {
        Ok(value) => Some(Maybe(Some(value))),
        Err(_) => at.refuse("not a header value"),
    }
}
