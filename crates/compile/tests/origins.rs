//! Where routes come from: IDs in their metadata, and what the IDs stand for.

#[path = "meaning/objects.rs"]
mod objects;

use objects::{at_client, at_edge};
use sealane_compile::Compiled;
use sealane_xds::route::{Route, VirtualHost};

fn virtual_host<'a>(compiled: &'a Compiled, routes: &str, domain: &str) -> &'a VirtualHost {
    let hosts = &compiled.resources.routes[routes].virtual_hosts;
    let mut hosts = hosts
        .iter()
        .filter(|host| host.domains.iter().any(|own| own == domain));
    hosts.next().expect("a virtual host of the domain")
}

fn own(route: &Route, key: &str) -> Option<String> {
    use sealane_xds::protobuf::value::Kind;
    let metadata = route.metadata.as_ref()?.filter_metadata.get("sealane")?;
    match metadata.fields.get(key)?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn origins(host: &VirtualHost) -> Vec<String> {
    let routes = host.routes.iter();
    routes.filter_map(|route| own(route, "origin")).collect()
}

const RULES: &str = r"
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [reviews]
  http:
  - name: canary
    match: [{ name: one, uri: { prefix: /a } }, { uri: { prefix: /b } }]
    route: [{ destination: { host: reviews } }]
  - match: [{ headers: { x: { exact: z } } }]
    route: [{ destination: { host: reviews } }]
  - route: [{ destination: { host: reviews } }]
";

#[test]
fn routes_carry_the_rule_that_they_come_from() {
    let compiled = at_client(RULES);
    let host = virtual_host(&compiled, "9080", "reviews");
    let ids = origins(host);
    assert_eq!(ids.len(), 4, "{ids:?}");
    assert_eq!(ids[0], "VirtualService/default/reviews#canary");
    assert_eq!(ids[0], ids[1]);
    let places: Vec<String> = ids
        .iter()
        .map(|id| compiled.origins[&**id].path.to_string())
        .collect();
    assert_eq!(places, ["http[0]", "http[0]", "http[1]", "http[2]"]);
    let second = &host.routes[1];
    let id = format!("{}@{}", ids[1], own(second, "match").expect("a match"));
    assert_eq!(compiled.origins[&*id].path.to_string(), "http[0].match[1]");
}

#[test]
fn a_rule_keeps_its_id_when_another_one_is_written_before_it() {
    let before = RULES.replace(
        "  http:\n",
        "  http:\n  - match: [{ uri: { exact: /new } }]\n    route: [{ destination: { host: reviews } }]\n",
    );
    let (old, new) = (at_client(RULES), at_client(&before));
    let old = origins(virtual_host(&old, "9080", "reviews"));
    let new = origins(virtual_host(&new, "9080", "reviews"));
    assert_eq!(new[1..], old);
}

#[test]
fn a_default_route_carries_its_service() {
    let compiled = at_client("");
    let host = virtual_host(&compiled, "9080", "reviews.default.svc.cluster.local");
    assert_eq!(origins(host), ["Service/default/reviews"]);
    let origin = &compiled.origins["Service/default/reviews"];
    assert_eq!(origin.object.name, "reviews");
    assert_eq!(origin.path.to_string(), "");
}

#[test]
fn a_delegates_rule_carries_the_delegate() {
    let compiled = at_client(
        r"
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: root, namespace: default }
spec: { hosts: [reviews], http: [{ match: [{ uri: { prefix: /a } }], delegate: { name: leaf } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: leaf, namespace: default }
spec: { http: [{ name: all, route: [{ destination: { host: reviews } }] }] }
",
    );
    let host = virtual_host(&compiled, "9080", "reviews");
    assert_eq!(origins(host)[0], "VirtualService/default/leaf#all");
}

#[test]
fn random_weights_are_asked_for_by_annotation() {
    let split = |annotations: &str| {
        let text = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\n\
             metadata: {{ name: a, namespace: default{annotations} }}\n\
             spec: {{ hosts: [reviews], http: [{{ route: [\
             {{ destination: {{ host: reviews }}, weight: 50 }},\
             {{ destination: {{ host: reviews, subset: v1 }}, weight: 50 }}] }}] }}\n"
        );
        let compiled = at_client(&text);
        own(
            &virtual_host(&compiled, "9080", "reviews").routes[0],
            "weights",
        )
    };
    assert_eq!(split(""), None);
    let random = split(", annotations: { sealane.dev/weights: random }");
    assert_eq!(random.as_deref(), Some("random"));
}

#[test]
fn routes_of_a_gateway_carry_the_rule() {
    let compiled = at_edge(
        r"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: default }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: default }
spec:
  hosts: [a.example.com]
  gateways: [edge]
  http: [{ name: all, route: [{ destination: { host: reviews } }] }]
",
    );
    let host = virtual_host(&compiled, "http.80", "a.example.com");
    assert_eq!(origins(host), ["VirtualService/default/a#all"]);
}
