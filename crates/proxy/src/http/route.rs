//! Finding the route of a request.

use std::sync::Arc;

use sealane_runtime::listener::HttpManager;
use sealane_runtime::{Decision, decide};

use super::exchange::Exchange;
use super::matched::{Matched, forward};
use super::message::Request;
use crate::failure::Failure;
use crate::serving::Serving;

/// What becomes of a request.
pub(crate) enum Found {
    /// A route takes it.
    Route(Matched),
    /// It must come again with TLS.
    RequireTls,
}

/// The route of `request`, with its destination drawn: Envoy draws it here too, before any filter
/// runs, so that a request that a filter answers has used its turn.
pub(crate) fn find(
    serving: &Serving,
    manager: &HttpManager,
    exchange: &mut Exchange,
    request: &Request,
) -> Result<Found, Failure> {
    let table = serving.runtime.table(manager).ok_or(Failure::NoRoute)?;
    let (virtual_host, route) = match decide(table, &request.head()) {
        Decision::Route {
            virtual_host,
            route,
        } => (virtual_host, route),
        Decision::NoVirtualHost => {
            exchange.unknown_host(table);
            return Err(Failure::NoRoute);
        }
        Decision::NoRoute(virtual_host) => {
            exchange.record.virtual_host = Some(Arc::clone(&virtual_host.name));
            return Err(Failure::NoRoute);
        }
        Decision::RequireTls(virtual_host) => {
            exchange.record.virtual_host = Some(Arc::clone(&virtual_host.name));
            return Ok(Found::RequireTls);
        }
    };
    let sequences = &exchange.downstream.worker.proxy().live().sequences;
    let part = forward(&route).and_then(|forward| sequences.pick(&forward.split));
    let mut matched = Matched {
        table: Arc::clone(table),
        virtual_host,
        route,
        part,
        upstream: None,
    };
    let cluster = matched.part().map(|part| Arc::clone(&part.cluster));
    matched.upstream = cluster
        .as_ref()
        .and_then(|cluster| serving.upstream(cluster).map(Arc::clone));
    let record = &mut exchange.record;
    record.virtual_host = Some(Arc::clone(&matched.virtual_host.name));
    record.origin.clone_from(&matched.route.origin);
    if !matched.route.name.is_empty() {
        record.route = Some(Arc::clone(&matched.route.name));
    }
    if matched.upstream.is_some() {
        record.cluster.clone_from(&cluster);
    }
    record.wanted_cluster = cluster;
    Ok(Found::Route(matched))
}
