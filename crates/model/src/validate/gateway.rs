//! Checks of a Gateway, and of TLS of servers.

use crate::core::meta::ObjectMeta;
use crate::core::protocol::Protocol;
use crate::diagnostic::Code;
use crate::networking::gateway::{Gateway, Server};
use crate::networking::server_tls::{ServerTlsMode, ServerTlsSettings, TlsProtocol};
use crate::validate::check::Check;
use crate::validate::text;

pub(super) fn validate(c: &mut Check<'_>, meta: &ObjectMeta, spec: &Gateway) {
    if !meta.name.is_empty() && !text::is_dns_label(&meta.name) {
        let message = format!("a Gateway cannot be named `{}`", meta.name);
        c.report(
            Code::InvalidName,
            message,
            "use at most 63 letters, digits and `-`, no dots",
        );
    }
    if spec.servers.is_empty() {
        c.report(Code::Empty, "the gateway has no server", "add `servers`");
    }
    c.each("servers", &spec.servers, server);
    c.unique(
        "servers",
        "the port name",
        spec.servers.iter().map(|s| s.port.name.clone()),
    );
}

fn server(c: &mut Check<'_>, server: &Server) {
    if server.hosts.is_empty() {
        c.report_at(
            "hosts",
            Code::Empty,
            "the server has no host",
            "write `hosts: [\"*\"]`",
        );
    }
    c.each("hosts", &server.hosts, |c, host| {
        c.expect(Code::InvalidHost, text::gateway_host(host));
    });
    port(c, server);
    c.some("tls", server.tls.as_ref(), |c, tls| self::tls(c, tls));
    tls_fits_protocol(c, server);
}

fn port(c: &mut Check<'_>, server: &Server) {
    let socket = server
        .bind
        .as_deref()
        .and_then(|bind| bind.strip_prefix("unix://"));
    c.field("port", |c| {
        if Protocol::parse(&server.port.protocol).is_unsupported() {
            let message = format!("`{}` is no protocol of a gateway", server.port.protocol);
            let help = "use HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS, MONGO, REDIS or MYSQL";
            c.report_at("protocol", Code::UnknownValue, message, help);
        }
        if server.port.name.is_empty() {
            c.report_at(
                "name",
                Code::InvalidText,
                "the name of the port is empty",
                "",
            );
        }
        match (socket, server.port.number) {
            (None, 0) => {
                let message = "0 is out of range";
                c.report_at("number", Code::OutOfRange, message, "write 1 to 65535");
            }
            (Some(_), 1..) => {
                let message = "the port of a socket file must be 0";
                c.report_at("number", Code::Contradiction, message, "write 0");
            }
            _ => {}
        }
    });
    c.some(
        "bind",
        server.bind.as_ref().filter(|bind| !bind.is_empty()),
        |c, bind| {
            c.expect(
                Code::InvalidText,
                socket.map_or_else(|| text::ip(bind), text::unix_path),
            );
        },
    );
}

fn tls_fits_protocol(c: &mut Check<'_>, server: &Server) {
    let protocol = Protocol::parse(&server.port.protocol);
    if protocol.is_unsupported() {
        return;
    }
    let Some(tls) = &server.tls else {
        if protocol.is_tls() {
            let message = format!("a server for {} needs `tls`", server.port.protocol);
            c.report(Code::MissingField, message, "add `tls: {mode: …}`");
        }
        return;
    };
    if tls.https_redirect == Some(true) && !protocol.is_http() {
        let message = "`httpsRedirect` is of use only at a server for HTTP";
        c.field("tls", |c| {
            c.report_at("httpsRedirect", Code::Suspicious, message, "");
        });
    }
    if protocol.is_tls() {
        return;
    }
    let mode = tls.mode.unwrap_or_default();
    let passes = matches!(
        mode,
        ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough
    );
    let files = [
        &tls.ca_certificates,
        &tls.private_key,
        &tls.server_certificate,
    ];
    let files = files.into_iter().any(|file| is_set(file.as_ref()));
    if !protocol.is_http() || !passes || files {
        let message = format!(
            "a server for {} does not terminate TLS",
            server.port.protocol
        );
        c.report_at(
            "tls",
            Code::Contradiction,
            message,
            "use the protocol HTTPS or TLS",
        );
    }
}

fn is_set(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// What of the certificates' sources is set, by field.
fn sources(tls: &ServerTlsSettings) -> [(&'static str, bool); 7] {
    [
        ("serverCertificate", is_set(tls.server_certificate.as_ref())),
        ("privateKey", is_set(tls.private_key.as_ref())),
        ("caCertificates", is_set(tls.ca_certificates.as_ref())),
        ("tlsCertificates", !tls.tls_certificates.is_empty()),
        ("credentialName", is_set(tls.credential_name.as_ref())),
        ("credentialNames", !tls.credential_names.is_empty()),
        ("caCrl", is_set(tls.ca_crl.as_ref())),
    ]
}

pub(super) fn tls(c: &mut Check<'_>, tls: &ServerTlsSettings) {
    let old = matches!(
        tls.min_protocol_version,
        Some(TlsProtocol::V1_0 | TlsProtocol::V1_1)
    );
    if old && tls.cipher_suites.is_empty() {
        let message = "the default ciphers do not fit TLS below 1.2";
        c.report_at(
            "minProtocolVersion",
            Code::Suspicious,
            message,
            "set `cipherSuites`",
        );
    }
    let mode = tls.mode.unwrap_or_default();
    match mode {
        ServerTlsMode::IstioMutual => {
            for (name, _) in sources(tls).into_iter().take(6).filter(|(_, set)| *set) {
                let message = format!("ISTIO_MUTUAL takes no `{name}`");
                c.report_at(name, Code::Contradiction, message, "remove it");
            }
            return;
        }
        ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough => {
            if let Some((name, _)) = sources(tls).into_iter().find(|(_, set)| *set) {
                let message = format!("{} uses no certificate; `{name}` is ignored", mode.as_str());
                c.report_at(name, Code::Suspicious, message, "set `mode: SIMPLE`");
            }
        }
        ServerTlsMode::Simple | ServerTlsMode::Mutual | ServerTlsMode::OptionalMutual => {}
    }
    one_source(c, tls);
    if !matches!(
        mode,
        ServerTlsMode::Passthrough | ServerTlsMode::AutoPassthrough
    ) {
        certificates(c, tls, mode);
    }
    if is_set(tls.ca_crl.as_ref())
        && (is_set(tls.credential_name.as_ref()) || mode == ServerTlsMode::Simple)
    {
        let message = "a list of revoked certificates is not used here";
        c.report_at(
            "caCrl",
            Code::Contradiction,
            message,
            "put it into the secret",
        );
    }
}

fn one_source(c: &mut Check<'_>, tls: &ServerTlsSettings) {
    let set = [
        is_set(tls.server_certificate.as_ref()) && is_set(tls.private_key.as_ref()),
        is_set(tls.credential_name.as_ref()),
        !tls.credential_names.is_empty(),
        !tls.tls_certificates.is_empty(),
    ];
    if set.into_iter().filter(|set| *set).count() > 1 {
        let message = "certificates from more than one source";
        let help = "keep one of `credentialName`, `credentialNames`, `tlsCertificates` and \
                    `serverCertificate` with `privateKey`";
        c.report(Code::Contradiction, message, help);
    }
}

fn certificates(c: &mut Check<'_>, tls: &ServerTlsSettings, mode: ServerTlsMode) {
    if is_set(tls.credential_name.as_ref()) || !tls.credential_names.is_empty() {
        return;
    }
    let mode = mode.as_str();
    if mode != "SIMPLE" && !is_set(tls.ca_certificates.as_ref()) {
        let message = format!("{mode} needs `caCertificates` or `credentialName`");
        c.report_at("caCertificates", Code::MissingField, message, "");
    }
    let missing = |c: &mut Check<'_>, name: &str| {
        let message = format!("{mode} needs `{name}` or `credentialName`");
        c.report_at(name, Code::MissingField, message, "");
    };
    if tls.tls_certificates.is_empty() {
        for (name, text) in [
            ("serverCertificate", &tls.server_certificate),
            ("privateKey", &tls.private_key),
        ] {
            if !is_set(text.as_ref()) {
                missing(c, name);
            }
        }
    }
    c.each("tlsCertificates", &tls.tls_certificates, |c, pair| {
        for (name, text) in [
            ("serverCertificate", &pair.server_certificate),
            ("privateKey", &pair.private_key),
        ] {
            if !is_set(text.as_ref()) {
                missing(c, name);
            }
        }
    });
}
