//! TLS that a gateway terminates: certificates, names, versions, and changes of all these.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use sealane_seam::BoxIo;
use sealane_xds::{Resource, ResourceKind, Resources};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsConnector;

use crate::fixture::run;
use crate::gateway::{Gateway, ask, listener};

const EDGE: &str = "127.0.0.1:8443";
const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
struct Pair {
    chain: String,
    key: String,
}

fn pair(by: &Authority, host: &str, until: i32) -> Pair {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_after = date_time_ymd(until, 1, 1);
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    Pair {
        chain: params.signed_by(&key, by).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn certificate(name: &str, pair: &Pair) -> Value {
    json!({"name": name, "tlsCertificate": {
        "certificateChain": {"inlineString": pair.chain},
        "privateKey": {"inlineString": pair.key},
    }})
}

fn roots(name: &str, authority: &Authority) -> Value {
    json!({"name": name, "validationContext": {"trustedCa": {"inlineString": authority.pem()}}})
}

/// A server: the host it is for, what it says, its TLS context.
fn server(host: &str, common: Value, required: bool) -> Value {
    let mut common = common;
    let secret = json!({"name": host, "sdsConfig": {"ads": {}}});
    common["tlsCertificateSdsSecretConfigs"] = json!([secret]);
    common["alpnProtocols"] = json!(["h2", "http/1.1"]);
    let mut chain = listener(EDGE, host)["filterChains"][0].take();
    chain["filterChainMatch"] = json!({"serverNames": [host]});
    chain["transportSocket"] = json!({"name": "tls", "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "commonTlsContext": common,
        "requireClientCertificate": required,
    }});
    chain
}

fn mutual() -> Value {
    let secret = json!({"name": "roots", "sdsConfig": {"ads": {}}});
    json!({"combinedValidationContext": {
        "defaultValidationContext": {}, "validationContextSdsSecretConfig": secret,
    }})
}

/// A gateway with these servers and secrets.
fn resources(servers: &[Value], secrets: &[Value]) -> Resources {
    let mut all = listener(EDGE, "");
    all["filterChains"] = json!(servers);
    all["listenerFilters"] = json!([{"name": "tls", "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
    }}]);
    let secrets = secrets
        .iter()
        .map(|secret| Resource::from_json(ResourceKind::Secret, secret).unwrap());
    let listener = Resource::from_json(ResourceKind::Listener, &all).unwrap();
    secrets.chain([listener]).collect()
}

/// A caller who believes an authority.
struct Caller<'a> {
    believes: &'a Authority,
    shows: Option<&'a Pair>,
    versions: &'a [&'static SupportedProtocolVersion],
    alpn: &'a [&'a str],
}

impl<'a> Caller<'a> {
    fn of(believes: &'a Authority) -> Self {
        Self {
            believes,
            shows: None,
            versions: BOTH,
            alpn: &["http/1.1"],
        }
    }

    /// The ALPN name that was agreed on, and the connection.
    async fn open(&self, to: &Gateway, host: &str) -> io::Result<(Option<String>, BoxIo)> {
        let mut store = RootCertStore::empty();
        store.add(self.believes.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(store);
        let mut config = match self.shows {
            None => config.with_no_client_auth(),
            Some(pair) => {
                let chain = CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        config.alpn_protocols = self.alpn.iter().map(|it| it.as_bytes().to_vec()).collect();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let io = to.connect(EDGE).await.unwrap();
        let stream = connector.connect(name, io).await?;
        let alpn = stream.get_ref().1.alpn_protocol();
        let alpn = alpn.map(|name| String::from_utf8(name.to_vec()).unwrap());
        Ok((alpn, Box::new(stream)))
    }

    /// The body of an answer; `None` when there is none.
    async fn get(&self, to: &Gateway, host: &str) -> Option<String> {
        let (_, mut io) = self.open(to, host).await.ok()?;
        ask(&mut io).await
    }
}

#[test]
fn the_name_that_is_asked_for_chooses_the_server_and_its_certificate() {
    run(async {
        let ca = authority();
        let mut gateway = Gateway::new();
        let servers = [
            server("a.example", json!({}), false),
            server("b.example", json!({}), false),
        ];
        let secret = |host| certificate(host, &pair(&ca, host, 2999));
        let secrets = [secret("a.example"), secret("b.example")];
        gateway.take(resources(&servers, &secrets)).await.unwrap();
        let caller = Caller::of(&ca);
        for host in ["a.example", "b.example"] {
            assert_eq!(caller.get(&gateway, host).await.as_deref(), Some(host));
        }
        assert_eq!(caller.get(&gateway, "c.example").await, None);
        let mut plain = gateway.connect(EDGE).await.unwrap();
        assert_eq!(ask(&mut plain).await, None);
    });
}

#[test]
fn alpn_chooses_http_2_and_unknown_names_choose_nothing() {
    run(async {
        let ca = authority();
        let mut gateway = Gateway::new();
        let secret = certificate("a.example", &pair(&ca, "a.example", 2999));
        let servers = [server("a.example", json!({}), false)];
        gateway.take(resources(&servers, &[secret])).await.unwrap();
        for (offered, agreed) in [
            (&["h2", "http/1.1"][..], Some("h2")),
            (&["http/1.1"], Some("http/1.1")),
            (&["spdy/3"], None),
            (&[], None),
        ] {
            let caller = Caller {
                alpn: offered,
                ..Caller::of(&ca)
            };
            let (alpn, mut io) = caller.open(&gateway, "a.example").await.unwrap();
            assert_eq!(alpn.as_deref(), agreed, "{offered:?}");
            if agreed != Some("h2") {
                assert_eq!(ask(&mut io).await.as_deref(), Some("a.example"));
                continue;
            }
            let (mut send, connection) = h2::client::handshake(io).await.unwrap();
            tokio::task::spawn_local(connection);
            let request = http::Request::get("https://a.example/").body(()).unwrap();
            let (response, _) = send.send_request(request, true).unwrap();
            assert_eq!(response.await.unwrap().status(), 200);
        }
    });
}

#[test]
fn a_server_that_is_mutual_lets_in_whom_its_roots_vouch_for() {
    run(async {
        let (ca, other) = (authority(), authority());
        let mut gateway = Gateway::new();
        let secrets = [
            certificate("a.example", &pair(&ca, "a.example", 2999)),
            roots("roots", &ca),
        ];
        for (required, without) in [(true, None), (false, Some("a.example"))] {
            let servers = [server("a.example", mutual(), required)];
            gateway.take(resources(&servers, &secrets)).await.unwrap();
            let known = pair(&ca, "client", 2999);
            let (strange, old) = (pair(&other, "client", 2999), pair(&ca, "client", 2000));
            for (shows, expected) in [
                (None, without),
                (Some(&known), Some("a.example")),
                (Some(&strange), None),
                (Some(&old), None),
            ] {
                let caller = Caller {
                    shows,
                    ..Caller::of(&ca)
                };
                let body = caller.get(&gateway, "a.example").await;
                assert_eq!(body.as_deref(), expected, "required: {required}");
            }
        }
    });
}

#[test]
fn only_the_versions_and_suites_that_are_allowed_are_spoken() {
    run(async {
        let ca = authority();
        let mut gateway = Gateway::new();
        let secret = certificate("a.example", &pair(&ca, "a.example", 2999));
        let only = |min: &str, max: &str, suite: &str| {
            json!({"tlsParams": {
                "tlsMinimumProtocolVersion": min, "tlsMaximumProtocolVersion": max,
                "cipherSuites": [suite],
            }})
        };
        let ecdsa = "ECDHE-ECDSA-AES256-GCM-SHA384";
        // The key is one of ECDSA: a suite of RSA serves nobody in TLS 1.2.
        let rsa = "ECDHE-RSA-AES256-GCM-SHA384";
        for (params, old, new) in [
            (only("TLSv1_2", "TLSv1_2", ecdsa), true, false),
            (only("TLSv1_3", "TLSv1_3", ecdsa), false, true),
            (only("TLS_AUTO", "TLS_AUTO", ecdsa), true, true),
            (only("TLS_AUTO", "TLS_AUTO", rsa), false, true),
            (only("TLSv1_0", "TLSv1_1", ecdsa), false, false),
        ] {
            let servers = [server("a.example", params.clone(), false)];
            let given = resources(&servers, std::slice::from_ref(&secret));
            gateway.take(given).await.unwrap();
            for (version, expected) in [(&version::TLS12, old), (&version::TLS13, new)] {
                let caller = Caller {
                    versions: &[version],
                    ..Caller::of(&ca)
                };
                let body = caller.get(&gateway, "a.example").await;
                assert_eq!(body.is_some(), expected, "{params} {version:?}");
            }
        }
    });
}

#[test]
fn a_changed_secret_serves_new_connections_and_old_ones_go_on() {
    run(async {
        let (old, new) = (authority(), authority());
        let mut gateway = Gateway::new();
        let servers = [server("a.example", json!({}), false)];
        let by = |ca: &Authority| [certificate("a.example", &pair(ca, "a.example", 2999))];
        gateway.take(resources(&servers, &by(&old))).await.unwrap();
        let (_, mut kept) = Caller::of(&old).open(&gateway, "a.example").await.unwrap();
        assert!(ask(&mut kept).await.is_some());
        gateway.take(resources(&servers, &by(&new))).await.unwrap();
        assert!(ask(&mut kept).await.is_some());
        assert!(Caller::of(&new).get(&gateway, "a.example").await.is_some());
        assert!(Caller::of(&old).get(&gateway, "a.example").await.is_none());
    });
}

#[test]
fn a_server_without_a_usable_secret_closes_and_the_others_go_on() {
    run(async {
        let ca = authority();
        let mut gateway = Gateway::new();
        let good = pair(&ca, "a.example", 2999);
        let mixed = Pair {
            key: pair(&ca, "c.example", 2999).key,
            ..pair(&ca, "c.example", 2999)
        };
        let names = json!({"validationContext": {"matchSubjectAltNames": [{"exact": "x"}]}});
        let servers = [
            server("a.example", json!({}), false),
            server("b.example", json!({}), false),
            server("c.example", json!({}), false),
            server("d.example", names, false),
            server("e.example", json!({}), true),
        ];
        let secrets = [
            certificate("a.example", &good),
            certificate("c.example", &mixed),
            certificate("d.example", &pair(&ca, "d.example", 2999)),
            certificate("e.example", &pair(&ca, "e.example", 2999)),
        ];
        gateway.take(resources(&servers, &secrets)).await.unwrap();
        let caller = Caller::of(&ca);
        assert!(caller.get(&gateway, "a.example").await.is_some());
        for host in ["b.example", "c.example", "d.example", "e.example"] {
            assert_eq!(caller.get(&gateway, host).await, None, "{host}");
        }
    });
}

#[test]
fn a_caller_who_does_not_finish_the_handshake_is_let_go() {
    run(async {
        let ca = authority();
        let mut gateway = Gateway::new();
        let servers = [server("a.example", json!({}), false)];
        let secret = certificate("a.example", &pair(&ca, "a.example", 2999));
        let mut given = resources(&servers, &[secret]);
        let mut whole = (*given.listeners["edge_8443"]).clone();
        whole.filter_chains[0].filter_chain_match = None;
        // Nothing is looked at before the handshake, so that this alone is what takes its time.
        whole.listener_filters.clear();
        given.insert(whole);
        gateway.take(given).await.unwrap();
        let mut slow = gateway.connect(EDGE).await.unwrap();
        slow.write_all(&[22, 3, 1]).await.unwrap();
        let mut rest = Vec::new();
        let began = tokio::time::Instant::now();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut slow, &mut rest).await;
        drop(read);
        assert_eq!(began.elapsed().as_secs(), 15);
    });
}
