//! Checks of traffic policies.

use crate::core::meta::ObjectMeta;
use crate::diagnostic::Code;
use crate::networking::connection_pool::{ConnectionPoolSettings, H2UpgradePolicy};
use crate::networking::load_balancer::LoadBalancerSettings;
use crate::networking::outlier::OutlierDetection;
use crate::networking::traffic_policy::{
    ClientTlsMode, ClientTlsSettings, PortTrafficPolicy, TrafficPolicy, TunnelSettings,
};
use crate::validate::check::Check;
use crate::validate::{load_balancer, text};

pub(super) fn validate(c: &mut Check<'_>, meta: &ObjectMeta, policy: &TrafficPolicy) {
    if *policy == TrafficPolicy::default() {
        c.report(Code::Empty, "the traffic policy is empty", "");
        return;
    }
    if policy.tunnel.is_some() && policy.proxy_protocol.is_some() {
        let message = "`tunnel` and `proxyProtocol` exclude each other";
        c.report_at("tunnel", Code::Contradiction, message, "keep one of them");
    }
    blocks(
        c,
        meta,
        &Blocks {
            load_balancer: policy.load_balancer.as_ref(),
            connection_pool: policy.connection_pool.as_ref(),
            outlier_detection: policy.outlier_detection.as_ref(),
            tls: policy.tls.as_ref(),
        },
    );
    c.each(
        "portLevelSettings",
        &policy.port_level_settings,
        |c, port| {
            port_level(c, meta, port);
        },
    );
    c.some("tunnel", policy.tunnel.as_ref(), tunnel);
}

/// The blocks that destinations and ports have in common.
struct Blocks<'a> {
    load_balancer: Option<&'a LoadBalancerSettings>,
    connection_pool: Option<&'a ConnectionPoolSettings>,
    outlier_detection: Option<&'a OutlierDetection>,
    tls: Option<&'a ClientTlsSettings>,
}

fn blocks(c: &mut Check<'_>, meta: &ObjectMeta, blocks: &Blocks<'_>) {
    c.some("outlierDetection", blocks.outlier_detection, outlier);
    c.some("connectionPool", blocks.connection_pool, connection_pool);
    c.some("loadBalancer", blocks.load_balancer, |c, settings| {
        load_balancer::validate(c, settings, blocks.outlier_detection.is_some());
    });
    c.some("tls", blocks.tls, |c, settings| tls(c, meta, settings));
}

fn port_level(c: &mut Check<'_>, meta: &ObjectMeta, port: &PortTrafficPolicy) {
    let number = port.port.as_ref().and_then(|port| port.number);
    if number.is_none() {
        c.report_at(
            "port",
            Code::MissingField,
            "the port is missing",
            "add `port: {number: …}`",
        );
    }
    let empty = port.load_balancer.is_none()
        && port.connection_pool.is_none()
        && port.outlier_detection.is_none()
        && port.tls.is_none();
    if empty {
        c.report(Code::Empty, "the policy of the port is empty", "");
    }
    blocks(
        c,
        meta,
        &Blocks {
            load_balancer: port.load_balancer.as_ref(),
            connection_pool: port.connection_pool.as_ref(),
            outlier_detection: port.outlier_detection.as_ref(),
            tls: port.tls.as_ref(),
        },
    );
}

fn outlier(c: &mut Check<'_>, outlier: &OutlierDetection) {
    let split = outlier.split_external_local_origin_errors == Some(true);
    if !split
        && outlier
            .consecutive_local_origin_failures
            .is_some_and(|count| count > 0)
    {
        let message = "it counts only with `splitExternalLocalOriginErrors: true`";
        let help = "set that too, or remove the field";
        c.report_at(
            "consecutiveLocalOriginFailures",
            Code::Contradiction,
            message,
            help,
        );
    }
}

pub(super) fn connection_pool(c: &mut Check<'_>, pool: &ConnectionPoolSettings) {
    if pool.tcp.is_none() && pool.http.is_none() {
        c.report(
            Code::Empty,
            "the connection pool is empty",
            "add `tcp` or `http`",
        );
    }
    c.some("http", pool.http.as_ref(), |c, http| {
        let upgrade = http.h2_upgrade_policy == Some(H2UpgradePolicy::Upgrade);
        if upgrade && http.use_client_protocol == Some(true) {
            let message = "the client's protocol cannot be kept and upgraded";
            c.report_at(
                "useClientProtocol",
                Code::Contradiction,
                message,
                "keep one of them",
            );
        }
        c.some(
            "http2KeepAlive",
            http.http2_keep_alive.as_ref(),
            |c, keepalive| {
                for (name, set) in [
                    ("interval", keepalive.interval.is_some()),
                    ("timeout", keepalive.timeout.is_some()),
                ] {
                    if !set {
                        let message = format!("`{name}` of `http2KeepAlive` is missing");
                        c.report_at(name, Code::MissingField, message, "set both");
                    }
                }
            },
        );
    });
}

fn tls(c: &mut Check<'_>, meta: &ObjectMeta, tls: &ClientTlsSettings) {
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let mode = tls.mode.unwrap_or_default();
    let files = matches!(mode, ClientTlsMode::Simple | ClientTlsMode::Mutual);
    let name = tls.credential_name.as_ref().filter(|name| !name.is_empty());
    if let Some(map) = name.and_then(|name| name.strip_prefix("configmap://")) {
        let namespace = map
            .split_once('/')
            .map_or(meta.namespace.as_str(), |(ns, _)| ns);
        if namespace != meta.namespace {
            let message = "the config map must be in the rule's own namespace";
            c.report_at("credentialName", Code::Contradiction, message, "");
        }
    }
    if tls.insecure_skip_verify == Some(true) && files {
        let clash = is_set(&tls.ca_certificates)
            || !tls.subject_alt_names.is_empty()
            || (mode == ClientTlsMode::Simple && name.is_some());
        if clash {
            let message = "`insecureSkipVerify` beside what it would verify";
            let help = "remove it, or the authorities and names";
            c.report_at("insecureSkipVerify", Code::Contradiction, message, help);
        }
    }
    if files && name.is_some() {
        let clash = [
            &tls.client_certificate,
            &tls.private_key,
            &tls.ca_certificates,
            &tls.ca_crl,
        ];
        if clash.into_iter().any(is_set) {
            let message = "`credentialName` and files of certificates exclude each other";
            c.report_at(
                "credentialName",
                Code::Contradiction,
                message,
                "keep one source",
            );
        }
        return;
    }
    if mode == ClientTlsMode::Mutual {
        for (field, set) in [
            ("clientCertificate", is_set(&tls.client_certificate)),
            ("privateKey", is_set(&tls.private_key)),
        ] {
            if !set {
                let message = format!("`{field}` is needed for MUTUAL");
                c.report_at(
                    field,
                    Code::MissingField,
                    message,
                    "add it, or `credentialName`",
                );
            }
        }
    }
}

fn tunnel(c: &mut Check<'_>, tunnel: &TunnelSettings) {
    c.some(
        "protocol",
        tunnel.protocol.as_ref().filter(|p| !p.is_empty()),
        |c, protocol| {
            if !matches!(protocol.as_str(), "CONNECT" | "POST") {
                let message = format!("`{protocol}` is no protocol of a tunnel");
                c.report(Code::UnknownValue, message, "use `CONNECT` or `POST`");
            }
        },
    );
    c.field("targetHost", |c| {
        if text::ip(&tunnel.target_host).is_err() {
            c.expect(Code::InvalidHost, text::fqdn(&tunnel.target_host));
        }
    });
}
