//! What the edge serves, in words.

use std::time::UNIX_EPOCH;

use sealane_compile::MeshSettings;

use super::*;
use crate::control::Current;
use crate::declared::{Declared, Edit, Writer};
use crate::fixture::objects;

const TEXT: &str = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ['movies.example.com']
  - port: {number: 8080, name: other, protocol: HTTP}
    hosts: ['other.example.com']
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: movies}
spec:
  hosts: ['*.example.com']
  gateways: [edge, mesh]
  http:
  - match:
    - uri: {prefix: /api/}
      headers: {x-canary: {exact: 'true'}}
    route:
    - destination: {host: backend, subset: v1, port: {number: 8000}}
      weight: 3
    - destination: {host: backend, subset: v2}
      weight: 1
  - match: [{uri: {exact: /old}}]
    redirect: {uri: /new, redirectCode: 308}
  - route:
    - destination: {host: frontend}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: inside}
spec:
  hosts: [backend]
  http:
  - route:
    - destination: {host: backend}
";

fn current() -> Current {
    let mut declared = Declared::default();
    let put = |object| Edit::Put {
        object,
        writer: Writer::Api,
    };
    declared.apply(objects(TEXT).into_iter().map(put).collect(), UNIX_EPOCH);
    Current {
        declared,
        ..Current::empty(MeshSettings::default())
    }
}

#[test]
fn a_short_host_is_shown_by_the_name_that_a_gateway_takes() {
    let mut current = current();
    let text = TEXT.replace("['*.example.com']", "[movies, '*.example.com']");
    let put = |object| Edit::Put {
        object,
        writer: Writer::Api,
    };
    let edits = objects(&text).into_iter().map(put).collect();
    current.declared.apply(edits, UNIX_EPOCH);
    let hosts = &servers(&current)[0].rules[0].hosts;
    assert_eq!(
        hosts,
        &["movies.default.svc.cluster.local", "*.example.com"]
    );
}

#[test]
fn each_server_has_the_rules_of_the_virtual_services_that_name_it() {
    let servers = servers(&current());
    let shown: Vec<_> = servers
        .iter()
        .map(|server| (server.port, server.rules.len()))
        .collect();
    assert_eq!(shown, [(80, 3), (8080, 3)]);
    let first = &servers[0];
    assert_eq!(first.selector, ["istio=ingressgateway"]);
    assert_eq!(first.protocol, "HTTP");
    assert_eq!(first.rules[0].matches, ["/api/ x-canary:=true"]);
    let shares: Vec<_> = first.rules[0]
        .shares
        .iter()
        .map(|share| (share.subset.as_str(), share.port, share.percent))
        .collect();
    assert_eq!(shares, [("v1", 8000, 75.0), ("v2", 0, 25.0)]);
    assert_eq!(first.rules[0].place, "test.yaml:20:5");
    assert_eq!(first.rules[1].matches, ["=/old"]);
    assert_eq!(first.rules[1].action.as_deref(), Some("redirect 308 /new"));
    assert_eq!(first.rules[2].matches, ["/"]);
    let total: f64 = first.rules[2]
        .shares
        .iter()
        .map(|share| share.percent)
        .sum();
    assert!((total - 100.0).abs() < 1e-9);
}
