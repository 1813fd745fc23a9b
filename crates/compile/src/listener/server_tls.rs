//! TLS that a gateway opens.

use sealane_model::networking::server_tls::{ServerTlsMode, ServerTlsSettings, TlsProtocol};
use sealane_xds::any;
use sealane_xds::core::data_source::Specifier;
use sealane_xds::core::{DataSource, TransportSocket, transport_socket};
use sealane_xds::tls::certificate_validation_context::TrustChainVerification;
use sealane_xds::tls::common_tls_context::ValidationContextType;
use sealane_xds::tls::tls_parameters::TlsProtocol as Version;
use sealane_xds::tls::{CommonTlsContext, DownstreamTlsContext, SdsSecretConfig, TlsParameters};

use crate::message;
use crate::tls;

/// The transport socket of a server that opens TLS; `tcp` when no requests are routed inside.
pub(super) fn socket(settings: &ServerTlsSettings, tcp: bool) -> TransportSocket {
    let mode = settings.mode.unwrap_or_default();
    let alpn: &[&str] = if tcp && mode == ServerTlsMode::IstioMutual {
        &["istio-peer-exchange", "h2", "http/1.1"]
    } else {
        &["h2", "http/1.1"]
    };
    let common = CommonTlsContext {
        tls_params: parameters(settings, mode),
        tls_certificate_sds_secret_configs: certificates(settings, mode),
        alpn_protocols: alpn.iter().map(|name| (*name).to_owned()).collect(),
        validation_context_type: validation(settings, mode),
        ..CommonTlsContext::default()
    };
    let required = matches!(mode, ServerTlsMode::Mutual | ServerTlsMode::IstioMutual);
    let context = DownstreamTlsContext {
        common_tls_context: Some(common),
        require_client_certificate: Some(message::bool_value(required)),
        ..DownstreamTlsContext::default()
    };
    TransportSocket {
        name: tls::TRANSPORT_SOCKET.to_owned(),
        config_type: Some(transport_socket::ConfigType::TypedConfig(any::pack(
            &context,
        ))),
    }
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn credentials(settings: &ServerTlsSettings) -> Vec<&str> {
    if settings.credential_names.is_empty() {
        filled(settings.credential_name.as_ref())
            .into_iter()
            .collect()
    } else {
        settings
            .credential_names
            .iter()
            .map(String::as_str)
            .collect()
    }
}

fn certificates(settings: &ServerTlsSettings, mode: ServerTlsMode) -> Vec<SdsSecretConfig> {
    if mode == ServerTlsMode::IstioMutual {
        return vec![tls::agent_secret(tls::OWN_CERTIFICATE)];
    }
    let credentials = credentials(settings);
    if !credentials.is_empty() {
        return credentials
            .into_iter()
            .map(|name| tls::credential(name, ""))
            .collect();
    }
    let mut files = Vec::new();
    for pair in &settings.tls_certificates {
        if let (Some(certificate), Some(key)) = (
            filled(pair.server_certificate.as_ref()),
            filled(pair.private_key.as_ref()),
        ) {
            files.push(tls::agent_secret(&tls::file_certificate(certificate, key)));
        }
    }
    if files.is_empty() {
        let name = match (
            filled(settings.server_certificate.as_ref()),
            filled(settings.private_key.as_ref()),
        ) {
            (Some(certificate), Some(key)) => tls::file_certificate(certificate, key),
            _ => tls::OWN_CERTIFICATE.to_owned(),
        };
        files.push(tls::agent_secret(&name));
    }
    files
}

fn validation(settings: &ServerTlsSettings, mode: ServerTlsMode) -> Option<ValidationContextType> {
    let asks = matches!(
        mode,
        ServerTlsMode::Mutual | ServerTlsMode::IstioMutual | ServerTlsMode::OptionalMutual
    );
    let own_roots = mode == ServerTlsMode::IstioMutual;
    let credential = credentials(settings)
        .first()
        .copied()
        .filter(|_| !own_roots);
    let mut own = tls::named(&settings.subject_alt_names);
    if asks && settings.insecure_skip_verify == Some(true) {
        own.trust_chain_verification = TrustChainVerification::AcceptUntrusted as i32;
    }
    let Some(credential) = credential else {
        own.crl = filled(settings.ca_crl.as_ref()).map(|path| DataSource {
            specifier: Some(Specifier::Filename(path.to_owned())),
            ..DataSource::default()
        });
        let roots = filled(settings.ca_certificates.as_ref()).filter(|_| !own_roots);
        let roots = roots.map_or_else(|| tls::MESH_ROOTS.to_owned(), tls::file_roots);
        return asks.then(|| tls::combined(own, tls::agent_secret(&roots)));
    };
    if asks {
        own.verify_certificate_spki
            .clone_from(&settings.verify_certificate_spki);
        own.verify_certificate_hash
            .clone_from(&settings.verify_certificate_hash);
        let roots = match filled(settings.ca_cert_credential_name.as_ref()) {
            Some(name) => tls::credential(name, ""),
            None => tls::credential(credential, "-cacert"),
        };
        return Some(tls::combined(own, roots));
    }
    let named = !settings.subject_alt_names.is_empty();
    named.then_some(ValidationContextType::ValidationContext(own))
}

fn parameters(settings: &ServerTlsSettings, mode: ServerTlsMode) -> Option<TlsParameters> {
    let version = |protocol: Option<TlsProtocol>| match protocol.unwrap_or_default() {
        TlsProtocol::Auto => Version::TlsAuto,
        TlsProtocol::V1_0 => Version::TlSv10,
        TlsProtocol::V1_1 => Version::TlSv11,
        TlsProtocol::V1_2 => Version::TlSv12,
        TlsProtocol::V1_3 => Version::TlSv13,
    };
    let own = TlsParameters {
        tls_minimum_protocol_version: version(settings.min_protocol_version) as i32,
        tls_maximum_protocol_version: version(settings.max_protocol_version) as i32,
        cipher_suites: settings.cipher_suites.clone(),
        ..TlsParameters::default()
    };
    let wanted = mode != ServerTlsMode::IstioMutual && own != TlsParameters::default();
    wanted.then_some(own)
}
