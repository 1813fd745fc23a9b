//! Meshes of a given size.

use std::fmt::Write as _;
use std::sync::Arc;

use sealane_compile::{Compiled, MeshSettings, ProxyIdentity, ProxyKind, Snapshot, compile};
use sealane_model::parse::{Options, SourceFile, parse_text};
use sealane_model::resource::Object;
use sealane_runtime::Runtime;
use sealane_runtime::table::RouteTable;
use sealane_world::addresses::{AddressPlan, Addresses};
use sealane_world::world::World;

/// The port of every Service.
pub const PORT: u16 = 9080;

/// Manifests of `services` Services, each with two versions of two pods, a DestinationRule and a
/// rule that splits 90/10.
pub fn services(services: usize) -> String {
    let mut text = String::new();
    for number in 0..services {
        text.push_str(&service(&format!("s{number}")));
    }
    text
}

/// Manifests of one Service `shop` behind a VirtualService of `rules` rules, the last of which
/// takes what the others leave. Every third rule asks for an exact path, every third for a prefix,
/// every third for a header.
pub fn rules(rules: usize) -> String {
    let mut text = service("shop");
    text.push_str("---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n");
    text.push_str("metadata: { name: shop }\nspec:\n  hosts: [shop]\n  http:\n");
    for number in 0..rules.saturating_sub(1) {
        let condition = match number % 3 {
            0 => format!("uri: {{ exact: /exact/{number} }}"),
            1 => format!("uri: {{ prefix: /prefix/{number}/ }}"),
            _ => format!("headers: {{ user-group: {{ exact: g{number} }} }}"),
        };
        // Writing to a string cannot fail.
        let route = "route: [{ destination: { host: shop, subset: v2 } }]";
        writeln!(text, "  - match: [{{ {condition} }}]\n    {route}").unwrap_or_default();
    }
    text.push_str("  - route: [{ destination: { host: shop, subset: v1 } }]\n");
    text
}

fn service(name: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Service
metadata: {{ name: {name} }}
spec: {{ selector: {{ app: {name} }}, ports: [{{ name: http, port: {PORT} }}] }}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{ name: {name} }}
spec:
  host: {name}
  subsets: [{{ name: v1, labels: {{ version: v1 }} }}, {{ name: v2, labels: {{ version: v2 }} }}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: {name} }}
spec:
  hosts: [{name}]
  http:
  - route:
    - {{ destination: {{ host: {name}, subset: v1 }}, weight: 90 }}
    - {{ destination: {{ host: {name}, subset: v2 }}, weight: 10 }}
{}{}",
        deployment(name, "v1"),
        deployment(name, "v2")
    )
}

fn deployment(name: &str, version: &str) -> String {
    let labels = format!("{{ app: {name}, version: {version} }}");
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: {name}-{version} }}
spec:
  replicas: 2
  selector: {{ matchLabels: {labels} }}
  template:
    metadata: {{ labels: {labels} }}
    spec: {{ containers: [{{ name: c, image: i }}] }}
"
    )
}

/// The objects of manifests. A later object of the same name replaces an earlier one.
///
/// # Panics
/// When the manifests have an error: then a number would mean nothing.
pub fn objects(manifests: &str) -> Vec<Object> {
    let source = SourceFile::new(Arc::<str>::from("bench.yaml"), Arc::<str>::from(manifests));
    let parsed = parse_text(&source, &Options::default());
    assert!(
        parsed.diagnostics.iter().all(|found| !found.is_error()),
        "the manifests of a benchmark are valid"
    );
    let by_key = parsed
        .objects
        .into_iter()
        .map(|object| (object.key(), object));
    by_key
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_values()
        .collect()
}

/// The snapshot of manifests, with the pods, addresses and endpoints that a machine adds.
pub fn snapshot(manifests: &str) -> Snapshot {
    let objects = objects(manifests);
    let world = World::derive(&objects, &mut Addresses::new(AddressPlan::default()));
    Snapshot::new(&world.objects, MeshSettings::default(), 1)
}

/// Who calls.
pub fn client() -> ProxyIdentity {
    ProxyIdentity {
        ip: "127.10.0.1".to_owned(),
        inbound: false,
        ..ProxyIdentity::new(ProxyKind::Sidecar, "default", "client")
    }
}

/// What the caller's proxy is told.
pub fn compiled(snapshot: &Snapshot) -> Compiled {
    compile(snapshot, &client())
}

/// What the caller's proxy serves by.
///
/// # Panics
/// When the proxy refuses what was compiled.
pub fn runtime(manifests: &str) -> Runtime {
    let compiled = compiled(&snapshot(manifests));
    let built = Runtime::build(&compiled.resources, None);
    assert!(built.is_ok(), "what is compiled is understood");
    built.unwrap_or_default()
}

/// The route table of the Services' port.
///
/// # Panics
/// When there is none.
pub fn table(manifests: &str) -> Arc<RouteTable> {
    let runtime = runtime(manifests);
    let table = runtime.tables.get(PORT.to_string().as_str());
    Arc::clone(table.expect("every mesh of a benchmark has Services on this port"))
}
