//! One request, in order: admitted, routed, filtered, forwarded or answered, finished.

use std::rc::Rc;
use std::sync::Arc;

use http::{Request as EngineRequest, StatusCode};
use hyper::body::Incoming;
use sealane_runtime::cors::CorsOutcome;
use sealane_runtime::listener::{HttpFilter, HttpManager};
use sealane_runtime::route::Action;
use thiserror::Error;

use super::admit::{admit, introduce};
use super::exchange::Exchange;
use super::forward::forward;
use super::matched::Matched;
use super::message::{Request, Response};
use super::reply;
use super::route::{Found, find};
use super::upload::Broken;
use super::watch::Watch;
use crate::connection::Downstream;
use crate::failure::{Failure, Refusal};
use crate::filter::fault;
use crate::settings::Settings;

/// Serves one request of `downstream`. There is always an answer, unless the caller has left: then
/// the future is dropped, or gives an error when it was the request's body that broke off.
pub(crate) async fn serve(
    downstream: Rc<Downstream>,
    request: EngineRequest<Incoming>,
) -> Result<Response, CallerLeft> {
    let mut exchange = Exchange::open(&downstream, &request);
    let mut outcome = respond(&mut exchange, request).await;
    if outcome.is_err() {
        // Whatever became of the request upstream, it is the caller who ended it.
        match exchange.upload().broken() {
            Some(Broken::Gone) => return Err(CallerLeft),
            Some(Broken::Garbled) => outcome = Err(Failure::Refused(Refusal::Malformed)),
            None => {}
        }
    }
    Ok(exchange.finish(outcome))
}

/// Nobody is left to be answered.
#[derive(Debug, Error)]
#[error("the caller left in the middle of its request")]
pub(crate) struct CallerLeft;

async fn respond(
    exchange: &mut Exchange,
    request: EngineRequest<Incoming>,
) -> Result<Response, Failure> {
    let downstream = Rc::clone(&exchange.downstream);
    // One snapshot, kept to the end.
    let serving = downstream.serving();
    let manager = downstream.manager().ok_or(Failure::NoRoute)?;
    exchange.managed(&manager);
    let headers = headers_limit(&manager, downstream.worker.proxy().settings());
    let scheme = if downstream.tls { "https" } else { "http" };
    let mut request = admit(request, &manager, (scheme, headers)).map_err(Failure::Refused)?;
    introduce(&mut request, &manager, &downstream);
    exchange.admitted(&mut request);
    let matched = match find(&serving, &manager, exchange, &request)? {
        Found::Route(matched) => Rc::new(matched),
        Found::RequireTls => {
            exchange.direct();
            let location = format!("https://{}{}", request.authority, request.path);
            return Ok(reply::redirect(StatusCode::MOVED_PERMANENTLY, &location));
        }
    };
    exchange.matched(&matched, &request);
    if let Some(answer) = filter(&manager, &matched, exchange, &request).await? {
        return Ok(answer);
    }
    match &matched.route.action {
        Action::Forward(action) => {
            let clock = &downstream.worker.proxy().outside().clock;
            let watch = Watch::of(&manager, exchange.upload(), clock);
            let forwarded = forward(&serving, &matched, action, exchange, request);
            let answer = watch.within(Box::pin(forwarded)).await?;
            Ok(answer.map(|body| watch.body(body)))
        }
        Action::Redirect(action) => {
            exchange.direct();
            let location = action.location(&matched.route.matches, &request.head());
            Ok(reply::redirect(action.status, &location))
        }
        Action::Direct(action) => {
            exchange.direct();
            Ok(reply::direct(action, request.is_grpc()))
        }
    }
}

/// How many headers a request may have.
pub(crate) fn headers_limit(manager: &HttpManager, settings: &Settings) -> usize {
    let said = manager
        .limits
        .headers
        .and_then(|limit| usize::try_from(limit).ok());
    said.unwrap_or(settings.headers)
}

/// Runs the listener's filters in its order; one may answer.
async fn filter(
    manager: &HttpManager,
    matched: &Matched,
    exchange: &mut Exchange,
    request: &Request,
) -> Result<Option<Response>, Failure> {
    for filter in &manager.filters {
        match filter {
            HttpFilter::Fault => {
                if let Some(fault) = &matched.route.fault {
                    let proxy = Arc::clone(exchange.downstream.worker.proxy());
                    let sequences = &proxy.live().sequences;
                    fault::inject(fault, sequences, &mut exchange.record.flags).await?;
                }
            }
            HttpFilter::Cors => {
                let policy = matched.route.cors.as_ref();
                match policy.map(|policy| policy.evaluate(&request.head())) {
                    Some(CorsOutcome::Preflight(headers)) => {
                        exchange.preflight();
                        let mut answer = reply::empty(StatusCode::OK);
                        *answer.headers_mut() = headers;
                        return Ok(Some(answer));
                    }
                    Some(CorsOutcome::Actual(headers)) => exchange.cors(headers),
                    Some(CorsOutcome::None) | None => {}
                }
            }
            HttpFilter::GrpcStats => {}
        }
    }
    Ok(None)
}
