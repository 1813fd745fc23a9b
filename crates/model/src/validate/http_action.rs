//! Checks of what an HTTP route does.

use crate::diagnostic::Code;
use crate::networking::http_match::HttpMatchRequest;
use crate::networking::http_route::{
    Abort, AbortError, CorsPolicy, Delay, DelayTime, DirectResponseBody, HeaderOperations, Headers,
    HttpDirectResponse, HttpFaultInjection, HttpRedirect, HttpRetry, HttpRewrite, HttpRoute,
    Percent,
};
use crate::networking::string_match::StringMatch;
use crate::validate::check::Check;
use crate::validate::text::{self, Fault};

const CORS_METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
];

const RETRY_ON: [&str; 16] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

/// The names of gRPC's statuses, by their numbers.
pub(super) const GRPC_STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

pub(super) fn headers(c: &mut Check<'_>, headers: &Headers) {
    c.some("request", headers.request.as_ref(), |c, operations| {
        operate(c, operations, true);
    });
    c.some("response", headers.response.as_ref(), |c, operations| {
        operate(c, operations, false);
    });
}

fn operate(c: &mut Check<'_>, operations: &HeaderOperations, request: bool) {
    for (name, map) in [("set", &operations.set), ("add", &operations.add)] {
        c.entries(name, map, |c, header, value| {
            c.expect(Code::InvalidText, text::operation_name(header, request));
            c.expect(Code::InvalidText, text::header_value(value));
        });
    }
    c.each("remove", &operations.remove, |c, header| {
        c.expect(Code::InvalidText, text::operation_name(header, false));
    });
}

/// The authority may be changed in one place only.
pub(super) fn one_authority(c: &mut Check<'_>, route: &HttpRoute) {
    let is_authority = |name: &&String| {
        name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host")
    };
    let rewritten = route
        .rewrite
        .as_ref()
        .and_then(|rewrite| rewrite.authority.as_deref());
    let mut places = usize::from(rewritten.is_some_and(|authority| !authority.is_empty()));
    let request = route
        .headers
        .as_ref()
        .and_then(|headers| headers.request.as_ref());
    if let Some(request) = request {
        places += request
            .set
            .keys()
            .chain(request.add.keys())
            .filter(is_authority)
            .count();
    }
    if places > 1 {
        let message = "the authority is set more than once";
        c.report_at(
            "headers",
            Code::Contradiction,
            message,
            "set it in `rewrite` or `headers`",
        );
    }
}

pub(super) fn cors(c: &mut Check<'_>, policy: &CorsPolicy) {
    c.each(
        "allowOrigins",
        &policy.allow_origins,
        |c, origin| match origin {
            StringMatch::Regex(regex) => {
                c.field("regex", |c| {
                    c.expect(Code::InvalidRegex, text::regex(regex));
                });
            }
            StringMatch::Exact(text) | StringMatch::Prefix(text) if !text.is_empty() => {}
            StringMatch::Exact(_) | StringMatch::Prefix(_) | StringMatch::Present => {
                c.report(
                    Code::InvalidText,
                    "an allowed origin is empty",
                    "write `exact: …`",
                );
            }
        },
    );
    c.each("allowMethods", &policy.allow_methods, |c, method| {
        if !CORS_METHODS.contains(&method.as_str()) {
            let help = format!("use one of {}", CORS_METHODS.join(", "));
            c.report(
                Code::UnknownValue,
                format!("`{method}` is no known method"),
                &help,
            );
        }
    });
    for (name, list) in [
        ("allowHeaders", &policy.allow_headers),
        ("exposeHeaders", &policy.expose_headers),
    ] {
        c.each(name, list, |c, header| {
            let verdict = if header.starts_with([':', '@']) {
                Err(Fault::new(format!("`{header}` is no name of a header"), ""))
            } else {
                text::header_name(header)
            };
            c.expect(Code::InvalidText, verdict);
        });
    }
    if policy
        .max_age
        .is_some_and(|age| age.std().subsec_nanos() != 0)
    {
        c.report_at(
            "maxAge",
            Code::OutOfRange,
            "`maxAge` counts whole seconds",
            "round it",
        );
    }
}

pub(super) fn fault(c: &mut Check<'_>, fault: &HttpFaultInjection) {
    if fault.abort.is_none() && fault.delay.is_none() {
        c.report(
            Code::Empty,
            "the fault does nothing",
            "add `abort` or `delay`",
        );
    }
    c.some("abort", fault.abort.as_ref(), abort);
    c.some("delay", fault.delay.as_ref(), delay);
}

fn percentage(c: &mut Check<'_>, value: Option<f64>) {
    if value.is_some_and(|value| value > 0.0 && value < 0.0001) {
        let message = "a percentage is 0 or at least 0.0001";
        c.field("percentage", |c| {
            c.report_at("value", Code::OutOfRange, message, "");
        });
    }
}

fn abort(c: &mut Check<'_>, abort: &Abort) {
    percentage(c, abort.percentage.as_ref().map(Percent::value));
    match &abort.error {
        Some(AbortError::GrpcStatus(status)) if !GRPC_STATUS.contains(&status.as_str()) => {
            let message = format!("`{status}` is no status of gRPC");
            let help = format!("use one of {}", GRPC_STATUS.join(", "));
            c.report_at("grpcStatus", Code::UnknownValue, message, &help);
        }
        Some(AbortError::Http2Error(_)) => {
            let message = "aborting with an error of HTTP/2 was never implemented";
            c.report_at("http2Error", Code::InvalidText, message, "use `httpStatus`");
        }
        Some(AbortError::GrpcStatus(_) | AbortError::HttpStatus(_)) => {}
        None => {
            let help = "add `httpStatus` or `grpcStatus`";
            c.report(Code::Suspicious, "the abort says not with what", help);
        }
    }
}

fn delay(c: &mut Check<'_>, delay: &Delay) {
    percentage(c, delay.percentage.as_ref().map(Percent::value));
    if let Some(DelayTime::Exponential(_)) = delay.time {
        let message = "an exponential delay was never implemented";
        c.report_at(
            "exponentialDelay",
            Code::InvalidText,
            message,
            "use `fixedDelay`",
        );
    }
}

pub(super) fn redirect(c: &mut Check<'_>, redirect: &HttpRedirect, matches: &[HttpMatchRequest]) {
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let (uri, prefix) = (is_set(&redirect.uri), is_set(&redirect.prefix_rewrite));
    if uri && prefix {
        let message = "`uri` and `prefixRewrite` exclude each other";
        c.report_at(
            "prefixRewrite",
            Code::Contradiction,
            message,
            "keep one of them",
        );
    }
    let not_prefix = |m: &HttpMatchRequest| !matches!(m.uri, None | Some(StringMatch::Prefix(_)));
    if prefix && matches.iter().any(not_prefix) {
        let message = "`prefixRewrite` needs matches by `uri: {prefix: …}` only";
        c.report_at("prefixRewrite", Code::Contradiction, message, "use `uri`");
    }
    let rest = is_set(&redirect.authority) || is_set(&redirect.scheme) || redirect.port.is_some();
    if !(uri || prefix || rest) {
        let help = "set `uri`, `authority`, `scheme` or `port`";
        c.report(Code::Empty, "the redirect changes nothing", help);
    }
    c.some(
        "redirectCode",
        redirect.redirect_code.as_ref(),
        |c, code| match code {
            0 | 301 | 302 | 303 | 307 | 308 => {}
            300..=399 => {
                let message = format!("Envoy does not redirect with {code}");
                c.report(Code::Suspicious, message, "use 301, 302, 303, 307 or 308");
            }
            _ => {
                let message = format!("{code} is no status of a redirect");
                c.report(Code::OutOfRange, message, "use 301, 302, 303, 307 or 308");
            }
        },
    );
    c.some(
        "scheme",
        redirect.scheme.as_ref().filter(|s| !s.is_empty()),
        |c, scheme| {
            if !matches!(scheme.as_str(), "http" | "https") {
                let message = format!("`{scheme}` is no scheme of a redirect");
                c.report(Code::UnknownValue, message, "use `http` or `https`");
            }
        },
    );
}

pub(super) fn direct_response(c: &mut Check<'_>, response: &HttpDirectResponse) {
    let size = match &response.body {
        Some(DirectResponseBody::String(text)) => text.len(),
        Some(DirectResponseBody::Bytes(bytes)) => bytes.0.len(),
        Some(DirectResponseBody::Empty) | None => 0,
    };
    if size > 1024 * 1024 {
        let message = format!("the body has {size} bytes");
        c.report_at("body", Code::OutOfRange, message, "write at most 1 MiB");
    } else if size > 100 * 1024 {
        let message = format!("the body has {size} bytes, which every proxy keeps in memory");
        c.report_at(
            "body",
            Code::Suspicious,
            message,
            "serve it from a workload",
        );
    }
}

pub(super) fn retries(c: &mut Check<'_>, retries: &HttpRetry) {
    let more = retries.per_try_timeout.is_some()
        || retries.retry_on.as_ref().is_some_and(|on| !on.is_empty())
        || retries.retry_remote_localities.is_some();
    if retries.attempts.unwrap_or_default() == 0 && more {
        let message = "without `attempts` nothing is retried, and the rest says nothing";
        c.report(
            Code::Contradiction,
            message,
            "set `attempts`, or remove the rest",
        );
    }
    c.some(
        "retryOn",
        retries.retry_on.as_ref().filter(|on| !on.is_empty()),
        |c, on| {
            for word in on.split(',').filter(|word| !is_retry_on(word)) {
                let message = format!("`{word}` is no condition of a retry");
                let help = format!(
                    "use a status or one of {}, without blanks",
                    RETRY_ON.join(",")
                );
                c.report(Code::UnknownValue, message, &help);
            }
        },
    );
}

fn is_retry_on(word: &str) -> bool {
    RETRY_ON.contains(&word) || word.parse().is_ok_and(is_http_status)
}

/// Whether a number is a status that has a registered reason.
fn is_http_status(code: u16) -> bool {
    matches!(
        code,
        100..=103 | 200..=208 | 226 | 300..=305 | 307 | 308 | 400..=418 | 421..=426
        | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511
    )
}

pub(super) fn rewrite(c: &mut Check<'_>, rewrite: &HttpRewrite) {
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if is_set(&rewrite.uri) && rewrite.uri_regex_rewrite.is_some() {
        let message = "`uri` and `uriRegexRewrite` exclude each other";
        c.report_at(
            "uriRegexRewrite",
            Code::Contradiction,
            message,
            "keep one of them",
        );
    }
    if !is_set(&rewrite.uri) && !is_set(&rewrite.authority) && rewrite.uri_regex_rewrite.is_none() {
        let help = "set `uri`, `authority` or `uriRegexRewrite`";
        c.report(Code::Empty, "the rewrite changes nothing", help);
    }
    c.some(
        "uriRegexRewrite",
        rewrite.uri_regex_rewrite.as_ref(),
        |c, regex| {
            if !is_set(&regex.pattern) || !is_set(&regex.rewrite) {
                let message = "`match` and `rewrite` are both needed";
                c.report(Code::MissingField, message, "set both");
            }
            c.some(
                "match",
                regex.pattern.as_ref().filter(|p| !p.is_empty()),
                |c, pattern| {
                    c.expect(Code::InvalidRegex, text::regex(pattern));
                },
            );
        },
    );
}
