//! TLS contexts of listeners, and secrets.

use std::sync::Arc;

use sealane_xds::core::{DataSource, data_source::Specifier};
use sealane_xds::tls::certificate_validation_context::TrustChainVerification;
use sealane_xds::tls::common_tls_context::ValidationContextType;
use sealane_xds::tls::tls_parameters::TlsProtocol;
use sealane_xds::tls::{
    self, CertificateValidationContext, CommonTlsContext, DownstreamTlsContext, SdsSecretConfig,
    TlsParameters,
};

use crate::build::at::At;
use crate::tls::{ClientCertificate, Secret, ServerTls, TlsVersion};

/// What a listener's TLS is. What is not understood makes the chain take nobody in, and refuses
/// nothing else: other servers of the port go on.
pub(super) fn server_tls(at: &At<'_>, message: &DownstreamTlsContext) -> Option<ServerTls> {
    let common = message.common_tls_context.clone().unwrap_or_default();
    let parameters = common.tls_params.clone().unwrap_or_default();
    let version = |field: &str, number: i32, default| {
        let at = at.field("common_tls_context");
        let at = at.field("tls_params");
        match TlsProtocol::try_from(number) {
            Ok(TlsProtocol::TlsAuto) => Some(default),
            Ok(TlsProtocol::TlSv10 | TlsProtocol::TlSv11) => Some(TlsVersion::Older),
            Ok(TlsProtocol::TlSv12) => Some(TlsVersion::V1_2),
            Ok(TlsProtocol::TlSv13) => Some(TlsVersion::V1_3),
            Err(_) => at.field(field).refuse("not a version"),
        }
    };
    let min = parameters.tls_minimum_protocol_version;
    let min = version("tls_minimum_protocol_version", min, TlsVersion::V1_2);
    let max = parameters.tls_maximum_protocol_version;
    let max = version("tls_maximum_protocol_version", max, TlsVersion::V1_3);
    let certificates = common.tls_certificate_sds_secret_configs.iter();
    let required = message.require_client_certificate.as_ref();
    let (client, own) = client(&common, required.is_some_and(|it| it.value));
    Some(ServerTls {
        certificates: certificates.map(name).collect(),
        client,
        alpn: texts(&common.alpn_protocols),
        min: min?,
        max: max?,
        cipher_suites: texts(&parameters.cipher_suites),
        unserved: unserved(message, &common, &parameters, own).map(Arc::from),
    })
}

fn name(config: &SdsSecretConfig) -> Arc<str> {
    Arc::from(config.name.as_str())
}

fn texts(texts: &[String]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(text.as_str())).collect()
}

/// Whether callers show certificates, and what is asked of these beside their roots.
fn client(
    common: &CommonTlsContext,
    required: bool,
) -> (ClientCertificate, Option<&CertificateValidationContext>) {
    let (roots, own) = match &common.validation_context_type {
        Some(ValidationContextType::CombinedValidationContext(combined)) => (
            combined.validation_context_sds_secret_config.as_ref(),
            combined.default_validation_context.as_ref(),
        ),
        Some(ValidationContextType::ValidationContextSdsSecretConfig(config)) => {
            (Some(config), None)
        }
        Some(ValidationContextType::ValidationContext(own)) => (None, Some(own)),
        Some(_) | None => (None, None),
    };
    let client = match (required, roots.map(name)) {
        (true, roots) => ClientCertificate::Required(roots.unwrap_or_default()),
        (false, Some(roots)) => ClientCertificate::Optional(roots),
        (false, None) => ClientCertificate::None,
    };
    (client, own)
}

/// Why nobody may come through. A check that is left out would let in who should not come in.
#[expect(deprecated, reason = "istiod fills the old field")]
fn unserved(
    message: &DownstreamTlsContext,
    common: &CommonTlsContext,
    parameters: &TlsParameters,
    own: Option<&CertificateValidationContext>,
) -> Option<&'static str> {
    if !common.tls_certificates.is_empty() || common.tls_certificate_sds_secret_configs.is_empty() {
        return Some("its certificate is not in a secret");
    }
    if message.require_sni.is_some_and(|it| it.value) {
        return Some("it requires an SNI");
    }
    if !parameters.signature_algorithms.is_empty() || !parameters.ecdh_curves.is_empty() {
        return Some("it chooses curves or signatures");
    }
    let own = own?;
    let known = CertificateValidationContext {
        trust_chain_verification: TrustChainVerification::VerifyTrustChain as i32,
        ..CertificateValidationContext::default()
    };
    if !own.match_subject_alt_names.is_empty() {
        return Some("it asks for names in client certificates");
    }
    (*own != known).then_some("it asks more of client certificates than their roots")
}

/// A secret. One that is not whole is missing.
pub(super) fn secret(message: &tls::Secret) -> Secret {
    match &message.r#type {
        Some(tls::secret::Type::TlsCertificate(certificate)) => {
            let chain = bytes(certificate.certificate_chain.as_ref());
            let key = bytes(certificate.private_key.as_ref());
            match (chain, key) {
                (Some(chain), Some(key)) => Secret::Certificate { chain, key },
                _ => Secret::Missing,
            }
        }
        Some(tls::secret::Type::ValidationContext(context)) => {
            // A list of revoked certificates that is not looked at would let them in.
            let roots = bytes(context.trusted_ca.as_ref()).filter(|_| context.crl.is_none());
            roots.map_or(Secret::Missing, Secret::Roots)
        }
        Some(_) | None => Secret::Missing,
    }
}

fn bytes(source: Option<&DataSource>) -> Option<Vec<u8>> {
    match source?.specifier.as_ref()? {
        Specifier::InlineBytes(bytes) => Some(bytes.clone()),
        Specifier::InlineString(text) => Some(text.clone().into_bytes()),
        Specifier::Filename(_) | Specifier::EnvironmentVariable(_) => None,
    }
}
