//! Objects with one mistake each, and what is said about them.

use crate::diagnostic::Diagnostic;
use crate::parse::{Options, Parsed, SourceFile, parse_text};

fn parse(kind: &str, spec: &str) -> Parsed {
    let group = match kind {
        "Service" => "v1",
        "Deployment" => "apps/v1",
        _ => "networking.istio.io/v1",
    };
    let text = format!("apiVersion: {group}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n");
    parse_text(&SourceFile::new("x.yaml", text), &Options::default())
}

fn said(found: &[Diagnostic]) -> Vec<String> {
    found
        .iter()
        .map(|d| format!("{} {}", d.code, d.path))
        .collect()
}

/// Each spec must give exactly the diagnostics named: code and path.
fn check(kind: &str, cases: &[(&str, &[&str])]) {
    for (spec, wanted) in cases {
        let parsed = parse(kind, spec);
        assert_eq!(
            said(&parsed.diagnostics),
            *wanted,
            "{kind} {spec}\n{:#?}",
            parsed.diagnostics
        );
        assert_eq!(
            parsed.objects.is_empty(),
            parsed.has_errors(),
            "{kind} {spec}"
        );
    }
}

/// Each route of a VirtualService must give exactly the diagnostics named.
fn check_http(cases: &[(&str, &[&str])]) {
    for (route, wanted) in cases {
        check(
            "VirtualService",
            &[(&format!("{{hosts: [a], http: [{route}]}}"), wanted)],
        );
    }
}

const TO: &str = "route: [{destination: {host: a}}]";

#[test]
fn virtual_services_are_checked() {
    check(
        "VirtualService",
        &[
            (
                "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}",
                &[],
            ),
            ("{hosts: [a]}", &["SL0123 "]),
            (
                "{hosts: ['*'], http: [{route: [{destination: {host: a}}]}]}",
                &["SL0111 hosts[0]"],
            ),
            (
                "{hosts: ['*'], gateways: [g], http: [{route: [{destination: {host: a}}]}]}",
                &[],
            ),
            (
                "{hosts: [a_b], http: [{route: [{destination: {host: a}}]}]}",
                &["SL0111 hosts[0]"],
            ),
            (
                "{hosts: ['*.com', a.com], http: [{route: [{destination: {host: a}}]}]}",
                &["SL0124 hosts[1]"],
            ),
            (
                "{gateways: [g], http: [{route: [{destination: {host: a}}]}]}",
                &["SL0109 gateways"],
            ),
            (
                "{hosts: [a], gateways: [g.ns.svc], http: [{route: [{destination: {host: a}}]}]}",
                &["SL0152 gateways[0]"],
            ),
            (
                "{hosts: [a], exportTo: ['.', default], http: [{route: [{destination: {host: a}}]}]}",
                &["SL0124 exportTo[1]"],
            ),
            (
                "{hosts: [a.b], tls: [{match: [{sniHosts: [c.d]}], route: [{destination: {host: a}}]}]}",
                &["SL0109 tls[0].match[0].sniHosts[0]"],
            ),
            (
                "{hosts: [a], tcp: [{match: [{port: 1}]}]}",
                &["SL0121 tcp[0]"],
            ),
            (
                "{hosts: [a], tcp: [{match: [{destinationSubnets: [1.2.3]}], route: [{destination: {host: a}}]}]}",
                &["SL0110 tcp[0].match[0].destinationSubnets[0]"],
            ),
        ],
    );
}

#[test]
fn http_routes_are_checked() {
    let with = |rest: &str| format!("{{{TO}, {rest}}}");
    let cases: [(&str, &[&str]); 21] = [
        ("timeout: 0s", &["SL0106 http[0].timeout"]),
        ("timeout: 1.5ms", &["SL0106 http[0].timeout"]),
        ("timeout: 5", &["SL0105 http[0].timeout"]),
        (
            "match: [{uri: {regex: '(?!a)'}}]",
            &["SL0112 http[0].match[0].uri.regex"],
        ),
        ("match: [{uri: {prefix: ''}}]", &[]),
        (
            "match: [{method: {prefix: ''}}]",
            &["SL0110 http[0].match[0].method.prefix"],
        ),
        (
            "match: [{headers: {a: {regex: '*'}}}]",
            &["SL0112 http[0].match[0].headers.a.regex"],
        ),
        (
            "match: [{headers: {a: null}}]",
            &["SL0105 http[0].match[0].headers.a"],
        ),
        (
            "match: [{withoutHeaders: {a: null, b: {regex: '*'}, c: {}}}]",
            &[],
        ),
        (
            "match: [{headers: {'@request.auth.claims.a': {exact: b}}}]",
            &["SL0109 http[0].match[0].headers[\"@request.auth.claims.a\"]"],
        ),
        (
            "match: [{uri: {exact: a, prefix: b}}]",
            &["SL0109 http[0].match[0].uri"],
        ),
        ("retries: {perTryTimeout: 1s}", &["SL0109 http[0].retries"]),
        (
            "retries: {attempts: 1, retryOn: '503, 5xx'}",
            &["SL0107 http[0].retries.retryOn"],
        ),
        ("fault: {}", &["SL0123 http[0].fault"]),
        (
            "fault: {abort: {percentage: {value: 1}}}",
            &["SL0152 http[0].fault.abort"],
        ),
        ("rewrite: {}", &["SL0123 http[0].rewrite"]),
        (
            "rewrite: {authority: a}, headers: {request: {set: {Host: b}}}",
            &["SL0109 http[0].headers"],
        ),
        (
            "headers: {request: {set: {a: '100%'}}}",
            &["SL0110 http[0].headers.request.set.a"],
        ),
        (
            "corsPolicy: {maxAge: 1500ms}",
            &["SL0106 http[0].corsPolicy.maxAge"],
        ),
        (
            "corsPolicy: {allowMethods: [get]}",
            &["SL0107 http[0].corsPolicy.allowMethods[0]"],
        ),
        ("redirect: {uri: /}", &["SL0109 http[0].route"]),
    ];
    for (rest, wanted) in cases {
        check_http(&[(&with(rest), wanted)]);
    }
}

#[test]
fn what_a_route_does_is_checked() {
    check_http(&[
        ("{match: [{uri: {prefix: /}}]}", &["SL0121 http[0]"]),
        ("{redirect: {}}", &["SL0123 http[0].redirect"]),
        (
            "{redirect: {uri: /, redirectCode: 200}}",
            &["SL0106 http[0].redirect.redirectCode"],
        ),
        (
            "{directResponse: {status: 700}}",
            &["SL0106 http[0].directResponse.status"],
        ),
        (
            "{route: [{destination: {host: a}}, {destination: {host: b}}]}",
            &["SL0122 http[0].route"],
        ),
        (
            "{route: [{destination: {host: '*'}}]}",
            &["SL0111 http[0].route[0].destination.host"],
        ),
        (
            "{route: [{destination: {subset: v1}}]}",
            &["SL0108 http[0].route[0].destination"],
        ),
        (
            "{route: [{destination: {host: a, port: {number: 70000}}}]}",
            &["SL0106 http[0].route[0].destination.port.number"],
        ),
    ]);
}

#[test]
fn destination_rules_are_checked() {
    check(
        "DestinationRule",
        &[
            ("{host: a, trafficPolicy: {}}", &["SL0123 trafficPolicy"]),
            (
                "{host: a, subsets: [{name: v1}, {name: v1}]}",
                &["SL0124 subsets[1]"],
            ),
            (
                "{host: a, subsets: [{name: v_1}]}",
                &["SL0110 subsets[0].name"],
            ),
            ("{subsets: [{name: v1}]}", &["SL0108 "]),
            (
                "{host: a, trafficPolicy: {portLevelSettings: [{tls: {mode: SIMPLE}}]}}",
                &["SL0108 trafficPolicy.portLevelSettings[0].port"],
            ),
            (
                "{host: a, trafficPolicy: {connectionPool: {http: {maxRetries: -1}}}}",
                &["SL0106 trafficPolicy.connectionPool.http.maxRetries"],
            ),
            (
                "{host: a, trafficPolicy: {connectionPool: {tcp: {idleTimeout: 0s}}}}",
                &[],
            ),
            (
                "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOMLY}}}",
                &["SL0107 trafficPolicy.loadBalancer.simple"],
            ),
            (
                "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 10}}}}}",
                &["SL0106 trafficPolicy.loadBalancer.consistentHash.maglev.tableSize"],
            ),
            (
                "{host: a, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /c}}}",
                &[
                    "SL0108 trafficPolicy.tls.privateKey",
                    "SL0150 trafficPolicy.tls.clientCertificate",
                ],
            ),
        ],
    );
}

#[test]
fn gateways_are_checked() {
    let server = |rest: &str| format!("{{servers: [{{{rest}}}]}}");
    let cases: [(&str, &[&str]); 6] = [
        (
            "port: {number: 80, name: h, protocol: Http}, hosts: ['*']",
            &[],
        ),
        (
            "port: {number: 80, name: h, protocol: HTTPP}, hosts: ['*']",
            &["SL0107 servers[0].port.protocol"],
        ),
        (
            "port: {number: 80, name: h, protocol: HTTP}, hosts: [short]",
            &["SL0111 servers[0].hosts[0]"],
        ),
        (
            "port: {number: 443, name: h, protocol: HTTPS}, hosts: ['*']",
            &["SL0108 servers[0]"],
        ),
        (
            "port: {number: 80, name: h, protocol: HTTP}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}",
            &["SL0109 servers[0].tls"],
        ),
        (
            "port: {number: 0, name: h, protocol: HTTP}, hosts: ['*']",
            &["SL0106 servers[0].port.number"],
        ),
    ];
    for (rest, wanted) in cases {
        let parsed = parse("Gateway", &server(rest));
        let found: Vec<Diagnostic> = parsed
            .diagnostics
            .into_iter()
            .filter(|d| d.code.info().id != "SL0150")
            .collect();
        assert_eq!(said(&found), wanted, "{rest}");
    }
}

#[test]
fn sidecars_and_services_are_checked() {
    check(
        "Sidecar",
        &[
            ("{}", &["SL0123 "]),
            ("{egress: [{hosts: [a.b]}]}", &["SL0111 egress[0].hosts[0]"]),
        ],
    );
    check(
        "Service",
        &[
            ("{selector: {a: b}}", &["SL0108 spec"]),
            ("{clusterIP: None}", &[]),
            (
                "{ports: [{port: 1, name: a}, {port: 2}]}",
                &["SL0108 spec.ports[1]"],
            ),
            ("{ports: [{port: 70000}]}", &["SL0106 spec.ports[0].port"]),
        ],
    );
    check(
        "Deployment",
        &[(
            "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}}}",
            &["SL0109 spec.selector.matchLabels.a"],
        )],
    );
}

#[test]
fn a_check_of_something_unreadable_is_not_believed() {
    check(
        "VirtualService",
        &[(
            "{hosts: a, gateways: [g], http: [{route: [{destination: {host: a}}]}]}",
            &["SL0105 hosts"],
        )],
    );
}
