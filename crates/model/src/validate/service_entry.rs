//! Checks of a ServiceEntry and of workloads.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::core::meta::ObjectMeta;
use crate::core::protocol::Protocol;
use crate::diagnostic::Code;
use crate::networking::service_entry::{Resolution, ServiceEntry};
use crate::networking::workload_entry::WorkloadEntry;
use crate::validate::check::Check;
use crate::validate::destination_rule::selector;
use crate::validate::parts::{ExportOf, export_to};
use crate::validate::text;

pub(super) fn validate(c: &mut Check<'_>, meta: &ObjectMeta, spec: &ServiceEntry) {
    c.some(
        "workloadSelector",
        spec.workload_selector.as_ref(),
        |c, workloads| {
            selector(c, "labels", &workloads.labels);
        },
    );
    if spec.workload_selector.is_some() && !spec.endpoints.is_empty() {
        let message = "`workloadSelector` and `endpoints` exclude each other";
        c.report_at(
            "endpoints",
            Code::Contradiction,
            message,
            "keep one of them",
        );
    }
    hosts(c, spec);
    c.each("addresses", &spec.addresses, |c, address| {
        c.expect(Code::InvalidText, text::subnet(address));
    });
    ports(c, spec);
    match spec.resolution.unwrap_or_default() {
        Resolution::None => without_resolution(c, spec),
        Resolution::Static => {
            let names = port_names(spec);
            c.each("endpoints", &spec.endpoints, |c, endpoint| {
                validate_workload(c, endpoint, Some(&names), false);
            });
        }
        Resolution::Dns | Resolution::DnsRoundRobin => by_dns(c, spec),
        Resolution::DynamicDns => by_dynamic_dns(c, spec),
    }
    export_to(c, meta, &spec.export_to, ExportOf::ServiceEntry);
}

fn port_names(spec: &ServiceEntry) -> BTreeSet<&str> {
    spec.ports.iter().map(|port| port.name.as_str()).collect()
}

fn hosts(c: &mut Check<'_>, spec: &ServiceEntry) {
    if spec.hosts.is_empty() {
        c.report(Code::MissingField, "the entry has no host", "add `hosts`");
    }
    let dynamic = spec.resolution == Some(Resolution::DynamicDns);
    c.each("hosts", &spec.hosts, |c, host| {
        if host == "*" {
            let help = "name the hosts; `*.example.com` is possible";
            c.report(Code::InvalidHost, "`*` is no host of an entry", help);
            return;
        }
        c.expect(Code::InvalidHost, text::wildcard_domain(host));
        let partial = host.contains('*') && !host.starts_with("*.");
        if partial && !dynamic {
            let message = format!("`{host}` has a wildcard inside a label");
            c.report(Code::Suspicious, message, "write `*.example.com`");
        }
    });
    let cidr = spec.addresses.iter().any(|address| address.contains('/'));
    let resolution = spec.resolution.unwrap_or_default();
    if cidr && !matches!(resolution, Resolution::None | Resolution::Static) {
        let message = format!("blocks of addresses do not go with {}", resolution.as_str());
        c.report_at(
            "addresses",
            Code::Contradiction,
            message,
            "name single addresses",
        );
    }
    let plain = |protocol: Protocol| !protocol.is_http() && !protocol.is_tls();
    let mut protocols = spec
        .ports
        .iter()
        .map(|port| protocol_of(port.protocol.as_deref()));
    if resolution != Resolution::None && spec.hosts.len() > 1 && protocols.any(plain) {
        let message = "several hosts need ports for HTTP or TLS: nothing else tells them apart";
        c.report_at(
            "hosts",
            Code::Contradiction,
            message,
            "make one entry for each host",
        );
    }
}

fn protocol_of(word: Option<&str>) -> Protocol {
    Protocol::parse(word.unwrap_or_default())
}

fn ports(c: &mut Check<'_>, spec: &ServiceEntry) {
    c.unique(
        "ports",
        "the port name",
        spec.ports.iter().map(|port| port.name.clone()),
    );
    c.unique(
        "ports",
        "the port",
        spec.ports.iter().map(|port| port.number),
    );
    c.each("ports", &spec.ports, |c, port| {
        c.field("name", |c| {
            c.expect(
                Code::InvalidText,
                text::dns_label("name of a port", &port.name),
            );
        });
        protocol(c, port.protocol.as_deref());
    });
}

/// A protocol that may be left out.
pub(super) fn protocol(c: &mut Check<'_>, word: Option<&str>) {
    let word = word.unwrap_or_default();
    if !word.is_empty() && Protocol::parse(word).is_unsupported() {
        let message = format!("`{word}` is no known protocol");
        let help = "use HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS, UDP, MONGO, REDIS or MYSQL";
        c.report_at("protocol", Code::UnknownValue, message, help);
    }
}

fn without_resolution(c: &mut Check<'_>, spec: &ServiceEntry) {
    if !spec.endpoints.is_empty() {
        let message = "without `resolution` the caller's address is used, never `endpoints`";
        c.report_at(
            "endpoints",
            Code::Contradiction,
            message,
            "write `resolution: STATIC`",
        );
    }
    if spec.workload_selector.is_some() {
        let message = "without `resolution` the caller's address is used, never the workloads";
        c.report_at(
            "workloadSelector",
            Code::Suspicious,
            message,
            "write `resolution: STATIC`",
        );
    }
}

fn by_dns(c: &mut Check<'_>, spec: &ServiceEntry) {
    let resolution = spec.resolution.unwrap_or_default();
    if spec.endpoints.is_empty() {
        c.each("hosts", &spec.hosts, |c, host| {
            if host != "*" && text::wildcard_domain(host).is_ok() && text::fqdn(host).is_err() {
                let message = format!("`{host}` cannot be looked up, and there are no endpoints");
                c.report(
                    Code::Contradiction,
                    message,
                    "name endpoints, or a host without `*`",
                );
            }
        });
    }
    if resolution == Resolution::DnsRoundRobin && spec.endpoints.len() > 1 {
        let message = "DNS_ROUND_ROBIN takes one endpoint";
        c.report_at(
            "endpoints",
            Code::Contradiction,
            message,
            "use `resolution: DNS`",
        );
    }
    let names = port_names(spec);
    c.each("endpoints", &spec.endpoints, |c, endpoint| {
        validate_workload(c, endpoint, Some(&names), true);
    });
    let tcp = spec.ports.iter().any(|port| {
        let protocol = protocol_of(port.protocol.as_deref());
        !protocol.is_http() && !protocol.is_unsupported() && protocol != Protocol::Udp
    });
    if !spec.addresses.is_empty() && tcp && spec.hosts.len() > 1 {
        let message = "several hosts with one address cannot be told apart on a TCP port";
        c.report_at(
            "hosts",
            Code::Suspicious,
            message,
            "make one entry for each host",
        );
    }
}

fn by_dynamic_dns(c: &mut Check<'_>, spec: &ServiceEntry) {
    c.each("hosts", &spec.hosts, |c, host| {
        if !host.starts_with('*') {
            let message = "DYNAMIC_DNS is for hosts with a wildcard";
            c.report(Code::Contradiction, message, "use `resolution: DNS`");
        }
    });
    for (name, set) in [
        ("addresses", !spec.addresses.is_empty()),
        ("endpoints", !spec.endpoints.is_empty()),
    ] {
        if set {
            let message = format!("DYNAMIC_DNS has no `{name}`");
            c.report_at(name, Code::Contradiction, message, "remove it");
        }
    }
    c.each("ports", &spec.ports, |c, port| {
        let protocol = protocol_of(port.protocol.as_deref());
        if !matches!(
            protocol,
            Protocol::Http | Protocol::Tls | Protocol::Grpc | Protocol::Http2
        ) {
            let message = "DYNAMIC_DNS is for HTTP, HTTP2, GRPC and TLS";
            c.report_at("protocol", Code::Contradiction, message, "");
        }
    });
}

/// A WorkloadEntry, or an endpoint of an entry with the named ports. `names` says whether its
/// address may be a DNS name.
pub(super) fn validate_workload(
    c: &mut Check<'_>,
    workload: &WorkloadEntry,
    ports: Option<&BTreeSet<&str>>,
    names: bool,
) {
    let address = workload.address.as_deref().unwrap_or_default();
    let socket = address.strip_prefix("unix://");
    if address.is_empty() {
        if workload.network.as_ref().is_none_or(String::is_empty) {
            c.report(
                Code::MissingField,
                "the workload has no address",
                "add `address`",
            );
        } else {
            let message = "the workload has a network and no address";
            c.report_at("network", Code::Suspicious, message, "add `address`");
        }
    } else if let Some(path) = socket {
        c.field("address", |c| {
            c.expect(Code::InvalidText, text::unix_path(path));
        });
        if !workload.ports.is_empty() {
            let message = "a socket file has no ports";
            c.report_at("ports", Code::Contradiction, message, "remove `ports`");
        }
        if ports.is_some_and(|ports| ports.len() != 1) {
            let message = "a socket file serves an entry with exactly one port";
            c.report_at("address", Code::Contradiction, message, "");
        }
    } else if address.parse::<IpAddr>().is_err() {
        c.field("address", |c| {
            c.expect(
                Code::InvalidHost,
                if names {
                    text::fqdn(address)
                } else {
                    text::ip(address)
                },
            );
        });
    }
    c.entries("ports", &workload.ports, |c, name, _| {
        c.expect(Code::InvalidText, text::dns_label("name of a port", name));
        if ports.is_some_and(|ports| !ports.contains(name)) {
            let message = format!("the entry has no port `{name}`");
            c.report(
                Code::Contradiction,
                message,
                "use the names in `ports` of the entry",
            );
        }
    });
    c.entries("labels", &workload.labels, |c, key, value| {
        c.expect(Code::InvalidText, text::label(key, value));
    });
}
