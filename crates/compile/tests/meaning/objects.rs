//! A small mesh for tests: `reviews` with pods of v1 and v2, a client, a gateway.

use sealane_compile::{Compiled, MeshSettings, ProxyIdentity, ProxyKind, Snapshot, compile};
use sealane_model::parse::{Options, SourceFile, parse_text};
use sealane_model::resource::Object;

const MESH: &str = r"
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: default }
spec: { clusterIP: 127.20.0.3, selector: { app: reviews }, ports: [{ name: http, port: 9080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: reviews-1, namespace: default, labels: { kubernetes.io/service-name: reviews } }
addressType: IPv4
endpoints: [{ addresses: [127.10.0.4] }, { addresses: [127.10.0.5] }]
ports: [{ name: http, port: 9080 }]
---
apiVersion: v1
kind: Pod
metadata: { name: reviews-v1, namespace: default, labels: { app: reviews, version: v1 } }
spec: { containers: [] }
status: { podIP: 127.10.0.4 }
---
apiVersion: v1
kind: Pod
metadata: { name: reviews-v2, namespace: default, labels: { app: reviews, version: v2 } }
spec: { containers: [] }
status: { podIP: 127.10.0.5 }
---
apiVersion: v1
kind: Pod
metadata: { name: edge, namespace: istio-system, labels: { istio: ingressgateway } }
spec: { containers: [] }
status: { podIP: 127.10.0.3 }
";

/// The objects of the mesh and of `text`.
pub(crate) fn objects(text: &str) -> Vec<Object> {
    let text = format!("{MESH}---\n{text}");
    let parsed = parse_text(&SourceFile::new("test.yaml", text), &Options::default());
    let errors: Vec<String> = parsed
        .diagnostics
        .iter()
        .filter(|found| found.is_error())
        .map(ToString::to_string)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    parsed.objects
}

/// What a client of namespace `default` gets.
pub(crate) fn at_client(text: &str) -> Compiled {
    let snapshot = Snapshot::new(&objects(text), MeshSettings::default(), 1);
    let client = ProxyIdentity {
        ip: "127.10.0.2".to_owned(),
        ..ProxyIdentity::new(ProxyKind::Sidecar, "default", "client")
    };
    compile(&snapshot, &client)
}

/// What the gateway gets.
pub(crate) fn at_edge(text: &str) -> Compiled {
    let snapshot = Snapshot::new(&objects(text), MeshSettings::default(), 1);
    let labels = [("istio".to_owned(), "ingressgateway".to_owned())];
    let edge = ProxyIdentity {
        ip: "127.10.0.3".to_owned(),
        labels: labels.into(),
        ..ProxyIdentity::new(ProxyKind::Router, "istio-system", "edge")
    };
    compile(&snapshot, &edge)
}
