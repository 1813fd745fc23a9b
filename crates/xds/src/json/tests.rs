//! Canonical JSON over istiod's own resources, and its corners.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::*;
use crate::listener::{Filter, Listener, filter::ConfigType};
use crate::protobuf::{Any, Duration};
use crate::resource::{Resource, ResourceKind};
use crate::resources::Resources;

fn golden_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compile/testdata/golden");
    let mut files = Vec::new();
    for area in std::fs::read_dir(root).unwrap() {
        let area = area.unwrap().path();
        if area.is_dir() {
            files.extend(
                std::fs::read_dir(area)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    assert!(files.len() > 100, "only {} golden files", files.len());
    files
}

#[test]
fn istiods_resources_decode_and_encode_to_equal_json() {
    let kinds = [
        ("cds", ResourceKind::Cluster),
        ("eds", ResourceKind::Endpoint),
        ("lds", ResourceKind::Listener),
        ("rds", ResourceKind::Route),
    ];
    for file in golden_files() {
        let golden: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut resources = Resources::default();
        for (key, kind) in kinds {
            for expected in golden[key].as_array().unwrap() {
                let resource = Resource::from_json(kind, expected)
                    .unwrap_or_else(|error| panic!("{}: {key}: {error}", file.display()));
                assert_eq!(&resource.to_json(), expected, "{}: {key}", file.display());
                let off_the_wire = Resource::from_any(&resource.to_any()).unwrap().unwrap();
                assert!(
                    off_the_wire.same_content(&resource),
                    "{}: {key}",
                    file.display()
                );
                resources.insert(resource);
            }
        }
        let back = Resources::from_json(&resources.to_json()).unwrap();
        assert_eq!(back, resources);
        assert_eq!(back.content_hash(), resources.content_hash());
    }
}

fn listener_with(any: Any) -> Listener {
    let config_type = Some(ConfigType::TypedConfig(any));
    let filter = Filter {
        name: "x".to_owned(),
        config_type,
    };
    let chain = crate::listener::FilterChain {
        filters: vec![filter],
        ..Default::default()
    };
    Listener {
        name: "l".to_owned(),
        filter_chains: vec![chain],
        ..Listener::default()
    }
}

#[test]
fn an_unknown_message_in_an_any_stays_visible_and_reads_back() {
    let any = Any {
        type_url: "type.googleapis.com/acme.Unknown".to_owned(),
        value: vec![1, 2, 3],
    };
    let listener = listener_with(any);
    let json = encode(&listener, Names::Proto);
    assert_eq!(
        json["filter_chains"][0]["filters"][0]["typed_config"],
        json!({"@type": "type.googleapis.com/acme.Unknown", "@bytes": "AQID"})
    );
    assert_eq!(decode::<Listener>(&json).unwrap(), listener);
}

#[test]
fn malformed_bytes_in_an_any_stay_visible() {
    let type_url = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router".to_owned();
    let listener = listener_with(Any {
        type_url,
        value: vec![0xff, 0xff],
    });
    let json = encode(&listener, Names::Proto);
    assert_eq!(
        json["filter_chains"][0]["filters"][0]["typed_config"]["@bytes"],
        "//8="
    );
    assert_eq!(decode::<Listener>(&json).unwrap(), listener);
}

#[test]
fn an_any_without_a_type_is_no_panic() {
    let json = encode(&listener_with(Any::default()), Names::Proto);
    let typed_config = &json["filter_chains"][0]["filters"][0]["typed_config"];
    assert_eq!(typed_config, &json!({"@type": "", "@bytes": ""}));
}

#[test]
fn a_well_known_type_in_an_any_stands_under_value() {
    let any = crate::any::pack(&Duration {
        seconds: 3,
        nanos: 500_000_000,
    });
    let listener = listener_with(any);
    let json = encode(&listener, Names::Proto);
    assert_eq!(
        json["filter_chains"][0]["filters"][0]["typed_config"]["value"],
        "3.500s"
    );
    assert_eq!(decode::<Listener>(&json).unwrap(), listener);
}

#[test]
fn a_duration_out_of_range_is_shown_by_its_fields() {
    let timeout = Duration {
        seconds: i64::MAX,
        nanos: 0,
    };
    let listener = Listener {
        listener_filters_timeout: Some(timeout),
        ..Listener::default()
    };
    let json = encode(&listener, Names::Proto);
    assert_eq!(
        json["listener_filters_timeout"],
        json!({"seconds": i64::MAX.to_string()})
    );
}

#[test]
fn a_typed_struct_is_expanded() {
    let typed_config = json!({
        "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
        "type_url": "type.googleapis.com/io.istio.http.peer_metadata.Config",
        "value": {"a": [1.0, "b", null, true]},
    });
    let json = json!({"filter_chains": [{"filters": [{"typed_config": typed_config}]}]});
    let listener: Listener = decode(&json).unwrap();
    assert_eq!(encode(&listener, Names::Proto), json);
}

#[test]
fn both_spellings_are_read_and_written() {
    let camel = json!({"filterChains": [{"filterChainMatch": {"destinationPort": 80}}]});
    let snake = json!({"filter_chains": [{"filter_chain_match": {"destination_port": 80}}]});
    let listener: Listener = decode(&camel).unwrap();
    assert_eq!(decode::<Listener>(&snake).unwrap(), listener);
    assert_eq!(encode(&listener, Names::LowerCamel), camel);
    assert_eq!(encode(&listener, Names::Proto), snake);
}

#[test]
fn an_error_says_at_which_field() {
    let cases = [
        (
            json!({"nam": "x"}),
            "nam: `envoy.config.listener.v3.Listener` has no such field",
        ),
        (
            json!({"filter_chains": [{}, {"filters": [{"name": 3}]}]}),
            "filter_chains[1].filters[0].name: expected text, found `3`",
        ),
        (
            json!({"traffic_direction": "SIDEWAYS"}),
            "traffic_direction: `SIDEWAYS` is no `envoy.config.core.v3.TrafficDirection`",
        ),
        (
            json!({"address": {"socket_address": {"port_value": -1}}}),
            "address.socket_address.port_value: expected a number in range, found `-1`",
        ),
        (
            json!({"address": {"socket_address": {"port_value": 1, "named_port": "x"}}}),
            "address.socket_address.port_value: `named_port` is set as well",
        ),
        (json!([]), ".: expected an object, found `[]`"),
        (
            json!({"filter_chains": [{"filters": [{"typed_config": {"@type": "a/b.C"}}]}]}),
            "filter_chains[0].filters[0].typed_config: unknown type `a/b.C`",
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(decode::<Listener>(&json).unwrap_err().to_string(), expected);
    }
}
