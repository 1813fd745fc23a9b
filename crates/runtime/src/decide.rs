//! Which route serves a request.

use std::sync::Arc;

use crate::request::RequestHead;
use crate::route::Route;
use crate::table::{RouteTable, VirtualHost};

/// What a route table says of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// This route serves it.
    Route {
        /// The virtual host.
        virtual_host: Arc<VirtualHost>,
        /// The route in it.
        route: Arc<Route>,
    },
    /// No virtual host has this authority: 404, NR.
    NoVirtualHost,
    /// The virtual host has no route for it: 404, NR.
    NoRoute(Arc<VirtualHost>),
    /// The virtual host asks for TLS: 301 to https.
    RequireTls(Arc<VirtualHost>),
}

/// The route of `table` that serves `head`.
pub fn decide(table: &RouteTable, head: &RequestHead<'_>) -> Decision {
    let Some(virtual_host) = table.virtual_host(head.authority) else {
        return Decision::NoVirtualHost;
    };
    if virtual_host.require_tls && head.scheme != "https" {
        return Decision::RequireTls(Arc::clone(virtual_host));
    }
    match virtual_host.first_match(head) {
        Some(route) => Decision::Route {
            virtual_host: Arc::clone(virtual_host),
            route: Arc::clone(route),
        },
        None => Decision::NoRoute(Arc::clone(virtual_host)),
    }
}
