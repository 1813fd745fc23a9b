//! Checks of an HTTP route and its conditions.

use crate::diagnostic::Code;
use crate::networking::http_match::HttpMatchRequest;
use crate::networking::http_route::{HttpRoute, HttpRouteDestination};
use crate::networking::string_match::StringMatch;
use crate::validate::check::Check;
use crate::validate::http_action;
use crate::validate::parts::{destination, gateway_names, weights};
use crate::validate::text;

/// How a route relates to delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteKind {
    /// It stands alone.
    Plain,
    /// It hands over to a delegate.
    Root,
    /// It is one of a delegate.
    Delegate,
}

/// `claims`: whether matches on claims are possible (at gateways only).
pub(super) fn validate(c: &mut Check<'_>, route: &HttpRoute, kind: RouteKind, claims: bool) {
    conflicts(c, route, kind);
    c.each("match", &route.matches, |c, m| http_match(c, m, claims));
    c.some("headers", route.headers.as_ref(), http_action::headers);
    c.some("corsPolicy", route.cors_policy.as_ref(), http_action::cors);
    c.some("fault", route.fault.as_ref(), http_action::fault);
    if let Some(mirror) = &route.mirror {
        destination(c, "mirror", mirror);
    }
    c.each("mirrors", &route.mirrors, |c, mirror| {
        destination(c, "destination", &mirror.destination);
    });
    c.some("redirect", route.redirect.as_ref(), |c, redirect| {
        http_action::redirect(c, redirect, &route.matches);
    });
    c.some(
        "directResponse",
        route.direct_response.as_ref(),
        http_action::direct_response,
    );
    c.some("retries", route.retries.as_ref(), http_action::retries);
    c.some("rewrite", route.rewrite.as_ref(), http_action::rewrite);
    http_action::one_authority(c, route);
    c.each("route", &route.route, |c, to: &HttpRouteDestination| {
        destination(c, "destination", &to.destination);
        c.some("headers", to.headers.as_ref(), http_action::headers);
    });
    weights(c, route.route.iter().map(|to| to.weight));
}

fn conflicts(c: &mut Check<'_>, route: &HttpRoute, kind: RouteKind) {
    if kind == RouteKind::Root {
        for (name, set) in [
            ("redirect", route.redirect.is_some()),
            ("route", !route.route.is_empty()),
        ] {
            exclude(c, set, name, "delegate");
        }
        return;
    }
    if kind == RouteKind::Delegate && route.delegate.is_some() {
        let message = "a delegate cannot delegate";
        c.report_at(
            "delegate",
            Code::Contradiction,
            message,
            "name the last one directly",
        );
    }
    let fields = [
        ("route", !route.route.is_empty()),
        ("fault", route.fault.is_some()),
        ("rewrite", route.rewrite.is_some()),
        ("directResponse", route.direct_response.is_some()),
    ];
    if route.redirect.is_some() {
        for (name, set) in fields {
            exclude(c, set, name, "redirect");
        }
    } else if route.direct_response.is_some() {
        for (name, set) in fields.into_iter().take(3) {
            exclude(c, set, name, "directResponse");
        }
    } else if route.route.is_empty() {
        c.report(Code::NoDestination, "the route has no destination", "");
    }
    exclude(
        c,
        route.mirror.is_some() && !route.mirrors.is_empty(),
        "mirrors",
        "mirror",
    );
}

fn exclude(c: &mut Check<'_>, set: bool, name: &str, other: &str) {
    if set {
        let message = format!("`{name}` and `{other}` exclude each other");
        c.report_at(
            name,
            Code::Contradiction,
            message,
            &format!("keep `{name}` or `{other}`"),
        );
    }
}

fn http_match(c: &mut Check<'_>, m: &HttpMatchRequest, claims: bool) {
    c.some("uri", m.uri.as_ref(), |c, uri| match uri {
        StringMatch::Regex(regex) => c.field("regex", |c| {
            c.expect(Code::InvalidRegex, text::regex(regex));
        }),
        // An empty prefix of the path matches everything.
        StringMatch::Prefix(_) | StringMatch::Exact(_) | StringMatch::Present => {}
    });
    c.some("scheme", m.scheme.as_ref(), string_match);
    c.some("method", m.method.as_ref(), string_match);
    c.some("authority", m.authority.as_ref(), string_match);
    c.entries("headers", &m.headers, |c, name, value| {
        header(c, name, claims);
        string_match(c, value);
    });
    c.entries("withoutHeaders", &m.without_headers, |c, name, value| {
        header(c, name, claims);
        // Here `*` says that the header must not be there.
        if *value != StringMatch::Regex("*".to_owned()) {
            string_match(c, value);
        }
    });
    c.entries("queryParams", &m.query_params, |c, _, value| {
        string_match(c, value);
    });
    c.entries("sourceLabels", &m.source_labels, |c, key, value| {
        c.expect(Code::InvalidText, text::label(key, value));
    });
    gateway_names(c, &m.gateways);
    let namespace = m.source_namespace.as_ref().filter(|name| !name.is_empty());
    c.some("sourceNamespace", namespace, |c, name| {
        c.expect(Code::InvalidText, text::dns_label("namespace", name));
    });
}

fn header(c: &mut Check<'_>, name: &str, claims: bool) {
    if text::claim(name).is_some() && !claims {
        let message = format!("`{name}` can be matched only at gateways");
        c.report(
            Code::Contradiction,
            message,
            "name a gateway in `gateways`, and not `mesh`",
        );
        return;
    }
    if text::claim(name).is_some() {
        let message = "matching on claims has no effect yet";
        c.report(
            Code::NotActedOn,
            message,
            "no token is verified in this version",
        );
    }
    c.expect(Code::InvalidText, text::header_name(name));
}

/// A comparison of anything but the path.
pub(super) fn string_match(c: &mut Check<'_>, value: &StringMatch) {
    match value {
        StringMatch::Prefix(prefix) if prefix.is_empty() => {
            let help = "write `{}` to match any value";
            c.report_at("prefix", Code::InvalidText, "the prefix is empty", help);
        }
        StringMatch::Regex(regex) if regex == "*" => {
            let message = "`*` is no regular expression";
            let help = "write `{}` to match any value, or `.*`";
            c.report_at("regex", Code::InvalidRegex, message, help);
        }
        StringMatch::Regex(regex) => {
            c.field("regex", |c| {
                c.expect(Code::InvalidRegex, text::regex(regex));
            });
        }
        StringMatch::Exact(_) | StringMatch::Prefix(_) | StringMatch::Present => {}
    }
}
