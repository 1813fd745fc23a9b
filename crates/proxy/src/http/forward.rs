//! Forwarding: rewrite, mirror, try within the limits, pass the answer on.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use http::Version;
use sealane_runtime::listener::Direction;
use sealane_runtime::route::{Forward, HostRewrite};

use super::admit::{append, set};
use super::answer::pass_on;
use super::edit;
use super::exchange::Exchange;
use super::expect::Gate;
use super::matched::Matched;
use super::message::{Request, Response, UpstreamHead};
use super::mirror;
use super::replay::Replay;
use super::sticky::Sticky;
use super::timeout::{Limits, grpc_timeout};
use super::tries::{self, Plan, protocol};
use super::upgrade;
use crate::failure::Failure;
use crate::serving::Serving;
use crate::upstream::sender::Protocol;

/// Sends `request` where its route says, and gives what comes back.
pub(crate) async fn forward(
    serving: &Serving,
    matched: &Rc<Matched>,
    action: &Forward,
    exchange: &mut Exchange,
    mut request: Request,
) -> Result<Response, Failure> {
    let not_found = Failure::ClusterNotFound(action.cluster_not_found);
    let upstream = matched.upstream.as_ref().ok_or(not_found)?;
    let downstream = Rc::clone(&exchange.downstream);
    let proxy = Arc::clone(downstream.worker.proxy());
    let now = proxy.outside().clock.now();
    let limits = Limits::of(action, &request, (exchange.upload(), now));
    let upgrade = request.upgrade.take();
    let version = request.version;
    let protocol = match upgrade {
        // An upgrade is a matter of HTTP/1.
        Some(_) => Protocol::Http1,
        None => protocol(upstream, version),
    };
    let mut body = std::mem::take(&mut request.body);
    let gate = if asks_upstream(exchange, &request, protocol) {
        let (gate, held) = Gate::before(body);
        body = held;
        Some(gate)
    } else {
        request.headers.remove(http::header::EXPECT);
        None
    };
    let body = Replay::new(body, proxy.settings().replay_bytes, proxy.replays());
    let mut head = rewritten(matched, action, exchange, request, &limits);
    exchange.rewritten(&head);
    mirror::send(serving, action, &downstream, (&head, version), &body);
    if let Some(upgrade) = &upgrade {
        upgrade.announce(&mut head.headers);
    }
    let sticky = Sticky::of(action, &head, &downstream);
    let plan = Plan {
        worker: &downstream.worker,
        upstream,
        head,
        body: &body,
        limits: &limits,
        policy: action.retry.as_deref(),
        attempt_count: matched.virtual_host.attempt_count,
        endpoint_authority: action.host_rewrite == Some(HostRewrite::Endpoint),
        protocol,
        gate,
        hash: sticky.hash,
    };
    let answered = limits.within(Box::pin(tries::run(&plan, exchange))).await?;
    body.commit();
    let mut response = match upgrade {
        Some(upgrade) => upgrade::pass_on(upgrade, answered, exchange, &limits),
        None => pass_on(answered, exchange, &limits),
    };
    sticky.bake(response.headers_mut());
    Ok(response)
}

/// Whether a caller that waits for `100 Continue` gets it from the upstream. hyper passes none on
/// over HTTP/2, so there the caller gets it from us.
fn asks_upstream(exchange: &Exchange, request: &Request, protocol: Protocol) -> bool {
    let http1 = protocol == Protocol::Http1 && request.version == Version::HTTP_11;
    http1 && request.expects_continue && exchange.asks_upstream_to_continue()
}

/// The head that the upstream gets, in the order in which Envoy's router changes it.
fn rewritten(
    matched: &Matched,
    action: &Forward,
    exchange: &Exchange,
    mut request: Request,
    limits: &Limits,
) -> UpstreamHead {
    if let Some(expected) = limits.expected() {
        let mut text = String::new();
        // Writing to a string cannot fail.
        write!(text, "{expected}").unwrap_or_default();
        set(
            &mut request.headers,
            "x-envoy-expected-rq-timeout-ms",
            &text,
        );
        if action.max_grpc_timeout.is_some() && request.is_grpc() {
            set(
                &mut request.headers,
                "grpc-timeout",
                &grpc_timeout(expected),
            );
        }
    }
    decorate(matched, exchange, &mut request);
    let addresses = &exchange.downstream.addresses;
    edit::request(matched, &mut request, (addresses, &exchange.record));
    rewrite_host(matched, action, &mut request);
    rewrite_path(matched, action, &mut request);
    UpstreamHead {
        method: request.method,
        scheme: request.scheme,
        authority: request.authority,
        path: request.path,
        headers: request.headers,
    }
}

/// Outbound, the upstream is told the name of the operation; inbound, that name has arrived.
fn decorate(matched: &Matched, exchange: &Exchange, request: &mut Request) {
    const DECORATOR: &str = "x-envoy-decorator-operation";
    if exchange.downstream.direction == Direction::Inbound {
        request.headers.remove(DECORATOR);
    } else if let Some(decorator) = &matched.route.decorator {
        set(&mut request.headers, DECORATOR, decorator);
    }
}

fn rewrite_host(matched: &Matched, action: &Forward, request: &mut Request) {
    let part = matched.part();
    let Some(host) = part.and_then(|part| action.authority(part, &request.headers)) else {
        return;
    };
    if action.append_forwarded_host {
        append(&mut request.headers, "x-forwarded-host", &request.authority);
    }
    set(
        &mut request.headers,
        "x-envoy-original-host",
        &request.authority,
    );
    request.authority = host.to_string();
}

fn rewrite_path(matched: &Matched, action: &Forward, request: &mut Request) {
    let path = &matched.route.matches.path;
    if let Some(path) = action.rewrite.apply(path, &request.path) {
        let before = std::mem::replace(&mut request.path, path);
        set(&mut request.headers, "x-envoy-original-path", &before);
    }
}
