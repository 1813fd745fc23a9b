//! TLS that a listener terminates: what it asks of callers, and the secrets that it needs.

use std::fmt;
use std::sync::Arc;

/// How a chain terminates TLS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerTls {
    /// The secrets with its certificates, one for each type of key.
    pub certificates: Vec<Arc<str>>,
    /// Whether callers show certificates.
    pub client: ClientCertificate,
    /// ALPN names, the preferred one first.
    pub alpn: Vec<Arc<str>>,
    /// The least version.
    pub min: TlsVersion,
    /// The greatest version.
    pub max: TlsVersion,
    /// The cipher suites of TLS 1.2 by their OpenSSL names; empty for all.
    pub cipher_suites: Vec<Arc<str>>,
    /// Why nobody may come through: it asks for what this proxy does not check.
    pub unserved: Option<Arc<str>>,
}

/// Whether callers show certificates, and the secret with the roots by which these are believed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientCertificate {
    /// They are not asked.
    None,
    /// One that is shown must be believed.
    Optional(Arc<str>),
    /// One must be shown, and be believed.
    Required(Arc<str>),
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// Versions before 1.2, which are not spoken.
    Older,
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// A secret. What it holds is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// It is not known, or of a kind that is not read.
    Missing,
    /// A certificate chain and its key, as PEM.
    Certificate {
        /// The chain, the server's own certificate first.
        chain: Vec<u8>,
        /// The key.
        key: Vec<u8>,
    },
    /// Roots, as PEM.
    Roots(Vec<u8>),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Missing",
            Self::Certificate { .. } => "Certificate([redacted])",
            Self::Roots(_) => "Roots([redacted])",
        })
    }
}
