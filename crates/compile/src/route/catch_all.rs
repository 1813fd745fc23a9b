//! What becomes of requests to hosts that nobody declared.

use sealane_xds::names::{ALLOW_ANY_HOST, BLOCK_ALL_HOST};
use sealane_xds::route::route::Action;
use sealane_xds::route::route_action::ClusterSpecifier;
use sealane_xds::route::{DirectResponseAction, Route, RouteAction, VirtualHost};

use crate::destination;
use crate::names;
use crate::route::{matches, timeout};
use crate::visibility::OutboundPolicy;

/// The cluster that undeclared destinations go to, when they may.
pub(crate) fn egress_cluster(policy: &OutboundPolicy) -> String {
    match &policy.egress_proxy {
        Some(proxy) => destination::cluster(proxy, None, 0),
        None => names::PASSTHROUGH.to_owned(),
    }
}

/// The virtual host of all domains that no other has.
pub(super) fn virtual_host(policy: &OutboundPolicy) -> VirtualHost {
    let (name, action) = if policy.allow_any {
        let mut action = RouteAction {
            cluster_specifier: Some(ClusterSpecifier::Cluster(egress_cluster(policy))),
            ..RouteAction::default()
        };
        timeout::set(&mut action, None);
        (ALLOW_ANY_HOST, Action::Route(action))
    } else {
        let refusal = DirectResponseAction {
            status: 502,
            ..DirectResponseAction::default()
        };
        (BLOCK_ALL_HOST, Action::DirectResponse(refusal))
    };
    let route = Route {
        name: name.to_owned(),
        r#match: Some(matches::everything()),
        action: Some(action),
        ..Route::default()
    };
    VirtualHost {
        name: name.to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![route],
        include_request_attempt_count: true,
        ..VirtualHost::default()
    }
}
