//! One HTTP route: its conditions and what happens to the requests that meet them.

mod action;
mod cors;
mod fault;

pub use action::{
    Delegate, DirectResponseBody, HeaderOperations, Headers, HttpDirectResponse, HttpMirrorPolicy,
    HttpRedirect, HttpRetry, HttpRewrite, HttpRouteDestination, Percent, RedirectPort,
    RedirectPortSelection, RegexRewrite,
};
pub use cors::{CorsPolicy, UnmatchedPreflights};
pub use fault::{Abort, AbortError, Delay, DelayTime, HttpFaultInjection};

use crate::duration::Duration;
use crate::networking::destination::Destination;
use crate::networking::http_match::HttpMatchRequest;
use crate::schema::object;

object! {
    /// A route of HTTP traffic.
    pub struct HttpRoute = "HTTPRoute" {
        /// A name for logs.
        name: Option<String> = "name",
        /// Its conditions; one of them must hold. None means every request.
        matches: Vec<HttpMatchRequest> = "match",
        /// Where the requests go, by weight.
        route: Vec<HttpRouteDestination> = "route",
        /// Answers with a redirect instead.
        redirect: Option<HttpRedirect> = "redirect",
        /// Answers with a fixed reply instead.
        direct_response: Option<HttpDirectResponse> = "directResponse",
        /// Continues with the routes of another VirtualService.
        delegate: Option<Delegate> = "delegate",
        /// Changes the path and the authority.
        rewrite: Option<HttpRewrite> = "rewrite",
        /// The limit for the whole request; absent is no limit.
        timeout: Option<Duration> = "timeout",
        /// The retries; absent is the mesh's default policy.
        retries: Option<HttpRetry> = "retries",
        /// Injected delays and aborts.
        fault: Option<HttpFaultInjection> = "fault",
        /// Where copies go.
        mirror: Option<Destination> = "mirror",
        /// Where copies go, each with its percentage.
        mirrors: Vec<HttpMirrorPolicy> = "mirrors",
        /// The percentage of requests that `mirror` copies, before `mirrorPercentage` existed.
        mirror_percent: Option<u32> = "mirrorPercent" [
            aliases: &["mirror_percent"],
            deprecated: Some("use `mirrorPercentage: {value: …}`"),
        ],
        /// The percentage of requests that `mirror` copies; absent is all.
        mirror_percentage: Option<Percent> = "mirrorPercentage" [aliases: &["mirror_percentage"]],
        /// The answers to browsers' cross-origin questions.
        cors_policy: Option<CorsPolicy> = "corsPolicy" [aliases: &["cors_policy"]],
        /// Changes to headers.
        headers: Option<Headers> = "headers",
    }
}
