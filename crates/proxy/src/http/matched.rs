//! The route of a request, and the destination that it takes this time.

use std::sync::Arc;

use sealane_runtime::route::{Action, Forward, Route};
use sealane_runtime::split::Part;
use sealane_runtime::table::{RouteTable, VirtualHost};

use crate::upstream::Upstream;

/// A request's route.
#[derive(Debug)]
pub(crate) struct Matched {
    pub(crate) table: Arc<RouteTable>,
    pub(crate) virtual_host: Arc<VirtualHost>,
    pub(crate) route: Arc<Route>,
    /// Which destination of the route's split.
    pub(crate) part: Option<usize>,
    /// The destination's cluster; `None` when it does not exist.
    pub(crate) upstream: Option<Arc<Upstream>>,
}

impl Matched {
    /// The destination.
    pub(crate) fn part(&self) -> Option<&Part> {
        forward(&self.route)?.split.parts.get(self.part?)
    }
}

/// What a route that forwards says of it.
pub(crate) fn forward(route: &Route) -> Option<&Forward> {
    match &route.action {
        Action::Forward(forward) => Some(forward),
        Action::Redirect(_) | Action::Direct(_) => None,
    }
}
