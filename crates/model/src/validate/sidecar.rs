//! Checks of a Sidecar.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::meta::ObjectMeta;
use crate::core::protocol::Protocol;
use crate::diagnostic::Code;
use crate::networking::port::SidecarPort;
use crate::networking::server_tls::{ServerTlsMode, ServerTlsSettings};
use crate::networking::sidecar::{
    CaptureMode, IstioEgressListener, IstioIngressListener, OutboundTrafficPolicy,
    OutboundTrafficPolicyMode, Sidecar,
};
use crate::validate::check::Check;
use crate::validate::destination_rule::selector;
use crate::validate::parts::destination;
use crate::validate::service_entry::protocol;
use crate::validate::{gateway, text, traffic_policy};

pub(super) fn validate(c: &mut Check<'_>, meta: &ObjectMeta, spec: &Sidecar) {
    c.some(
        "workloadSelector",
        spec.workload_selector.as_ref(),
        |c, workloads| {
            selector(c, "labels", &workloads.labels);
        },
    );
    let empty = spec.ingress.is_empty()
        && spec.egress.is_empty()
        && spec.outbound_traffic_policy.is_none()
        && spec.inbound_connection_pool.is_none();
    if empty {
        let help = "add `egress`, `ingress`, `outboundTrafficPolicy` or `inboundConnectionPool`";
        c.report(Code::Empty, "the Sidecar says nothing", help);
    }
    c.each("ingress", &spec.ingress, ingress);
    let numbers = spec
        .ingress
        .iter()
        .map(|listener| listener.port.number.unwrap_or_default());
    c.unique("ingress", "the port", numbers);
    let pool = spec.inbound_connection_pool.as_ref();
    c.some(
        "inboundConnectionPool",
        pool,
        traffic_policy::connection_pool,
    );
    c.each("egress", &spec.egress, |c, listener| {
        egress(c, meta, listener);
    });
    order(c, &spec.egress);
    c.some(
        "outboundTrafficPolicy",
        spec.outbound_traffic_policy.as_ref(),
        outbound,
    );
}

fn port(c: &mut Check<'_>, port: &SidecarPort) {
    c.field("port", |c| {
        c.some(
            "name",
            port.name.as_ref().filter(|name| !name.is_empty()),
            |c, name| {
                c.expect(Code::InvalidText, text::dns_label("name of a port", name));
            },
        );
        protocol(c, port.protocol.as_deref());
    });
}

fn bind(c: &mut Check<'_>, bind: Option<&String>) {
    c.some("bind", bind.filter(|bind| !bind.is_empty()), |c, bind| {
        c.expect(Code::InvalidText, text::ip(bind));
    });
}

fn ingress(c: &mut Check<'_>, listener: &IstioIngressListener) {
    port(c, &listener.port);
    if listener.port.number.unwrap_or_default() == 0 {
        let message = "the number of the port is missing";
        c.field("port", |c| {
            c.report_at("number", Code::OutOfRange, message, "write 1 to 65535");
        });
    }
    bind(c, listener.bind.as_ref());
    let endpoint = listener
        .default_endpoint
        .as_ref()
        .filter(|endpoint| !endpoint.is_empty());
    c.some("defaultEndpoint", endpoint, |c, endpoint| {
        default_endpoint(c, endpoint);
    });
    let word = listener.port.protocol.as_deref().unwrap_or_default();
    c.some("tls", listener.tls.as_ref(), |c, tls| {
        ingress_tls(c, tls, word);
    });
    c.some(
        "connectionPool",
        listener.connection_pool.as_ref(),
        |c, pool| {
            traffic_policy::connection_pool(c, pool);
            if pool.http.is_some() && !Protocol::parse(word).is_http() {
                let message = "the port is not for HTTP, so that these limits do not apply";
                c.report_at(
                    "http",
                    Code::Suspicious,
                    message,
                    "set the port's `protocol`",
                );
            }
        },
    );
}

/// The hosts of a default endpoint, before the `:` of its port.
const LOCAL: [&str; 5] = ["", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"];

fn default_endpoint(c: &mut Check<'_>, endpoint: &str) {
    if let Some(path) = endpoint.strip_prefix("unix://") {
        c.expect(Code::InvalidText, text::unix_path(path));
        return;
    }
    let fits = endpoint.rsplit_once(':').is_some_and(|(host, port)| {
        LOCAL.contains(&host) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if !fits {
        let message = format!("`{endpoint}` is no endpoint of this workload");
        let help = "write `127.0.0.1:PORT`, `0.0.0.0:PORT`, `:PORT` or `unix:///PATH`";
        c.report(Code::InvalidText, message, help);
    }
}

fn ingress_tls(c: &mut Check<'_>, tls: &ServerTlsSettings, protocol: &str) {
    let unsupported = [
        ("subjectAltNames", !tls.subject_alt_names.is_empty()),
        ("httpsRedirect", tls.https_redirect == Some(true)),
        ("credentialName", tls.credential_name.is_some()),
        ("credentialNames", !tls.credential_names.is_empty()),
        ("tlsCertificates", !tls.tls_certificates.is_empty()),
    ];
    for (name, _) in unsupported.into_iter().filter(|(_, set)| *set) {
        let message = format!("a Sidecar's listener takes no `{name}`");
        c.report_at(name, Code::Contradiction, message, "remove it");
    }
    if matches!(
        tls.mode,
        Some(ServerTlsMode::IstioMutual | ServerTlsMode::AutoPassthrough)
    ) {
        let message = "a Sidecar's listener cannot have this mode";
        c.report_at(
            "mode",
            Code::UnknownValue,
            message,
            "use SIMPLE, MUTUAL or OPTIONAL_MUTUAL",
        );
    }
    if !Protocol::parse(protocol).is_tls() {
        let message = "a listener with `tls` needs the protocol HTTPS or TLS";
        c.report(Code::Contradiction, message, "set the port's `protocol`");
    }
    gateway::tls(c, tls);
}

fn egress(c: &mut Check<'_>, meta: &ObjectMeta, listener: &IstioEgressListener) {
    if let Some(egress_port) = &listener.port {
        port(c, egress_port);
        egress_bind(c, listener, egress_port.number.unwrap_or_default());
    }
    if listener.hosts.is_empty() {
        c.report_at(
            "hosts",
            Code::Empty,
            "the listener knows no host",
            "write `hosts: [\"./*\"]`",
        );
    }
    c.each("hosts", &listener.hosts, |c, host| {
        c.expect(Code::InvalidHost, text::sidecar_host(host));
    });
    repeated_hosts(c, meta, &listener.hosts);
}

fn egress_bind(c: &mut Check<'_>, listener: &IstioEgressListener, number: u32) {
    if number > 0 {
        bind(c, listener.bind.as_ref());
        return;
    }
    let socket = listener
        .bind
        .as_deref()
        .and_then(|bind| bind.strip_prefix("unix://"));
    if let Some(path) = socket {
        c.field("bind", |c| {
            c.expect(Code::InvalidText, text::unix_path(path));
        });
    } else {
        let message = "a port 0 is for socket files";
        c.report_at(
            "bind",
            Code::Contradiction,
            message,
            "set the port's `number`",
        );
    }
    if listener.capture_mode == Some(CaptureMode::Iptables) {
        let message = "a socket file cannot be captured";
        c.report_at("captureMode", Code::Contradiction, message, "use NONE");
    }
}

fn repeated_hosts(c: &mut Check<'_>, meta: &ObjectMeta, hosts: &[String]) {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (index, host) in hosts.iter().enumerate() {
        let Some((namespace, name)) = host.split_once('/') else {
            continue;
        };
        if namespace.starts_with('~') {
            continue;
        }
        let namespace = if namespace == "." {
            meta.namespace.as_str()
        } else {
            namespace
        };
        let names = seen.entry(namespace).or_default();
        let covered = if name == "*" {
            !names.is_empty()
        } else {
            names.contains(name) || names.contains("*")
        };
        if covered {
            let message = format!("`{host}` is covered by another entry");
            c.field("hosts", |c| {
                c.element(index, |c| c.report(Code::Suspicious, message, ""));
            });
        }
        names.insert(name);
    }
    let all = seen.get("*").is_some_and(|names| names.contains("*"));
    if all && seen.len() > 1 {
        let message = "`*/*` imports everything; the other entries say nothing";
        c.report_at(
            "hosts",
            Code::Suspicious,
            message,
            "keep `*/*` alone, or remove it",
        );
    }
}

/// The listener without a port is the last one, and there is one of them.
fn order(c: &mut Check<'_>, listeners: &[IstioEgressListener]) {
    let last = listeners.len().saturating_sub(1);
    let mut ports = BTreeSet::new();
    let mut sockets = BTreeSet::new();
    for (index, listener) in listeners.iter().enumerate() {
        let repeated = match &listener.port {
            None if index < last => {
                let message = "the listener without a port must be the last one";
                c.field("egress", |c| {
                    c.element(index, |c| c.report(Code::Contradiction, message, "move it"));
                });
                false
            }
            None => false,
            Some(port) => match port.number.unwrap_or_default() {
                0 => !sockets.insert(listener.bind.as_deref().unwrap_or_default()),
                number => !ports.insert(number),
            },
        };
        if repeated {
            let message = "another listener has this port";
            c.field("egress", |c| {
                c.element(index, |c| c.report_at("port", Code::Repeated, message, ""));
            });
        }
    }
}

fn outbound(c: &mut Check<'_>, policy: &OutboundTrafficPolicy) {
    let Some(proxy) = &policy.egress_proxy else {
        return;
    };
    if policy.mode != Some(OutboundTrafficPolicyMode::AllowAny) {
        let message = "`egressProxy` needs `mode: ALLOW_ANY`";
        c.report_at("egressProxy", Code::Contradiction, message, "set the mode");
        return;
    }
    if proxy.port.is_none() {
        let message = "`egressProxy` needs a port";
        c.report_at(
            "egressProxy",
            Code::MissingField,
            message,
            "add `port: {number: …}`",
        );
    }
    destination(c, "egressProxy", proxy);
}
