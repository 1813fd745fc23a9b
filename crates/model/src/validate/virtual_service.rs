//! Checks of a VirtualService.

use std::net::IpAddr;

use crate::core::meta::ObjectMeta;
use crate::diagnostic::Code;
use crate::networking::destination::RouteDestination;
use crate::networking::virtual_service::{
    L4MatchAttributes, TcpRoute, TlsMatchAttributes, TlsRoute, VirtualService,
};
use crate::validate::check::Check;
use crate::validate::http_route::{self, RouteKind};
use crate::validate::parts::{ExportOf, destination, export_to, gateway_names, weights};
use crate::validate::text;

/// How many hosts are compared with each other, so that no list costs without limit.
const COMPARED: usize = 4096;

pub(super) fn validate(c: &mut Check<'_>, meta: &ObjectMeta, spec: &VirtualService) {
    let delegate = spec.hosts.is_empty() && !c.is_written("hosts");
    if delegate {
        for (name, set) in [
            ("gateways", !spec.gateways.is_empty()),
            ("tls", !spec.tls.is_empty()),
            ("tcp", !spec.tcp.is_empty()),
        ] {
            if set {
                let message = format!("without `hosts` it is a delegate, which has no `{name}`");
                c.report_at(
                    name,
                    Code::Contradiction,
                    message,
                    "add `hosts`, or remove the field",
                );
            }
        }
    }
    gateway_names(c, &spec.gateways);
    hosts(c, spec);
    if spec.http.is_empty() && spec.tls.is_empty() && spec.tcp.is_empty() {
        c.report(
            Code::Empty,
            "there is no route",
            "add `http`, `tls` or `tcp`",
        );
    }
    let claims = is_gateway_only(spec);
    c.each("http", &spec.http, |c, route| {
        let kind = match (delegate, route.delegate.is_some()) {
            (true, _) => RouteKind::Delegate,
            (false, true) => RouteKind::Root,
            (false, false) => RouteKind::Plain,
        };
        http_route::validate(c, route, kind, claims);
    });
    c.each("tls", &spec.tls, |c, route| tls_route(c, route, spec));
    c.each("tcp", &spec.tcp, tcp_route);
    export_to(c, meta, &spec.export_to, ExportOf::Other);
}

/// Whether it applies at gateways and not to sidecars.
fn is_gateway_only(spec: &VirtualService) -> bool {
    !spec.gateways.is_empty() && !spec.gateways.iter().any(|name| name == "mesh")
}

fn hosts(c: &mut Check<'_>, spec: &VirtualService) {
    let gateway_only = is_gateway_only(spec);
    let sni = spec
        .tls
        .iter()
        .flat_map(|tls| &tls.matches)
        .any(|m| !m.sni_hosts.is_empty());
    let verdict = |host: &str| {
        if gateway_only && sni {
            text::sni_host(host)
        } else {
            text::wildcard_domain(host)
        }
    };
    c.each("hosts", &spec.hosts, |c, host| {
        if host.parse::<IpAddr>().is_ok() {
            return;
        }
        c.expect(Code::InvalidHost, verdict(host));
        if !gateway_only && host == "*" {
            let help = "name the hosts, or name a gateway in `gateways` and not `mesh`";
            c.report(
                Code::InvalidHost,
                "`*` is not allowed for the sidecars of the mesh",
                help,
            );
        }
    });
    for (index, host) in spec.hosts.iter().enumerate().take(COMPARED) {
        let earlier = spec.hosts.iter().take(index);
        if let Some(other) = earlier
            .into_iter()
            .find(|other| text::hosts_overlap(host, other))
        {
            let message = format!("`{host}` and `{other}` overlap in one VirtualService");
            let help = "keep the wider one, or move one into a VirtualService of its own";
            c.field("hosts", |c| {
                c.element(index, |c| c.report(Code::Repeated, message, help));
            });
        }
    }
}

fn tls_route(c: &mut Check<'_>, route: &TlsRoute, spec: &VirtualService) {
    if route.matches.is_empty() {
        c.report_at(
            "match",
            Code::Empty,
            "a TLS route needs a match",
            "add `sniHosts`",
        );
    }
    c.each("match", &route.matches, |c, m| tls_match(c, m, spec));
    destinations(c, &route.route);
}

fn tls_match(c: &mut Check<'_>, m: &TlsMatchAttributes, spec: &VirtualService) {
    if m.sni_hosts.is_empty() {
        c.report_at(
            "sniHosts",
            Code::Empty,
            "a TLS match needs a server name",
            "",
        );
    }
    let gateway_only = is_gateway_only(spec);
    c.each("sniHosts", &m.sni_hosts, |c, host| {
        if host.parse::<IpAddr>().is_ok() {
            let message = format!("clients do not send the address `{host}` as a server name");
            c.report(Code::Suspicious, message, "write a DNS name");
            return;
        }
        let verdict = if gateway_only {
            text::sni_host(host)
        } else {
            text::wildcard_domain(host)
        };
        let fits = verdict.is_ok();
        c.expect(Code::InvalidHost, verdict);
        if fits
            && !spec
                .hosts
                .iter()
                .take(COMPARED)
                .any(|wide| text::is_covered(host, wide))
        {
            let message = format!("no host of the VirtualService covers `{host}`");
            c.report(Code::Contradiction, message, "add it to `hosts`");
        }
    });
    c.each("destinationSubnets", &m.destination_subnets, |c, subnet| {
        c.expect(Code::InvalidText, text::subnet(subnet));
    });
    c.entries("sourceLabels", &m.source_labels, |c, key, value| {
        c.expect(Code::InvalidText, text::label(key, value));
    });
    gateway_names(c, &m.gateways);
}

fn tcp_route(c: &mut Check<'_>, route: &TcpRoute) {
    c.each("match", &route.matches, |c, m: &L4MatchAttributes| {
        c.each("destinationSubnets", &m.destination_subnets, |c, subnet| {
            c.expect(Code::InvalidText, text::subnet(subnet));
        });
        c.entries("sourceLabels", &m.source_labels, |c, key, value| {
            c.expect(Code::InvalidText, text::label(key, value));
        });
        gateway_names(c, &m.gateways);
    });
    destinations(c, &route.route);
}

fn destinations(c: &mut Check<'_>, routes: &[RouteDestination]) {
    if routes.is_empty() {
        c.report(
            Code::NoDestination,
            "the route has no destination",
            "add `route`",
        );
    }
    c.each("route", routes, |c, route| {
        destination(c, "destination", &route.destination);
    });
    weights(c, routes.iter().map(|route| route.weight));
}
