//! What a route does: forward, redirect, answer, rewrite, retry, mirror, change headers.

use std::collections::BTreeMap;

use crate::duration::Duration;
use crate::networking::destination::Destination;
use crate::schema::{Bytes, choices, object, oneof};

object! {
    /// A percentage from 0 to 100 with a fraction.
    pub struct Percent = "Percent" {
        /// The value; absent is 0.
        value: Option<f64> = "value",
    }
}

impl Percent {
    /// The percentage as a number from 0 to 100.
    pub fn value(&self) -> f64 {
        self.value.unwrap_or_default()
    }
}

object! {
    /// A destination of an HTTP route with its share.
    pub struct HttpRouteDestination = "HTTPRouteDestination" {
        /// Where to.
        destination: Destination = "destination" [required: true],
        /// Its share among the destinations of the route; absent is 0.
        weight: Option<i32> = "weight",
        /// Changes to headers for this destination.
        headers: Option<Headers> = "headers",
    }
}

object! {
    /// Changes to headers on the way there and back.
    pub struct Headers = "Headers" {
        /// Of the request.
        request: Option<HeaderOperations> = "request",
        /// Of the response.
        response: Option<HeaderOperations> = "response",
    }
}

object! {
    /// Changes to headers: all of `set`, then all of `add`, then `remove`.
    pub struct HeaderOperations = "HeaderOperations" {
        /// Overwritten, or added where missing.
        set: BTreeMap<String, String> = "set",
        /// Added to what is there.
        add: BTreeMap<String, String> = "add",
        /// Taken away.
        remove: Vec<String> = "remove",
    }
}

object! {
    /// A redirect.
    pub struct HttpRedirect = "HTTPRedirect" {
        /// The new path; it replaces the whole path.
        uri: Option<String> = "uri",
        /// Replaces the prefix that matched.
        prefix_rewrite: Option<String> = "prefixRewrite",
        /// The new authority.
        authority: Option<String> = "authority",
        /// `http` or `https`.
        scheme: Option<String> = "scheme",
        /// The status; absent is 301.
        redirect_code: Option<u32> = "redirectCode",
    } oneof {
        /// The new port.
        port: RedirectPort,
    }
}

oneof! {
    /// The port of a redirect.
    pub enum RedirectPort {
        /// This number.
        Port(u32) = "port",
        /// Derived from the request.
        Derive(RedirectPortSelection) = "derivePort",
    }
}

choices! {
    /// How the port of a redirect is derived.
    pub enum RedirectPortSelection {
        /// 80 for http, 443 for https.
        #[default]
        FromProtocolDefault = "FROM_PROTOCOL_DEFAULT",
        /// The port that the request came to.
        FromRequestPort = "FROM_REQUEST_PORT",
    }
}

object! {
    /// A fixed reply.
    pub struct HttpDirectResponse = "HTTPDirectResponse" {
        /// The status.
        status: u32 = "status" [required: true],
        /// The body; absent is empty.
        body: Option<DirectResponseBody> = "body",
    }
}

oneof! {
    /// The body of a fixed reply.
    pub enum DirectResponseBody object "HTTPBody", empty
        /// No body.
        Empty
    {
        /// A text.
        String(String) = "string",
        /// Bytes.
        Bytes(Bytes) = "bytes",
    }
}

object! {
    /// Another VirtualService whose routes are used.
    pub struct Delegate = "Delegate" {
        /// Its name.
        name: Option<String> = "name",
        /// Its namespace; absent is that of the one that delegates.
        namespace: Option<String> = "namespace",
    }
}

object! {
    /// Changes to the path and the authority of a forwarded request.
    pub struct HttpRewrite = "HTTPRewrite" {
        /// Replaces the prefix that matched, or the whole path after `exact`.
        uri: Option<String> = "uri",
        /// Replaces the authority.
        authority: Option<String> = "authority",
        /// Replaces by a regular expression.
        uri_regex_rewrite: Option<RegexRewrite> = "uriRegexRewrite",
    }
}

object! {
    /// A replacement by a regular expression.
    pub struct RegexRewrite = "RegexRewrite" {
        /// The RE2 expression.
        pattern: Option<String> = "match",
        /// What replaces each match; `\1` is the first group.
        rewrite: Option<String> = "rewrite",
    }
}

object! {
    /// The retries of a route.
    pub struct HttpRetry = "HTTPRetry" {
        /// How many retries after the first try; absent or 0 is none.
        attempts: Option<i32> = "attempts",
        /// The limit for each try; absent is the route's timeout.
        per_try_timeout: Option<Duration> = "perTryTimeout",
        /// After which failures: Envoy's words and numeric statuses, separated by commas.
        retry_on: Option<String> = "retryOn",
        /// Whether other localities are tried.
        retry_remote_localities: Option<bool> = "retryRemoteLocalities",
        /// Whether endpoints that failed this request before are avoided.
        retry_ignore_previous_hosts: Option<bool> = "retryIgnorePreviousHosts",
        /// The least pause before a retry; absent is 25 ms.
        backoff: Option<Duration> = "backoff",
    }
}

object! {
    /// Where copies of requests go.
    pub struct HttpMirrorPolicy = "HTTPMirrorPolicy" {
        /// Where to.
        destination: Destination = "destination" [required: true],
        /// How many; absent is all.
        percentage: Option<Percent> = "percentage",
    }
}
