//! What TLS contexts of servers and clients have in common: where certificates come from, and
//! which names they may show.

use sealane_xds::core::api_config_source::ApiType;
use sealane_xds::core::config_source::ConfigSourceSpecifier;
use sealane_xds::core::grpc_service::{EnvoyGrpc, TargetSpecifier};
use sealane_xds::core::{ApiConfigSource, ApiVersion, ConfigSource, GrpcService};
use sealane_xds::matcher::StringMatcher;
use sealane_xds::matcher::string_matcher::MatchPattern;
use sealane_xds::tls::common_tls_context::{
    CombinedCertificateValidationContext, ValidationContextType,
};
use sealane_xds::tls::{CertificateValidationContext, SdsSecretConfig};

use crate::message;

/// The workload's own certificate.
pub(crate) const OWN_CERTIFICATE: &str = "default";
/// The roots that the mesh trusts.
pub(crate) const MESH_ROOTS: &str = "ROOTCA";
/// Name of the TLS transport socket.
pub(crate) const TRANSPORT_SOCKET: &str = "envoy.transport_sockets.tls";

/// A secret that the agent beside the proxy serves: a certificate of the mesh, or a file.
pub(crate) fn agent_secret(name: &str) -> SdsSecretConfig {
    let is_of_the_mesh = [OWN_CERTIFICATE, MESH_ROOTS].contains(&name);
    let service = GrpcService {
        target_specifier: Some(TargetSpecifier::EnvoyGrpc(EnvoyGrpc {
            cluster_name: "sds-grpc".to_owned(),
            ..EnvoyGrpc::default()
        })),
        ..GrpcService::default()
    };
    let source = ApiConfigSource {
        api_type: ApiType::Grpc as i32,
        transport_api_version: ApiVersion::V3 as i32,
        grpc_services: vec![service],
        set_node_on_first_message_only: true,
        ..ApiConfigSource::default()
    };
    SdsSecretConfig {
        name: name.to_owned(),
        sds_config: Some(ConfigSource {
            config_source_specifier: Some(ConfigSourceSpecifier::ApiConfigSource(source)),
            // Files may be missing for ever; certificates of the mesh come.
            initial_fetch_timeout: is_of_the_mesh.then(message::zero),
            resource_api_version: ApiVersion::V3 as i32,
            ..ConfigSource::default()
        }),
    }
}

/// A Kubernetes Secret (or what stands in its place), served with everything else.
pub(crate) fn credential(name: &str, suffix: &str) -> SdsSecretConfig {
    let whole = if name.contains("://") {
        name.to_owned()
    } else {
        format!("kubernetes://{name}")
    };
    let source = ConfigSource {
        initial_fetch_timeout: None,
        ..message::ads_source()
    };
    SdsSecretConfig {
        name: format!("{whole}{suffix}"),
        sds_config: Some(source),
    }
}

/// The name of a certificate in files.
pub(crate) fn file_certificate(certificate: &str, key: &str) -> String {
    format!("file-cert:{certificate}~{key}")
}

/// The name of trusted roots in a file.
pub(crate) fn file_roots(path: &str) -> String {
    format!("file-root:{path}")
}

/// Names that a certificate may show, compared whole.
pub(crate) fn exact_names(names: &[String]) -> Vec<StringMatcher> {
    let exact = names.iter().map(|name| StringMatcher {
        match_pattern: Some(MatchPattern::Exact(name.clone())),
        ..StringMatcher::default()
    });
    exact.collect()
}

/// What is asked of names, and roots from a secret.
pub(crate) fn combined(
    own: CertificateValidationContext,
    roots: SdsSecretConfig,
) -> ValidationContextType {
    ValidationContextType::CombinedValidationContext(CombinedCertificateValidationContext {
        default_validation_context: Some(own),
        validation_context_sds_secret_config: Some(roots),
        ..CombinedCertificateValidationContext::default()
    })
}

/// What is asked of the names in a certificate.
#[expect(
    deprecated,
    reason = "Istio fills this field, and proxies of both sides read it"
)]
pub(crate) fn named(names: &[String]) -> CertificateValidationContext {
    CertificateValidationContext {
        match_subject_alt_names: exact_names(names),
        ..CertificateValidationContext::default()
    }
}
