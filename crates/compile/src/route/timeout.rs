//! The time limit of a route.

use std::time::Duration;

use sealane_xds::route::RouteAction;

use crate::message;

/// Sets the limit; without one there is none, not even Envoy's own.
#[expect(
    deprecated,
    reason = "Istio sets `max_grpc_timeout`, and proxies of both sides read it"
)]
pub(super) fn set(action: &mut RouteAction, limit: Option<Duration>) {
    action.timeout = Some(limit.map_or_else(message::zero, message::duration));
    action.max_grpc_timeout = action.timeout;
}
