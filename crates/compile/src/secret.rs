//! The certificates and roots that a gateway's listeners ask for, from Kubernetes Secrets.

use sealane_model::core::secret::Secret as KubeSecret;
use sealane_model::diagnostic::Code;
use sealane_model::networking::server_tls::{ServerTlsMode, ServerTlsSettings};
use sealane_xds::core::{DataSource, data_source::Specifier};
use sealane_xds::listener::Listener;
use sealane_xds::references::{SecretUse, secret_names};
use sealane_xds::tls::secret::Type;
use sealane_xds::tls::{CertificateValidationContext, Secret, TlsCertificate};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::finding;
use crate::gateway::{GatewayServer, MergedGateways};
use crate::identity::ProxyIdentity;
use crate::notes::Notes;
use crate::snapshot::Snapshot;
use crate::tls;

/// The scheme of names of Kubernetes Secrets.
const KUBERNETES: &str = "kubernetes://";
/// The end of names of roots.
const ROOTS: &str = "-cacert";

/// What secrets are made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Secrets<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) proxy: &'a ProxyIdentity,
    pub(crate) merged: &'a MergedGateways,
}

/// Why there is no certificate.
enum Problem {
    /// No such Secret, by the name that was looked for.
    Missing(String),
    /// The Secret is there, and something is wrong with it.
    Broken(String),
}

impl Secrets<'_> {
    /// What the listeners refer to and Secrets of the proxy's namespace hold; what is wrong with
    /// the others is noted.
    pub(crate) fn build(self, listeners: &[Listener], notes: &mut Notes) -> Vec<Secret> {
        for merged in self.merged.servers.values() {
            for server in &merged.servers {
                self.check(server, notes);
            }
        }
        let names = listeners.iter().flat_map(secret_names);
        names
            .filter_map(|(name, wanted)| self.secret(&name, wanted).ok())
            .collect()
    }

    fn secret(&self, name: &str, wanted: SecretUse) -> Result<Secret, Problem> {
        let missing = || Problem::Missing(name.to_owned());
        let named = name.strip_prefix(KUBERNETES).ok_or_else(missing)?;
        let content = match wanted {
            SecretUse::Certificate => certificate(named, self.find(named)?)?,
            SecretUse::Roots => {
                let bare = named.strip_suffix(ROOTS).unwrap_or(named);
                let found = self.find(named).or_else(|_| self.find(bare));
                roots(
                    named,
                    found.map_err(|_missing| Problem::Missing(named.to_owned()))?,
                )?
            }
        };
        Ok(Secret {
            name: name.to_owned(),
            r#type: Some(content),
        })
    }

    /// A Secret of the proxy's own namespace: it may read no others.
    fn find(&self, name: &str) -> Result<&KubeSecret, Problem> {
        let own = self.proxy.namespace.as_str();
        let (namespace, bare) = name.split_once('/').unwrap_or((own, name));
        let key = (namespace.to_owned(), bare.to_owned());
        let found = self.snapshot.secrets.get(&key);
        let found = found.filter(|_| namespace == own);
        found
            .map(AsRef::as_ref)
            .ok_or_else(|| Problem::Missing(name.to_owned()))
    }

    /// Notes what is wrong with the certificates of a server.
    fn check(&self, server: &GatewayServer, notes: &mut Notes) {
        let Some(settings) = server.server.tls.as_ref() else {
            return;
        };
        let mode = settings.mode.unwrap_or_default();
        if server.passes_through() || mode == ServerTlsMode::IstioMutual {
            return;
        }
        let field = if settings.credential_names.is_empty() {
            "credentialName"
        } else {
            "credentialNames"
        };
        for (name, wanted) in references(settings, mode) {
            let (code, text) = match self.secret(&name, wanted) {
                Ok(_) => continue,
                Err(Problem::Missing(name)) => (
                    Code::MissingCredential,
                    format!(
                        "there is no Secret `{name}` in namespace `{}`, where the gateway's pods \
                         are: connections to this server are closed",
                        self.proxy.namespace
                    ),
                ),
                Err(Problem::Broken(problem)) => (
                    Code::BrokenCredential,
                    format!("{problem}: connections to this server are closed"),
                ),
            };
            notes.finding(finding::at(code, &server.tls_origin(field), text));
        }
    }
}

/// The Secrets that a server asks for.
fn references(settings: &ServerTlsSettings, mode: ServerTlsMode) -> Vec<(String, SecretUse)> {
    let one = settings.credential_name.iter();
    let names = one.chain(&settings.credential_names);
    let names: Vec<&String> = names.filter(|name| !name.is_empty()).collect();
    let certificates = names
        .iter()
        .map(|name| (tls::credential(name, "").name, SecretUse::Certificate));
    let asks = matches!(mode, ServerTlsMode::Mutual | ServerTlsMode::OptionalMutual);
    let own = settings.ca_cert_credential_name.as_deref();
    let roots = match own.filter(|name| !name.is_empty()) {
        Some(name) => Some(tls::credential(name, "")),
        None => names.first().map(|name| tls::credential(name, ROOTS)),
    };
    let roots = roots.filter(|_| asks && !names.is_empty());
    let roots = roots.map(|config| (config.name, SecretUse::Roots));
    certificates.chain(roots).collect()
}

/// Certificate and key, under the names of `kubernetes.io/tls` or Istio's own.
fn certificate(name: &str, secret: &KubeSecret) -> Result<Type, Problem> {
    let broken = |problem: &str| Problem::Broken(format!("Secret `{name}` {problem}"));
    let pairs = [("cert", "key"), ("tls.crt", "tls.key")];
    let mut pairs = pairs.into_iter();
    let Some((chain_key, key_key)) = pairs.find(|(a, b)| secret.has(a) && secret.has(b)) else {
        return Err(broken(
            "has neither `tls.crt` and `tls.key` nor `cert` and `key`",
        ));
    };
    let value = |key: &str| {
        secret
            .value(key)
            .ok_or_else(|| broken(&format!("has a `{key}` that is not base64")))
    };
    let (chain, key) = (value(chain_key)?, value(key_key)?);
    if !are_certificates(&chain) {
        return Err(broken(&format!("has no PEM certificate in `{chain_key}`")));
    }
    if PrivateKeyDer::from_pem_slice(&key).is_err() {
        return Err(broken(&format!("has no PEM private key in `{key_key}`")));
    }
    Ok(Type::TlsCertificate(TlsCertificate {
        certificate_chain: Some(inline(chain)),
        private_key: Some(inline(key)),
        ..TlsCertificate::default()
    }))
}

fn roots(name: &str, secret: &KubeSecret) -> Result<Type, Problem> {
    let broken = |problem: &str| Problem::Broken(format!("Secret `{name}` {problem}"));
    let mut keys = ["cacert", "ca.crt"].into_iter();
    let Some(key) = keys.find(|key| secret.has(key)) else {
        return Err(broken("has neither `ca.crt` nor `cacert`"));
    };
    let roots = secret.value(key).filter(|roots| are_certificates(roots));
    let roots = roots.ok_or_else(|| broken(&format!("has no PEM certificate in `{key}`")))?;
    let crl = secret.value("ca.crl");
    Ok(Type::ValidationContext(CertificateValidationContext {
        trusted_ca: Some(inline(roots)),
        crl: crl.map(inline),
        ..CertificateValidationContext::default()
    }))
}

/// Whether it is PEM with at least one certificate, and all of them are readable.
fn are_certificates(pem: &[u8]) -> bool {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.is_ok_and(|all| !all.is_empty())
}

fn inline(bytes: Vec<u8>) -> DataSource {
    DataSource {
        specifier: Some(Specifier::InlineBytes(bytes)),
        ..DataSource::default()
    }
}
