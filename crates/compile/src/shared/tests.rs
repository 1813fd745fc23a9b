//! Compiling together gives what compiling alone gives, and makes what is equal once.

use sealane_model::parse::{Options, SourceFile, parse_text};

use super::*;
use crate::compile::{compile, compile_with};
use crate::mesh::MeshSettings;

const SHOP: &str = "
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: default}
spec: {clusterIP: 127.20.0.1, selector: {app: shop}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop, namespace: default}
spec: {host: shop, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: default}
spec:
  hosts: [shop]
  http:
  - match: [{SELECTIVE: {app: canary}}]
    route: [{destination: {host: shop, subset: v2}}]
  - route: [{destination: {host: shop, subset: v1}}]
";

/// The shop; with `selective` its rule tells callers apart.
fn snapshot(selective: bool, generation: u64) -> Snapshot {
    let text = if selective {
        SHOP.replace("SELECTIVE", "sourceLabels")
    } else {
        SHOP.replace("{SELECTIVE: {app: canary}}", "{uri: {prefix: /canary}}")
    };
    let parsed = parse_text(&SourceFile::new("a.yaml", text), &Options::default());
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    Snapshot::new(&parsed.objects, MeshSettings::default(), generation)
}

fn sidecar(app: &str) -> ProxyIdentity {
    let mut proxy = ProxyIdentity::new(ProxyKind::Sidecar, "default", app);
    proxy.labels.insert("app".to_owned(), app.to_owned());
    proxy
}

#[test]
fn together_proxies_get_what_they_get_alone() {
    for selective in [false, true] {
        let snapshot = snapshot(selective, 1);
        assert_eq!(snapshot.reads_labels, selective);
        let shared = Shared::after(&Shared::default(), &snapshot);
        for app in ["shop", "canary", "client"] {
            let proxy = sidecar(app);
            assert_eq!(
                compile_with(&shared, &snapshot, &proxy),
                compile(&snapshot, &proxy)
            );
        }
        let classes = lock(&shared.classes).len();
        assert_eq!(classes, if selective { 3 } else { 1 });
    }
}

#[test]
fn what_is_equal_in_the_next_snapshot_is_the_same_value() {
    let (one, two) = (snapshot(false, 1), snapshot(true, 2));
    let first = Shared::after(&Shared::default(), &one);
    let before = compile_with(&first, &one, &sidecar("shop")).resources;
    let second = Shared::after(&first, &two);
    let after = compile_with(&second, &two, &sidecar("shop")).resources;
    let name = "outbound|80|v1|shop.default.svc.cluster.local";
    assert!(Arc::ptr_eq(&before.clusters[name], &after.clusters[name]));
    assert!(!Arc::ptr_eq(&before.routes["80"], &after.routes["80"]));
}

#[test]
fn what_is_shared_for_another_snapshot_counts_for_nothing() {
    let (one, two) = (snapshot(false, 1), snapshot(true, 2));
    let shared = Shared::after(&Shared::default(), &one);
    let proxy = sidecar("canary");
    assert_eq!(compile_with(&shared, &two, &proxy), compile(&two, &proxy));
}

#[test]
fn equal_listeners_of_two_proxies_are_one() {
    let snapshot = snapshot(false, 1);
    let sidecar = |app| ProxyIdentity {
        inbound: false,
        ..sidecar(app)
    };
    let shared = Shared::after(&Shared::default(), &snapshot);
    let first = compile_with(&shared, &snapshot, &sidecar("client"));
    let second = compile_with(&shared, &snapshot, &sidecar("other"));
    let [first, second] = [&first, &second].map(|it| &it.resources.listeners);
    assert!(!first.is_empty());
    for (name, listener) in first {
        assert!(Arc::ptr_eq(listener, &second[name]), "{name}");
    }
    let shared = Shared::after(&shared, &snapshot);
    let third = compile_with(&shared, &snapshot, &sidecar("other"));
    for (name, listener) in &third.resources.listeners {
        assert!(Arc::ptr_eq(listener, &second[name]), "{name}");
    }
}

#[test]
fn a_gateway_keeps_the_clusters_of_the_snapshot_before() {
    let gateway = ProxyIdentity::new(ProxyKind::Router, "default", "gateway");
    let (first, second) = (snapshot(false, 1), snapshot(true, 2));
    let shared = Shared::after(&Shared::default(), &first);
    let before = compile_with(&shared, &first, &gateway);
    assert_eq!(before, compile(&first, &gateway));
    let shared = Shared::after(&shared, &second);
    let after = compile_with(&shared, &second, &gateway);
    assert_eq!(after, compile(&second, &gateway));
    let name = "outbound|80|v1|shop.default.svc.cluster.local";
    let [before, after] = [&before, &after].map(|it| &it.resources.clusters[name]);
    assert!(Arc::ptr_eq(before, after));
}
