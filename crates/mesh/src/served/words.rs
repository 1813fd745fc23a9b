//! One route in words.

use std::time::Duration;

use sealane_runtime::fault::Abort;
use sealane_runtime::matcher::route::RouteMatch;
use sealane_runtime::route::{
    Action, Forward, PathRewrite, RedirectPath, RetryOn, RetryPolicy, Route,
};
use sealane_runtime::split::Fraction;
use sealane_xds::names::ClusterName;

/// What a route asks of a request.
pub(super) fn matches(route: &Route) -> String {
    if route.matches == RouteMatch::default() {
        return "everything".to_owned();
    }
    route.matches.describe()
}

/// What it does instead of forwarding.
pub(super) fn action(route: &Route) -> String {
    match &route.action {
        Action::Forward(_) => String::new(),
        Action::Direct(reply) => format!("answers {}", reply.status.as_u16()),
        Action::Redirect(redirect) => {
            let mut text = format!("redirects with {}", redirect.status.as_u16());
            if let Some(scheme) = &redirect.scheme {
                text = format!("{text} to {scheme}");
            }
            if let Some(host) = &redirect.host {
                text = format!("{text} to {host}");
            }
            if let RedirectPath::Replace(path) = &redirect.path {
                text = format!("{text} to {path}");
            }
            text
        }
    }
}

/// What else it does: a text for each.
pub(super) fn also(route: &Route) -> Vec<String> {
    let mut also = faults(route);
    if let Action::Forward(forward) = &route.action {
        also.extend(forwarding(forward));
    }
    also
}

fn faults(route: &Route) -> Vec<String> {
    let Some(fault) = &route.fault else {
        return Vec::new();
    };
    let delay = fault
        .delay
        .map(|(time, share)| format!("fault: {} wait {}", percent(share), seconds(time)));
    let abort = fault.abort.map(|(abort, share)| {
        let with = match abort {
            Abort::Http(status) => status.as_u16().to_string(),
            Abort::Grpc(status) => format!("gRPC status {status}"),
        };
        format!("fault: {} get {with}", percent(share))
    });
    delay.into_iter().chain(abort).collect()
}

fn forwarding(forward: &Forward) -> Vec<String> {
    let mut also = Vec::new();
    also.extend(
        forward
            .timeout
            .map(|time| format!("timeout {}", seconds(time))),
    );
    if let Some(retry) = forward.retry.as_ref().filter(|retry| !is_istios(retry)) {
        let each = retry.per_try_timeout;
        let each = each.map_or_else(String::new, |time| format!(", {} each", seconds(time)));
        also.push(match retry.retries {
            1 => format!("1 retry{each}"),
            count => format!("{count} retries{each}"),
        });
    }
    match &forward.rewrite {
        PathRewrite::None => {}
        PathRewrite::Prefix(prefix) => also.push(format!("path becomes {prefix}")),
        PathRewrite::Regex(substitution) => {
            also.push(format!("path rewritten by {}", substitution.pattern));
        }
    }
    also.extend(forward.mirrors.iter().map(|mirror| {
        let to = ClusterName::parse(&mirror.cluster);
        let to = to.map_or_else(
            || mirror.cluster.to_string(),
            |name| format!("{} {}", name.host, name.subset.unwrap_or_default()),
        );
        format!("mirror {} to {}", percent(mirror.share), to.trim_end())
    }));
    also
}

/// Whether the retries are those that every route of Istio has: two, of what failed before it began.
fn is_istios(retry: &RetryPolicy) -> bool {
    let declared = [
        RetryOn::FiveXx,
        RetryOn::GatewayError,
        RetryOn::Retriable4xx,
        RetryOn::Reset,
    ];
    retry.retries == 2
        && retry.per_try_timeout.is_none()
        && !retry.conditions.iter().any(|on| declared.contains(on))
}

fn percent(share: Fraction) -> String {
    let percent = f64::from(share.numerator) * 100.0 / f64::from(share.denominator.max(1));
    format!("{} %", (percent * 100.0).round() / 100.0)
}

fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{}ms", time.as_millis())
    }
}
