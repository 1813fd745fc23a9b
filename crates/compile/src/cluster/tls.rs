//! TLS towards a cluster, as a DestinationRule declares it.

use sealane_model::networking::traffic_policy::{
    ClientTlsMode, ClientTlsSettings, ProxyProtocol, ProxyProtocolVersion,
};
use sealane_xds::any;
use sealane_xds::core::data_source::Specifier;
use sealane_xds::core::{
    DataSource, ProxyProtocolConfig, TransportSocket, proxy_protocol_config, transport_socket,
};
use sealane_xds::envoy::envoy::extensions::transport_sockets::proxy_protocol::v3::ProxyProtocolUpstreamTransport;
use sealane_xds::raw_buffer::RawBuffer;
use sealane_xds::tls::common_tls_context::ValidationContextType;
use sealane_xds::tls::tls_parameters::TlsProtocol;
use sealane_xds::tls::{
    CertificateValidationContext, CommonTlsContext, SdsSecretConfig, TlsParameters,
    UpstreamTlsContext,
};

use crate::cluster::upstream::Upstream;
use crate::identity::ProxyKind;
use crate::service::Registry;
use crate::tls;

/// What TLS towards a cluster is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct TlsInput<'a> {
    pub(super) settings: &'a ClientTlsSettings,
    pub(super) proxy: ProxyKind,
    /// Whether the DestinationRule selects the workloads that it is for.
    pub(super) selects: bool,
    pub(super) registry: Registry,
    /// Identities of what serves the service.
    pub(super) identities: &'a [String],
    /// The SNI of the mesh for this cluster.
    pub(super) mesh_sni: &'a str,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// Where the client's own certificate is.
enum Own {
    /// Nowhere, so that no TLS can be spoken.
    Missing,
    /// In the Secret that has the roots too.
    WithRoots,
    /// In files.
    Files(Box<SdsSecretConfig>),
}

impl TlsInput<'_> {
    /// A sidecar has no right to a Secret; Istio then connects in plain text without a word.
    pub(super) fn drops_credential(self) -> bool {
        let name = filled(self.settings.credential_name.as_ref());
        let secret = name.is_some_and(|name| !name.starts_with("configmap://"));
        let mode = self.settings.mode.unwrap_or_default();
        secret
            && self.proxy == ProxyKind::Sidecar
            && !self.selects
            && matches!(mode, ClientTlsMode::Simple | ClientTlsMode::Mutual)
    }

    /// Sets the transport socket.
    pub(super) fn apply(self, upstream: &mut Upstream) {
        if self.drops_credential() {
            return;
        }
        let context = match self.settings.mode.unwrap_or_default() {
            ClientTlsMode::Disable => return,
            ClientTlsMode::IstioMutual => self.of_the_mesh(upstream),
            ClientTlsMode::Simple => self.declared(upstream, None),
            ClientTlsMode::Mutual => match self.own_certificate() {
                Own::Missing => return,
                Own::WithRoots => self.declared(upstream, None),
                Own::Files(certificate) => self.declared(upstream, Some(*certificate)),
            },
        };
        upstream.cluster.transport_socket = Some(TransportSocket {
            name: tls::TRANSPORT_SOCKET.to_owned(),
            config_type: Some(transport_socket::ConfigType::TypedConfig(any::pack(
                &context,
            ))),
        });
    }

    fn of_the_mesh(self, upstream: &mut Upstream) -> UpstreamTlsContext {
        let names = match self.settings.subject_alt_names.as_slice() {
            [] => self.identities,
            names => names,
        };
        let alpn: &[&str] = if upstream.http2().is_some() {
            &["istio", "h2"]
        } else {
            &["istio"]
        };
        let common = CommonTlsContext {
            tls_certificate_sds_secret_configs: vec![tls::agent_secret(tls::OWN_CERTIFICATE)],
            validation_context_type: Some(tls::combined(
                tls::named(names),
                tls::agent_secret(tls::MESH_ROOTS),
            )),
            alpn_protocols: alpn.iter().map(|name| (*name).to_owned()).collect(),
            ..common()
        };
        let sni = match filled(self.settings.sni.as_ref()) {
            Some(sni) => sni,
            None if self.mesh_sni.is_empty() => &upstream.cluster.name,
            None => self.mesh_sni,
        };
        UpstreamTlsContext {
            common_tls_context: Some(common),
            sni: sni.to_owned(),
            ..UpstreamTlsContext::default()
        }
    }

    fn own_certificate(self) -> Own {
        if filled(self.settings.credential_name.as_ref()).is_some() {
            return Own::WithRoots;
        }
        let certificate = filled(self.settings.client_certificate.as_ref());
        match (certificate, filled(self.settings.private_key.as_ref())) {
            (Some(certificate), Some(key)) => Own::Files(Box::new(tls::agent_secret(
                &tls::file_certificate(certificate, key),
            ))),
            _ => Own::Missing,
        }
    }

    fn declared(
        self,
        upstream: &mut Upstream,
        certificate: Option<SdsSecretConfig>,
    ) -> UpstreamTlsContext {
        let sni = filled(self.settings.sni.as_ref()).unwrap_or_default();
        let unchecked = self.settings.insecure_skip_verify == Some(true);
        let automatic = sni.is_empty();
        let names_checked = automatic && self.settings.subject_alt_names.is_empty() && !unchecked;
        if automatic || names_checked {
            let options = upstream
                .http()
                .upstream_http_protocol_options
                .get_or_insert_default();
            options.auto_sni |= automatic;
            options.auto_san_validation |= names_checked;
        }
        let mut common = common();
        common
            .tls_certificate_sds_secret_configs
            .extend(certificate);
        self.validate(&mut common, unchecked);
        if upstream.http2().is_some() {
            common.alpn_protocols.push("h2".to_owned());
        }
        UpstreamTlsContext {
            common_tls_context: Some(common),
            sni: sni.to_owned(),
            ..UpstreamTlsContext::default()
        }
    }

    fn validate(self, common: &mut CommonTlsContext, unchecked: bool) {
        let declared = &self.settings.subject_alt_names;
        let external = self.registry == Registry::External && declared.is_empty();
        let names = if external { self.identities } else { declared };
        let mut own = tls::named(names);
        let credential = filled(self.settings.credential_name.as_ref());
        if let Some(name) = credential
            && self.settings.mode == Some(ClientTlsMode::Mutual)
        {
            common
                .tls_certificate_sds_secret_configs
                .push(tls::credential(name, ""));
        }
        common.validation_context_type = match (unchecked, credential) {
            (true, Some(_)) => None,
            (true, None) => {
                let nothing = CertificateValidationContext::default();
                Some(ValidationContextType::ValidationContext(nothing))
            }
            (false, Some(name)) => Some(tls::combined(own, tls::credential(name, "-cacert"))),
            (false, None) => {
                own.crl = filled(self.settings.ca_crl.as_ref()).map(|path| DataSource {
                    specifier: Some(Specifier::Filename(path.to_owned())),
                    ..DataSource::default()
                });
                let roots = filled(self.settings.ca_certificates.as_ref()).unwrap_or("system");
                Some(tls::combined(
                    own,
                    tls::agent_secret(&tls::file_roots(roots)),
                ))
            }
        };
    }
}

fn common() -> CommonTlsContext {
    CommonTlsContext {
        tls_params: Some(TlsParameters {
            tls_minimum_protocol_version: TlsProtocol::TlSv12 as i32,
            tls_maximum_protocol_version: TlsProtocol::TlSv13 as i32,
            ..TlsParameters::default()
        }),
        ..CommonTlsContext::default()
    }
}

/// Tells the upstream who the client is, before anything else on the connection.
pub(super) fn proxy_protocol(upstream: &mut Upstream, declared: Option<&ProxyProtocol>) {
    let Some(declared) = declared else { return };
    let version = match declared.version.unwrap_or_default() {
        ProxyProtocolVersion::V1 => proxy_protocol_config::Version::V1,
        ProxyProtocolVersion::V2 => proxy_protocol_config::Version::V2,
    };
    let inner = upstream
        .cluster
        .transport_socket
        .take()
        .unwrap_or_else(|| TransportSocket {
            name: "raw_buffer".to_owned(),
            config_type: Some(transport_socket::ConfigType::TypedConfig(any::pack(
                &RawBuffer::default(),
            ))),
        });
    let settings = ProxyProtocolUpstreamTransport {
        config: Some(ProxyProtocolConfig {
            version: version as i32,
            ..ProxyProtocolConfig::default()
        }),
        transport_socket: Some(inner),
        ..ProxyProtocolUpstreamTransport::default()
    };
    upstream.cluster.transport_socket = Some(TransportSocket {
        name: "envoy.transport_sockets.upstream_proxy_protocol".to_owned(),
        config_type: Some(transport_socket::ConfigType::TypedConfig(any::pack(
            &settings,
        ))),
    });
}
