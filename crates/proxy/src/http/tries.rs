//! The tries of one request: choose an endpoint, send, wait for the head of the answer, and again.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderValue, Response as EngineResponse, StatusCode, Version};
use hyper::body::Incoming;
use sealane_runtime::cluster::UpstreamProtocol;
use sealane_runtime::endpoint::EndpointAddress;
use sealane_runtime::route::RetryPolicy;

use super::admit::set;
use super::exchange::Exchange;
use super::expect::Gate;
use super::message::{UpstreamHead, is_grpc};
use super::replay::Replay;
use super::retry::{Ended, Next, Retries};
use super::timeout::Limits;
use crate::failure::{Failure, ResetReason};
use crate::live::circuit::{Permit, Resource};
use crate::live::endpoint::Active;
use crate::live::outlier::Health;
use crate::telemetry::flag::Flag;
use crate::upstream::balance::Host;
use crate::upstream::pool::{Demand, Lease};
use crate::upstream::sender::Protocol;
use crate::upstream::{Choice, Upstream};
use crate::worker::Worker;

/// Everything that tries share.
pub(crate) struct Plan<'a> {
    pub(crate) worker: &'a Rc<Worker>,
    pub(crate) upstream: &'a Upstream,
    pub(crate) head: UpstreamHead,
    pub(crate) body: &'a Replay,
    pub(crate) limits: &'a Limits,
    pub(crate) policy: Option<&'a RetryPolicy>,
    /// Tell the upstream which try it is.
    pub(crate) attempt_count: bool,
    /// The upstream sees the endpoint's own name as the authority.
    pub(crate) endpoint_authority: bool,
    pub(crate) protocol: Protocol,
    /// Opened when the upstream wants the body.
    pub(crate) gate: Option<Arc<Gate>>,
    /// What the route hashes of the request.
    pub(crate) hash: Option<u64>,
}

/// An answer, and what must be held until it has been read.
pub(crate) struct Answered {
    pub(crate) response: EngineResponse<Incoming>,
    pub(crate) lease: Lease,
    pub(crate) active: Active,
}

/// What is spoken to `upstream` for a caller who speaks `version`.
pub(crate) fn protocol(upstream: &Upstream, version: Version) -> Protocol {
    match upstream.cluster.protocol {
        UpstreamProtocol::Http2 => Protocol::Http2,
        UpstreamProtocol::AsDownstream if version == Version::HTTP_2 => Protocol::Http2,
        UpstreamProtocol::AsDownstream | UpstreamProtocol::Http1 => Protocol::Http1,
    }
}

/// Tries until there is an answer to accept or nothing left to try.
pub(crate) async fn run(plan: &Plan<'_>, exchange: &mut Exchange) -> Result<Answered, Failure> {
    let outside = plan.worker.proxy().outside();
    let random = Arc::clone(&outside.random);
    let mut retries = Retries::new(plan.policy);
    let mut tried = Vec::new();
    // Held while a retry runs.
    let mut _permit = None;
    loop {
        exchange.record.attempts += 1;
        let sent = Cell::new(false);
        let outcome = one(plan, exchange, &mut tried, &sent).await;
        let ended = match &outcome {
            Ok(answered) => {
                let response = &answered.response;
                Ended::Answered(response.status(), response.headers())
            }
            Err(failure) => Ended::Failed {
                failure,
                sent: sent.get(),
            },
        };
        let pause = match retries.next(ended, &*random) {
            Next::Accept => return outcome,
            Next::Exhausted => {
                exchange.record.flags.raise(Flag::RetryLimitExceeded);
                return outcome;
            }
            Next::After(pause) => pause,
        };
        if !plan.body.can_start() {
            return outcome;
        }
        _permit = None;
        let limit = plan.upstream.cluster.limits.retries;
        let permit = Permit::take(&plan.upstream.live, Resource::Retries, limit);
        if permit.is_none() {
            plan.upstream.live.traffic.retry_overflow.add(1);
            exchange.record.flags.raise(Flag::UpstreamOverflow);
            return outcome;
        }
        _permit = permit;
        plan.upstream.live.traffic.retries.add(1);
        drop(outcome);
        tokio::time::sleep(pause).await;
    }
}

/// One try, and what the outlier detector learns of it.
async fn one(
    plan: &Plan<'_>,
    exchange: &mut Exchange,
    tried: &mut Vec<EndpointAddress>,
    sent: &Cell<bool>,
) -> Result<Answered, Failure> {
    let outside = plan.worker.proxy().outside();
    let again = plan.policy.map_or(0, |policy| policy.host_attempts);
    let avoid = plan
        .policy
        .is_some_and(|policy| policy.avoid_previous_hosts);
    let choice = Choice {
        original: exchange.downstream.addresses.local,
        hash: plan.hash,
        tried: if avoid { tried } else { &[] },
        again,
    };
    let host = plan
        .upstream
        .choose(&choice, &*outside.random, outside.clock.now())
        .ok_or(Failure::NoHealthyUpstream)?;
    tried.push(host.endpoint.address.clone());
    let now = outside.clock.now();
    let answered = plan
        .limits
        .within_try(now, send(plan, exchange, &host, sent))
        .await;
    let health = match &answered {
        Ok(answered) => Some(Health::Answered(health(&answered.response))),
        Err(Failure::PerTryTimeout) => Some(Health::TimedOut),
        Err(Failure::Connect(_)) => Some(Health::Failed),
        Err(Failure::Reset(reason)) if *reason != ResetReason::LocalReset => Some(Health::Failed),
        Err(_) => None,
    };
    if let Some(health) = health {
        plan.upstream.note(&host, health, outside.clock.now());
    }
    answered
}

/// The status by which an answer is judged: that of a failed gRPC call is in its headers.
fn health(response: &EngineResponse<Incoming>) -> StatusCode {
    let headers = response.headers();
    let grpc = headers.get("grpc-status").filter(|_| is_grpc(headers));
    match grpc.map(HeaderValue::as_bytes) {
        None | Some(b"0") => response.status(),
        // As Envoy translates them.
        Some(b"2" | b"13" | b"15") => StatusCode::INTERNAL_SERVER_ERROR,
        Some(b"14") => StatusCode::SERVICE_UNAVAILABLE,
        Some(b"4") => StatusCode::GATEWAY_TIMEOUT,
        Some(b"12") => StatusCode::NOT_IMPLEMENTED,
        Some(_) => StatusCode::BAD_REQUEST,
    }
}

/// Sends the request to `host` and waits for the head of the answer.
async fn send(
    plan: &Plan<'_>,
    exchange: &mut Exchange,
    host: &Host,
    sent: &Cell<bool>,
) -> Result<Answered, Failure> {
    let address = &host.endpoint.address;
    exchange.record.upstream_local = None;
    exchange.record.upstream_host = match address {
        EndpointAddress::Socket(address) => Some(*address),
        EndpointAddress::Name { .. } => None,
    };
    exchange.tally.tried(host);
    let active = Active::at(&host.live);
    let mut head = plan.head.clone();
    if plan.attempt_count {
        let count = exchange.record.attempts.into();
        head.headers.insert("x-envoy-attempt-count", count);
    }
    if plan.endpoint_authority && !host.endpoint.hostname.is_empty() {
        set(&mut head.headers, "x-envoy-original-host", &head.authority);
        head.authority = host.endpoint.hostname.to_string();
    }
    let unwritable = Failure::Reset(ResetReason::LocalReset);
    let request = head.into_engine(plan.protocol, plan.body.reader());
    let mut request = request.ok_or(unwritable)?;
    if let Some(gate) = &plan.gate {
        gate.watch(&mut request);
    }
    loop {
        let demand = Demand {
            upstream: plan.upstream,
            address,
            live: &host.live,
            protocol: plan.protocol,
            side: exchange.downstream.side(),
        };
        let mut lease = plan.worker.pools().lease(demand).await?;
        exchange.record.upstream_host = Some(lease.peer());
        exchange.record.upstream_local = Some(lease.local());
        sent.set(true);
        match lease.send(request).await {
            Ok(response) => {
                plan.upstream.live.traffic.answered(response.status());
                return Ok(Answered {
                    response,
                    lease,
                    active,
                });
            }
            Err(unanswered) => match unanswered.unsent {
                // A kept connection was closed by the other side before we used it: nobody has
                // seen the request.
                Some(unsent) if lease.is_reused() => {
                    sent.set(false);
                    request = unsent;
                }
                _ => return Err(Failure::Reset(unanswered.reason)),
            },
        }
    }
}
