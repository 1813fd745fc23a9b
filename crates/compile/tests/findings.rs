//! Every warning that compiling gives, by a mistake that gives it.

#[path = "meaning/objects.rs"]
mod objects;

use objects::{at_client, at_edge};
use sealane_compile::Compiled;
use sealane_model::diagnostic::Code;

/// The warnings as `CODE OBJECT PATH`.
fn found(compiled: &Compiled) -> Vec<String> {
    let lines = compiled.diagnostics.iter().map(|found| {
        let object = found.object.as_ref().expect("an object");
        assert!(!found.is_error(), "{found}");
        format!("{} {} {}", found.code, object.name, found.path)
    });
    lines.collect()
}

fn virtual_service(spec: &str) -> String {
    named("reviews", spec)
}

fn named(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\n\
         metadata: {{ name: {name}, namespace: default }}\nspec: {spec}\n"
    )
}

fn rule(spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
         metadata: {{ name: reviews, namespace: default }}\nspec: {spec}\n"
    )
}

fn gateway(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\nkind: Gateway\n\
         metadata: {{ name: {name}, namespace: default }}\nspec: {spec}\n"
    )
}

const HTTP: &str = "{ number: 80, name: http, protocol: HTTP }";

#[test]
fn a_mesh_without_mistakes_gives_no_warning() {
    let text = [
        virtual_service(
            "{ hosts: [reviews, reviews.example.com], gateways: [mesh, edge], http: [
              { match: [{ uri: { prefix: /a } }],
                route: [{ destination: { host: reviews, subset: v1 } }] },
              { route: [{ destination: { host: reviews } }] }] }",
        ),
        rule("{ host: reviews, subsets: [{ name: v1, labels: { version: v1 } }] }"),
        gateway(
            "edge",
            &format!("{{ selector: {{ istio: ingressgateway }}, servers: [{{ port: {HTTP}, hosts: ['*'] }}] }}"),
        ),
    ]
    .join("---\n");
    assert_eq!(found(&at_client(&text)), [""; 0]);
    assert_eq!(found(&at_edge(&text)), [""; 0]);
}

#[test]
fn destinations_that_do_not_exist_are_told_at_their_fields() {
    let text = virtual_service(
        "{ hosts: [reviews], http: [
          { match: [{ uri: { prefix: /a } }], route: [{ destination: { host: missing } }] },
          { match: [{ uri: { prefix: /b } }],
            route: [{ destination: { host: reviews, subset: v9 } }] },
          { route: [{ destination: { host: reviews, port: { number: 81 } } }] }] }",
    );
    let expected = [
        "SL0204 reviews http[0].route[0].destination.host",
        "SL0205 reviews http[1].route[0].destination.subset",
        "SL0206 reviews http[2].route[0].destination.port",
    ];
    assert_eq!(found(&at_client(&text)), expected);
}

#[test]
fn a_subset_that_only_others_find_is_told_with_its_rule() {
    let text = [
        virtual_service(
            "{ hosts: [reviews], http: [{ route: [{ destination: { host: reviews, subset: v1 } }] }] }",
        ),
        rule(
            "{ host: reviews.default.svc.cluster.local,
               subsets: [{ name: v1, labels: { version: v1 } }] }",
        )
        .replace("namespace: default", "namespace: other"),
    ]
    .join("---\n");
    let compiled = at_client(&text);
    assert_eq!(
        found(&compiled),
        ["SL0205 reviews http[0].route[0].destination.subset"]
    );
    let found = &compiled.diagnostics[0];
    assert_eq!(
        found.message,
        "callers in namespace `default` do not find DestinationRule other/reviews, which defines \
         subset `v1` of `reviews.default.svc.cluster.local`: they get a 503"
    );
    let help = found.help.as_deref().unwrap_or_default();
    assert!(
        help.starts_with("move DestinationRule other/reviews to namespace `default`"),
        "{help}"
    );
}

#[test]
fn a_rule_behind_a_catch_all_is_unreachable() {
    let text = virtual_service(
        "{ hosts: [reviews], http: [
          { route: [{ destination: { host: reviews } }] },
          { match: [{ uri: { prefix: /b } }], route: [{ destination: { host: reviews } }] }] }",
    );
    assert_eq!(found(&at_client(&text)), ["SL0201 reviews http[1]"]);
}

#[test]
fn a_delegate_that_is_missing_or_contradicts_is_told() {
    let missing = virtual_service("{ hosts: [reviews], http: [{ delegate: { name: none } }] }");
    let lines = found(&at_client(&missing));
    assert_eq!(lines, ["SL0202 reviews http[0].delegate"]);
    let contradicts = [
        virtual_service(
            "{ hosts: [reviews],
              http: [{ match: [{ uri: { prefix: /a } }], delegate: { name: leaf } }] }",
        ),
        named(
            "leaf",
            "{ http: [{ match: [{ uri: { prefix: /b } }],
               route: [{ destination: { host: reviews } }] }] }",
        ),
    ]
    .join("---\n");
    assert_eq!(found(&at_client(&contradicts)), ["SL0203 leaf http[0]"]);
}

#[test]
fn a_subset_that_no_workload_is_of_is_told() {
    let text = rule(
        "{ host: reviews, subsets: [{ name: v1, labels: { version: v1 } },
           { name: v3, labels: { version: v3 } }] }",
    );
    assert_eq!(
        found(&at_client(&text)),
        ["SL0207 reviews subsets[1].labels"]
    );
}

#[test]
fn the_younger_of_two_virtual_services_of_a_host_is_told() {
    let spec = "{ hosts: [reviews],
        http: [{ route: [{ destination: { host: reviews } }] }] }";
    let text = [named("a", spec), named("b", spec)].join("---\n");
    let lines = found(&at_client(&text));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("SL0208 b"), "{lines:?}");
    let told = at_client(&text).diagnostics;
    let message = &told
        .iter()
        .find(|it| it.code == Code::DuplicateHost)
        .unwrap()
        .message;
    assert!(
        message.starts_with("VirtualService default/a is older"),
        "{message}"
    );
}

#[test]
fn servers_that_contradict_each_other_are_told() {
    let server = |protocol: &str| {
        format!(
            "{{ selector: {{ istio: ingressgateway }}, servers: [{{ port: {{ number: 80, \
             name: p, protocol: {protocol} }}, hosts: ['*'] }}] }}"
        )
    };
    let text = [gateway("a", &server("HTTP")), gateway("b", &server("TCP"))].join("---\n");
    assert_eq!(found(&at_edge(&text)), ["SL0209 b servers[0]"]);
}

#[test]
fn gateways_that_are_missing_or_not_for_the_host_are_told() {
    let text = [
        virtual_service(
            "{ hosts: [a.example.com, b.example.com], gateways: [mesh, none, edge],
               http: [{ route: [{ destination: { host: reviews } }] }] }",
        ),
        gateway(
            "edge",
            &format!(
                "{{ selector: {{ istio: ingressgateway }}, servers: [{{ port: {HTTP}, \
                 hosts: [./a.example.com, other/b.example.com] }}] }}"
            ),
        ),
    ]
    .join("---\n");
    let expected = ["SL0211 reviews gateways[1]", "SL0212 reviews hosts[1]"];
    assert_eq!(found(&at_client(&text)), expected);
}

#[test]
fn selectors_without_a_workload_are_told() {
    let text = [
        gateway(
            "edge",
            &format!(
                "{{ selector: {{ istio: none }}, servers: [{{ port: {HTTP}, hosts: ['*'] }}] }}"
            ),
        ),
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\n\
         metadata: { name: own, namespace: default }\n\
         spec: { workloadSelector: { labels: { istio: ingressgateway } }, \
         egress: [{ hosts: ['./*'] }] }\n"
            .to_owned(),
    ]
    .join("---\n");
    let expected = ["SL0210 edge selector", "SL0210 own workloadSelector"];
    assert_eq!(found(&at_client(&text)), expected);
}

#[test]
fn a_credential_that_sidecars_ignore_is_told() {
    let text =
        rule("{ host: reviews, trafficPolicy: { tls: { mode: SIMPLE, credentialName: cert } } }");
    assert_eq!(found(&at_client(&text)), ["SL0213 reviews "]);
}

#[test]
fn a_fault_beside_retries_is_told() {
    let text = virtual_service(
        "{ hosts: [reviews], http: [{ fault: { abort: { httpStatus: 503, percentage: { value: 50 } } },
           retries: { attempts: 2 }, route: [{ destination: { host: reviews } }] }] }",
    );
    assert_eq!(found(&at_client(&text)), ["SL0213 reviews http[0].fault"]);
}

fn secret(namespace: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{ name: cert, namespace: {namespace} }}\n\
         stringData: {data}\n"
    )
}

const PEM: &str = "{ tls.crt: '-----BEGIN CERTIFICATE-----\n\n MAA=\n\n -----END CERTIFICATE-----',
    tls.key: '-----BEGIN PRIVATE KEY-----\n\n MAA=\n\n -----END PRIVATE KEY-----' }";

#[test]
fn secrets_of_servers_are_given_to_the_gateway_or_told() {
    let server = |mode: &str| {
        gateway(
            "edge",
            &format!(
                "{{ selector: {{ istio: ingressgateway }}, servers: [{{ \
                 port: {{ number: 443, name: https, protocol: HTTPS }}, hosts: ['*'], \
                 tls: {{ mode: {mode}, credentialName: cert }} }}] }}"
            ),
        )
    };
    let path = "edge servers[0].tls.credentialName";
    let cases = [
        ("SIMPLE", secret("istio-system", PEM), vec![]),
        ("SIMPLE", secret("default", PEM), vec!["SL0214"]),
        (
            "SIMPLE",
            secret("istio-system", "{ tls.crt: x, tls.key: z }"),
            vec!["SL0215"],
        ),
        (
            "SIMPLE",
            secret("istio-system", "{ tls.crt: x }"),
            vec!["SL0215"],
        ),
        ("MUTUAL", secret("istio-system", PEM), vec!["SL0215"]),
    ];
    for (mode, secret, codes) in cases {
        let compiled = at_edge(&[server(mode), secret.clone()].join("---\n"));
        let expected: Vec<String> = codes.iter().map(|code| format!("{code} {path}")).collect();
        assert_eq!(found(&compiled), expected, "{mode} {secret}");
        let given = compiled.resources.secrets.keys().eq(["kubernetes://cert"]);
        assert_eq!(
            given,
            mode == "MUTUAL" || codes.is_empty(),
            "{mode} {secret}"
        );
    }
}
