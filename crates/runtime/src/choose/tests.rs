//! Envoy's order of filter chains.

use super::*;
use crate::header::HeaderOps;
use crate::listener::{Direction, DownstreamTransport, Inspect, InspectOff, Network, TcpProxy};
use crate::split::{Part, Split};

fn chain(name: &str, matches: ChainMatch) -> Arc<FilterChain> {
    let split = Split {
        key: "k".into(),
        parts: vec![Part {
            cluster: "c".into(),
            weight: 1,
            headers: HeaderOps::default(),
            host_rewrite: None,
        }],
        total: 1,
        random: false,
    };
    Arc::new(FilterChain {
        name: name.into(),
        matches,
        transport: DownstreamTransport::Plaintext,
        network: Network::Tcp(Arc::new(TcpProxy {
            stat_prefix: "s".into(),
            split: Arc::new(split),
            idle_timeout: None,
            max_duration: None,
            hash_source_ip: false,
        })),
    })
}

fn listener(name: &str, address: &str, chains: Vec<Arc<FilterChain>>) -> Listener {
    Listener {
        name: name.into(),
        address: address.parse().unwrap(),
        bound: false,
        use_original_destination: name == "virtualOutbound",
        direction: Direction::Outbound,
        inspect: Inspect::default(),
        inspect_off: InspectOff::default(),
        chains,
        default_chain: Some(chain("default", ChainMatch::default())),
    }
}

fn info(destination: &str) -> ConnectionInfo {
    ConnectionInfo {
        destination: destination.parse().unwrap(),
        source: "127.10.0.2".parse().unwrap(),
        server_name: None,
        tls: false,
        application_protocols: Vec::new(),
    }
}

fn chosen(listener: &Listener, info: &ConnectionInfo) -> String {
    Runtime::choose_chain(listener, info)
        .unwrap()
        .name
        .to_string()
}

#[test]
fn the_listener_at_the_very_address_goes_before_the_one_for_its_port() {
    let mut runtime = Runtime::default();
    for (name, address) in [
        ("0.0.0.0_80", "0.0.0.0:80"),
        ("127.20.0.3_80", "127.20.0.3:80"),
        ("virtualOutbound", "0.0.0.0:15001"),
    ] {
        let listener = listener(name, address, Vec::new());
        runtime.listeners.insert(name.into(), Arc::new(listener));
    }
    for (destination, expected) in [
        ("127.20.0.3:80", "127.20.0.3_80"),
        ("127.20.0.4:80", "0.0.0.0_80"),
        ("[::1]:80", "0.0.0.0_80"),
        ("127.20.0.4:81", "virtualOutbound"),
    ] {
        let found = runtime.listener_for(destination.parse().unwrap()).unwrap();
        assert_eq!(&*found.name, expected, "{destination}");
    }
    assert!(
        Runtime::default()
            .listener_for("127.0.0.1:80".parse().unwrap())
            .is_none()
    );
}

#[test]
fn http_is_told_apart_by_what_the_inspector_found() {
    let http = ChainMatch {
        transport_protocol: Some("raw_buffer".into()),
        application_protocols: vec!["http/1.1".into(), "h2c".into()],
        ..ChainMatch::default()
    };
    let listener = listener("l", "0.0.0.0:80", vec![chain("http", http)]);
    let mut info = info("127.20.0.3:80");
    assert_eq!(chosen(&listener, &info), "default");
    info.application_protocols = vec!["h2c".into()];
    assert_eq!(chosen(&listener, &info), "http");
    info.tls = true;
    assert_eq!(chosen(&listener, &info), "default");
}

#[test]
fn longer_names_and_prefixes_are_better() {
    let names = |names: &[&str]| ChainMatch {
        server_names: names.iter().map(|name| Arc::from(*name)).collect(),
        ..ChainMatch::default()
    };
    let ranges = |range: &str| ChainMatch {
        destination_ranges: vec![range.parse().unwrap()],
        ..ChainMatch::default()
    };
    let by_name = listener(
        "l",
        "0.0.0.0:443",
        vec![
            chain("any", ChainMatch::default()),
            chain("com", names(&["*.com"])),
            chain("example", names(&["*.example.com"])),
            chain("exact", names(&["a.example.com"])),
        ],
    );
    let mut connection = info("127.20.0.3:443");
    for (name, expected) in [
        (None, "any"),
        (Some("a.example.com"), "exact"),
        (Some("A.Example.com"), "exact"),
        (Some("b.a.example.com"), "example"),
        (Some("example.com"), "com"),
        (Some("example.org"), "any"),
    ] {
        connection.server_name = name.map(Arc::from);
        assert_eq!(chosen(&by_name, &connection), expected, "{name:?}");
    }
    let by_range = listener(
        "l",
        "0.0.0.0:443",
        vec![
            chain("wide", ranges("127.20.0.0/16")),
            chain("host", ranges("127.20.0.3/32")),
        ],
    );
    assert_eq!(chosen(&by_range, &info("127.20.0.3:1")), "host");
    assert_eq!(chosen(&by_range, &info("127.20.0.4:1")), "wide");
    assert_eq!(chosen(&by_range, &info("127.30.0.4:1")), "default");
}

#[test]
fn a_chain_left_out_at_one_step_does_not_come_back() {
    let port = ChainMatch {
        destination_port: Some(80),
        server_names: vec!["a.com".into()],
        ..ChainMatch::default()
    };
    let listener = listener(
        "l",
        "0.0.0.0:80",
        vec![chain("any", ChainMatch::default()), chain("port", port)],
    );
    assert_eq!(chosen(&listener, &info("127.20.0.3:80")), "default");
    assert_eq!(chosen(&listener, &info("127.20.0.3:81")), "any");
}
