//! TLS of a server at a gateway or a sidecar.

use crate::schema::{choices, object};

object! {
    /// TLS of a server.
    pub struct ServerTlsSettings = "ServerTLSSettings" {
        /// Whether plaintext requests are redirected to https.
        https_redirect: Option<bool> = "httpsRedirect",
        /// How TLS is handled; absent is PASSTHROUGH.
        mode: Option<ServerTlsMode> = "mode",
        /// File of the certificate.
        server_certificate: Option<String> = "serverCertificate",
        /// File of the key.
        private_key: Option<String> = "privateKey",
        /// File of the authorities of client certificates.
        ca_certificates: Option<String> = "caCertificates",
        /// File of revoked client certificates.
        ca_crl: Option<String> = "caCrl",
        /// Name of the secret with key and certificate.
        credential_name: Option<String> = "credentialName",
        /// Names of up to two secrets, of different key types.
        credential_names: Vec<String> = "credentialNames",
        /// Name of the secret with the authorities.
        ca_cert_credential_name: Option<String> = "caCertCredentialName",
        /// Up to two certificates, of different key types.
        tls_certificates: Vec<TlsCertificate> = "tlsCertificates",
        /// Names of which a client certificate must hold one.
        subject_alt_names: Vec<String> = "subjectAltNames",
        /// Hashes of allowed client keys.
        verify_certificate_spki: Vec<String> = "verifyCertificateSpki",
        /// Hashes of allowed client certificates.
        verify_certificate_hash: Vec<String> = "verifyCertificateHash",
        /// The least TLS version.
        min_protocol_version: Option<TlsProtocol> = "minProtocolVersion",
        /// The greatest TLS version.
        max_protocol_version: Option<TlsProtocol> = "maxProtocolVersion",
        /// The allowed cipher suites.
        cipher_suites: Vec<String> = "cipherSuites",
        /// Whether client certificates are believed unseen.
        insecure_skip_verify: Option<bool> = "insecureSkipVerify",
    }
}

object! {
    /// A certificate with its key.
    pub struct TlsCertificate = "TLSCertificate" {
        /// File of the certificate.
        server_certificate: Option<String> = "serverCertificate",
        /// File of the key.
        private_key: Option<String> = "privateKey",
        /// File of the authorities of client certificates.
        ca_certificates: Option<String> = "caCertificates",
    }
}

choices! {
    /// How a server handles TLS.
    pub enum ServerTlsMode {
        /// It looks at the SNI only.
        #[default]
        Passthrough = "PASSTHROUGH",
        /// It terminates TLS.
        Simple = "SIMPLE",
        /// It terminates TLS and wants a client certificate.
        Mutual = "MUTUAL",
        /// It forwards by the cluster name in the SNI.
        AutoPassthrough = "AUTO_PASSTHROUGH",
        /// It terminates TLS of the mesh's own identities.
        IstioMutual = "ISTIO_MUTUAL",
        /// It terminates TLS and checks a client certificate where there is one.
        OptionalMutual = "OPTIONAL_MUTUAL",
    }
}

choices! {
    /// A version of TLS.
    pub enum TlsProtocol {
        /// The default: 1.2 to 1.3.
        #[default]
        Auto = "TLS_AUTO",
        /// TLS 1.0.
        V1_0 = "TLSV1_0",
        /// TLS 1.1.
        V1_1 = "TLSV1_1",
        /// TLS 1.2.
        V1_2 = "TLSV1_2",
        /// TLS 1.3.
        V1_3 = "TLSV1_3",
    }
}
