//! TLS at the downstream side: what a runtime's secrets are made into, and the handshake.

mod certificates;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{
    RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version,
};
use sealane_runtime::Runtime;
use sealane_runtime::listener::DownstreamTransport;
use sealane_runtime::tls::{ClientCertificate, Secret, ServerTls, TlsVersion};
use sealane_seam::BoxIo;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use self::certificates::Certificates;

/// How long a handshake may take; istiod writes the same into filter chains.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// The secrets that a server is made of, in the order in which it names them.
type Used = Vec<Arc<Secret>>;

/// Everything that terminates TLS at one moment, by what the listeners ask for.
#[derive(Debug, Default)]
pub(crate) struct Servers(BTreeMap<Arc<ServerTls>, Arc<Server>>);

/// One way to terminate TLS.
pub(crate) struct Server {
    used: Used,
    /// `None` when nobody may come through.
    configs: Option<Configs>,
}

struct Configs {
    config: Arc<ServerConfig>,
    /// For callers whose ALPN names are all unknown: Envoy answers without one, rustls would
    /// end the handshake.
    without_alpn: Arc<ServerConfig>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serves = self.configs.is_some();
        f.debug_struct("Server")
            .field("serves", &serves)
            .finish_non_exhaustive()
    }
}

/// Why nobody may come through.
#[derive(Debug, Error)]
enum Unserved {
    #[error("{0}")]
    Asks(Arc<str>),
    #[error("secret {0} is missing")]
    Missing(Arc<str>),
    #[error("secret {0} holds no PEM")]
    Pem(Arc<str>),
    #[error("secret {0} has no key that can be used")]
    Key(Arc<str>, #[source] rustls::Error),
    #[error("secret {0} has no roots that can be used")]
    Roots(Arc<str>),
    #[error("no version of TLS is left that this proxy speaks")]
    Version,
    #[error("no cipher suite is left that this proxy has")]
    Suites,
    #[error("the settings contradict each other")]
    Config(#[source] rustls::Error),
}

/// Why a connection ended before it was read.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    /// There is no usable certificate.
    #[error("this server does not open TLS")]
    Unserved,
    /// The caller was too slow.
    #[error("the TLS handshake took too long")]
    Timeout,
    /// It failed.
    #[error("the TLS handshake failed")]
    Handshake(#[source] io::Error),
}

/// A connection after its handshake.
pub(crate) struct Opened {
    pub(crate) io: BoxIo,
    /// The ALPN name that both ends agreed on.
    pub(crate) alpn: Option<Vec<u8>>,
}

impl Servers {
    /// What `runtime` needs. What has not changed is taken over, with its sessions.
    pub(crate) fn of(runtime: &Runtime, before: Option<&Self>) -> Self {
        let listeners = runtime.listeners.values();
        let chains = listeners.flat_map(|it| it.chains.iter().chain(&it.default_chain));
        let mut servers = BTreeMap::new();
        for chain in chains {
            let DownstreamTransport::Tls(tls) = &chain.transport else {
                continue;
            };
            if servers.contains_key(tls) {
                continue;
            }
            let used = used(runtime, tls);
            let known = before.and_then(|before| before.0.get(tls));
            let known = known.filter(|known| known.used == used).map(Arc::clone);
            let server = known.unwrap_or_else(|| Arc::new(Server::new(tls, used)));
            servers.insert(Arc::clone(tls), server);
        }
        Self(servers)
    }

    /// How a chain terminates TLS.
    pub(crate) fn get(&self, tls: &ServerTls) -> Option<&Arc<Server>> {
        self.0.get(tls)
    }
}

fn used(runtime: &Runtime, tls: &ServerTls) -> Used {
    let roots = match &tls.client {
        ClientCertificate::None => None,
        ClientCertificate::Optional(name) | ClientCertificate::Required(name) => Some(name),
    };
    let find = |name: &Arc<str>| {
        let found = runtime.secrets.get(name).map(Arc::clone);
        found.unwrap_or_else(|| Arc::new(Secret::Missing))
    };
    tls.certificates.iter().chain(roots).map(find).collect()
}

impl Server {
    fn new(tls: &ServerTls, used: Used) -> Self {
        let configs = match config(tls, &used) {
            Ok(config) => {
                let mut without_alpn = config.clone();
                without_alpn.alpn_protocols.clear();
                Some(Configs {
                    config: Arc::new(config),
                    without_alpn: Arc::new(without_alpn),
                })
            }
            Err(problem) => {
                let certificates = tls.certificates.join(", ");
                tracing::warn!(
                    certificates,
                    %problem,
                    "a gateway does not open TLS: connections to this server are closed"
                );
                None
            }
        };
        Self { used, configs }
    }

    /// Opens TLS on a connection whose caller offers these ALPN names.
    pub(crate) async fn open(&self, io: BoxIo, offered: &[Arc<str>]) -> Result<Opened, Refused> {
        let configs = self.configs.as_ref().ok_or(Refused::Unserved)?;
        let is_known = |name: &Arc<str>| {
            let mut known = configs.config.alpn_protocols.iter();
            known.any(|known| known.as_slice() == name.as_bytes())
        };
        let config = if offered.is_empty() || offered.iter().any(is_known) {
            &configs.config
        } else {
            &configs.without_alpn
        };
        let acceptor = TlsAcceptor::from(Arc::clone(config));
        let opened = tokio::time::timeout(HANDSHAKE, acceptor.accept(io)).await;
        let stream = opened
            .map_err(|_elapsed| Refused::Timeout)?
            .map_err(Refused::Handshake)?;
        let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        Ok(Opened {
            io: Box::new(stream),
            alpn,
        })
    }
}

fn config(tls: &ServerTls, used: &Used) -> Result<ServerConfig, Unserved> {
    if let Some(asks) = &tls.unserved {
        return Err(Unserved::Asks(Arc::clone(asks)));
    }
    let provider = Arc::new(CryptoProvider {
        cipher_suites: suites(tls)?,
        ..aws_lc_rs::default_provider()
    });
    let named = tls.certificates.iter().zip(used);
    let keys: Result<Vec<_>, _> = named
        .map(|(name, secret)| certified(name, secret, &provider))
        .collect();
    let keys = Certificates::new(keys?);
    let verifier = verifier(tls, used.last(), &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(tls)?)
        .map_err(Unserved::Config)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(keys));
    let alpn = tls.alpn.iter().map(|name| name.as_bytes().to_vec());
    config.alpn_protocols = alpn.collect();
    Ok(config)
}

fn certified(
    name: &Arc<str>,
    secret: &Secret,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, Unserved> {
    let Secret::Certificate { chain, key } = secret else {
        return Err(Unserved::Missing(Arc::clone(name)));
    };
    let no_pem = || Unserved::Pem(Arc::clone(name));
    let chain = certificates(chain).ok_or_else(no_pem)?;
    let key = PrivateKeyDer::from_pem_slice(key).ok().ok_or_else(no_pem)?;
    let key = CertifiedKey::from_der(chain, key, provider);
    key.map(Arc::new)
        .map_err(|error| Unserved::Key(Arc::clone(name), error))
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok().filter(|all| !all.is_empty())
}

fn verifier(
    tls: &ServerTls,
    secret: Option<&Arc<Secret>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Unserved> {
    let (name, required) = match &tls.client {
        ClientCertificate::None => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientCertificate::Optional(name) => (name, false),
        ClientCertificate::Required(name) => (name, true),
    };
    let unusable = || Unserved::Roots(Arc::clone(name));
    let Some(Secret::Roots(pem)) = secret.map(AsRef::as_ref) else {
        return Err(Unserved::Missing(Arc::clone(name)));
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or_else(unusable)? {
        roots.add(certificate).ok().ok_or_else(unusable)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let verifier = if required {
        verifier
    } else {
        verifier.allow_unauthenticated()
    };
    verifier.build().ok().ok_or_else(unusable)
}

fn versions(tls: &ServerTls) -> Result<Vec<&'static SupportedProtocolVersion>, Unserved> {
    let known = [
        (TlsVersion::V1_2, &version::TLS12),
        (TlsVersion::V1_3, &version::TLS13),
    ];
    let fits = known
        .into_iter()
        .filter(|(version, _)| (tls.min..=tls.max).contains(version));
    let versions: Vec<_> = fits.map(|(_, known)| known).collect();
    if versions.is_empty() {
        return Err(Unserved::Version);
    }
    Ok(versions)
}

/// The suites of TLS 1.2 that are named, and all of TLS 1.3, which are not chosen in Envoy either.
fn suites(tls: &ServerTls) -> Result<Vec<SupportedCipherSuite>, Unserved> {
    let all = aws_lc_rs::default_provider().cipher_suites;
    if tls.cipher_suites.is_empty() {
        return Ok(all);
    }
    let is_new = |suite: &SupportedCipherSuite| suite.tls13().is_some();
    let mut chosen: Vec<_> = all.into_iter().filter(is_new).collect();
    let before = chosen.len();
    let names = tls.cipher_suites.iter().flat_map(|name| {
        // Envoy lets names of equal rank stand in brackets.
        name.trim_matches(['[', ']']).split('|')
    });
    chosen.extend(names.filter_map(suite));
    if chosen.len() == before && tls.max < TlsVersion::V1_3 {
        return Err(Unserved::Suites);
    }
    Ok(chosen)
}

fn suite(name: &str) -> Option<SupportedCipherSuite> {
    Some(match name {
        "ECDHE-ECDSA-AES128-GCM-SHA256" => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-RSA-AES128-GCM-SHA256" => cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-ECDSA-AES256-GCM-SHA384" => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-RSA-AES256-GCM-SHA384" => cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-ECDSA-CHACHA20-POLY1305" => {
            cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        }
        "ECDHE-RSA-CHACHA20-POLY1305" => cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        _ => return None,
    })
}
