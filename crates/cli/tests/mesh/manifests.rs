//! Manifests, put together from parts.

/// A Service `name` on port 8000 for the pods with `app: NAME`.
pub(crate) fn service(namespace: &str, name: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: http, port: 8000}}]
"
    )
}

/// A Deployment `APP-VERSION` with so many pods.
pub(crate) fn deployment(namespace: &str, (app, version): (&str, &str), replicas: u32) -> String {
    behaving(namespace, (app, version), replicas, "{}")
}

/// The same, with the annotations of its pods in YAML's flow form.
pub(crate) fn behaving(
    namespace: &str,
    (app, version): (&str, &str),
    replicas: u32,
    annotations: &str,
) -> String {
    let labels = format!("{{app: {app}, version: {version}}}");
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {app}-{version}, namespace: {namespace}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {labels}}}
  template:
    metadata: {{labels: {labels}, annotations: {annotations}}}
"
    )
}

/// A DestinationRule with the subsets v1 and v2.
pub(crate) fn subsets(namespace: &str, name: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  host: {name}
  subsets:
  - {{name: v1, labels: {{version: v1}}}}
  - {{name: v2, labels: {{version: v2}}}}
"
    )
}

/// A Gateway `edge` for one host on port 80.
pub(crate) fn gateway(host: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: edge}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 80, name: http, protocol: HTTP}}
    hosts: [{host}]
"
    )
}

/// A VirtualService with the given rest of its spec, indented by two.
pub(crate) fn virtual_service(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}}}
spec:
{spec}
"
    )
}

/// The host of [`shop`] at the edge.
pub(crate) const SHOP: &str = "shop.example.com";

/// The VirtualService of [`shop`] with these weights.
pub(crate) fn weights(v1: u32, v2: u32) -> String {
    let spec = format!(
        "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - route:
    - {{destination: {{host: shop, subset: v1}}, weight: {v1}}}
    - {{destination: {{host: shop, subset: v2}}, weight: {v2}}}"
    );
    virtual_service("default", "shop", &spec)
}

/// A shop with two versions behind a gateway, without the VirtualService.
pub(crate) fn shop() -> String {
    [
        service("default", "shop"),
        deployment("default", ("shop", "v1"), 1),
        deployment("default", ("shop", "v2"), 1),
        subsets("default", "shop"),
        gateway(SHOP),
    ]
    .concat()
}

/// The whole shop with a split.
pub(crate) fn shop_split(v1: u32, v2: u32) -> String {
    shop() + &weights(v1, v2)
}

/// A ServiceEntry for a server of the test's own, without retries.
pub(crate) fn outside(port: u16) -> String {
    let entry = format!(
        "---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: outside}}
spec:
  hosts: [outside.example.com]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{{number: 8000, name: http, protocol: HTTP}}]
  endpoints: [{{address: 127.0.0.1, ports: {{http: {port}}}}}]
"
    );
    let spec = "  hosts: [outside.example.com]
  http:
  - retries: {attempts: 0}
    route: [{destination: {host: outside.example.com}}]";
    entry + &virtual_service("default", "outside", spec)
}
