//! Names read and written, form by form.

use super::*;

#[test]
fn cluster_names_survive_the_round_trip() {
    let host = "reviews.default.svc.cluster.local";
    let cases = [
        (
            "outbound|9080|v2|reviews.default.svc.cluster.local",
            ClusterName::outbound(9080, Some("v2"), host),
        ),
        (
            "outbound|9080||reviews.default.svc.cluster.local",
            ClusterName::outbound(9080, None, host),
        ),
        (
            "outbound|443||*.example.com",
            ClusterName::outbound(443, Some(""), "*.example.com"),
        ),
        ("inbound|9080||", ClusterName::inbound(9080)),
    ];
    for (text, name) in cases {
        assert_eq!(ClusterName::parse(text).as_ref(), Some(&name));
        assert_eq!(name.to_string(), text);
        assert_eq!(ClusterName::parse(&name.to_sni()), Some(name));
    }
}

#[test]
fn the_server_name_form_of_a_cluster_is_read() {
    let name = ClusterName::parse("outbound_.80_._.a.example.com").unwrap();
    assert_eq!(name, ClusterName::outbound(80, None, "a.example.com"));
    assert_eq!(name.to_sni(), "outbound_.80_._.a.example.com");
}

#[test]
fn other_cluster_names_are_not_taken_apart() {
    let others = [
        PASSTHROUGH_CLUSTER,
        BLACK_HOLE_CLUSTER,
        INBOUND_PASSTHROUGH_CLUSTER,
        "",
        "outbound|x|v1|host",
        "outbound|99999||host",
        "sideways|80||host",
        "outbound|80|v1",
        "outbound|80|v1|host|more",
    ];
    for other in others {
        assert_eq!(ClusterName::parse(other), None, "{other}");
    }
}

#[test]
fn route_names_survive_the_round_trip() {
    let https = |gateway: &str, bind: Option<&str>| RouteName::GatewayHttps {
        port: 443,
        port_name: "https-web".to_owned(),
        gateway: gateway.to_owned(),
        namespace: "default".to_owned(),
        bind: bind.map(str::to_owned),
    };
    let cases = [
        ("9080", RouteName::Port(9080)),
        (
            "a.b.svc:80",
            RouteName::Service {
                host: "a.b.svc".to_owned(),
                port: 80,
            },
        ),
        (
            "http.8080",
            RouteName::GatewayHttp {
                port: 8080,
                bind: None,
            },
        ),
        (
            "http.80.127.0.0.1",
            RouteName::GatewayHttp {
                port: 80,
                bind: Some("127.0.0.1".to_owned()),
            },
        ),
        ("https.443.https-web.gw.default", https("gw", None)),
        ("https.443.https-web.my.gw.default", https("my.gw", None)),
        (
            "https.443.https-web.gw.default.10.0.0.1",
            https("gw", Some("10.0.0.1")),
        ),
    ];
    for (text, name) in cases {
        assert_eq!(RouteName::parse(text).as_ref(), Some(&name));
        assert_eq!(name.to_string(), text);
    }
}

#[test]
fn other_route_names_are_not_taken_apart() {
    for other in [
        "",
        "http_proxy",
        "http.",
        "https.443",
        "https.443.x",
        "host:port",
        "70000",
    ] {
        assert_eq!(RouteName::parse(other), None, "{other}");
    }
}

#[test]
fn listener_names_survive_the_round_trip() {
    for (text, name) in [
        ("0.0.0.0_9080", ListenerName::new("0.0.0.0", 9080)),
        ("::_80", ListenerName::new("::", 80)),
    ] {
        assert_eq!(ListenerName::parse(text).as_ref(), Some(&name));
        assert_eq!(name.to_string(), text);
    }
    assert_eq!(ListenerName::parse(VIRTUAL_OUTBOUND), None);
    assert_eq!(ListenerName::parse(VIRTUAL_INBOUND), None);
}
