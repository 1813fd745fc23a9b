//! istiod's own resources are understood, and what is not understood is refused by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealane_xds::{Resource, ResourceKind, Resources};
use serde_json::{Value, json};

use super::*;
use crate::decide::{Decision, decide};
use crate::request::RequestHead;
use crate::route::{Action, Route};

mod refusals;
mod values;

/// The resources in a golden file of istiod's.
fn golden(path: &Path) -> Resources {
    let text = std::fs::read_to_string(path).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let kinds = [
        ("lds", ResourceKind::Listener),
        ("rds", ResourceKind::Route),
        ("cds", ResourceKind::Cluster),
        ("eds", ResourceKind::Endpoint),
    ];
    kinds
        .into_iter()
        .flat_map(|(key, kind)| {
            let list = value[key].as_array().unwrap().clone();
            list.into_iter()
                .map(move |item| Resource::from_json(kind, &item).unwrap())
        })
        .collect()
}

fn golden_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compile/testdata/golden");
    let mut folders = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "json" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn file(name: &str) -> Resources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../compile/testdata/golden");
    golden(&root.join(name))
}

#[test]
fn everything_that_istiod_sends_is_understood() {
    let files = golden_files();
    assert!(files.len() > 100, "only {} golden files", files.len());
    for path in files {
        let resources = golden(&path);
        match Runtime::build(&resources, None) {
            Ok(runtime) => {
                assert_eq!(runtime.listeners.len(), resources.listeners.len());
                assert_eq!(runtime.tables.len(), resources.routes.len());
                assert_eq!(runtime.clusters.len(), resources.clusters.len());
            }
            Err(errors) => panic!("{}: {errors:#?}", path.display()),
        }
    }
}

#[test]
fn what_did_not_change_is_shared_with_the_previous_runtime() {
    let resources = file("matching/uri-exact.1.client.json");
    let first = Runtime::build(&resources, None).unwrap();
    let mut changed = resources.clone();
    let name = resources.routes.keys().next().unwrap();
    let mut table = (*resources.routes[name]).clone();
    table.ignore_port_in_host_matching = false;
    changed.insert(table);
    let second = Runtime::build(&changed, Some(&first)).unwrap();
    let same = |name: &str| Arc::ptr_eq(&first.tables[name], &second.tables[name]);
    assert!(!same(name));
    assert!(
        second
            .tables
            .keys()
            .filter(|other| &***other != name)
            .all(|other| same(other))
    );
    for (name, cluster) in &second.clusters {
        assert!(Arc::ptr_eq(cluster, &first.clusters[name]), "{name}");
    }
    for (name, listener) in &second.listeners {
        assert!(Arc::ptr_eq(listener, &first.listeners[name]), "{name}");
    }
}

#[test]
fn what_is_the_same_message_is_not_read_again() {
    let resources = file("matching/uri-exact.1.client.json");
    let builds = Builds::default();
    let first = Runtime::build_with(&builds, &resources, None).unwrap();
    // Another proxy, with one message of its own.
    let mut others = resources.clone();
    let name = resources.clusters.keys().next().unwrap();
    others.insert((*resources.clusters[name]).clone());
    let second = Runtime::build_with(&builds, &others, None).unwrap();
    assert_eq!(first, second);
    for (other, cluster) in &second.clusters {
        let is_shared = Arc::ptr_eq(cluster, &first.clusters[other]);
        assert_eq!(is_shared, &**other != name, "{other}");
    }
    let is_shared = |name| Arc::ptr_eq(&first.tables[name], &second.tables[name]);
    assert!(first.tables.keys().all(is_shared));
    let is_shared = |name| Arc::ptr_eq(&first.listeners[name], &second.listeners[name]);
    assert!(first.listeners.keys().all(is_shared));
}

#[test]
fn what_nobody_uses_is_forgotten() {
    let resources = file("matching/uri-exact.1.client.json");
    let builds = Builds::default();
    let first = Runtime::build_with(&builds, &resources, None).unwrap();
    let uses = |runtime: &Runtime| Arc::strong_count(runtime.clusters.values().next().unwrap());
    let again = Runtime::build_with(&builds, &resources, None).unwrap();
    assert_eq!(uses(&first), 2);
    drop(again);
    assert_eq!(uses(&first), 1);
    // Messages that come and go leave nothing behind that another one could be taken for.
    let (name, cluster) = resources.clusters.iter().next().unwrap();
    for round in 0..1000_i64 {
        let mut passing = resources.clone();
        let mut cluster = (**cluster).clone();
        let seconds = sealane_xds::protobuf::Duration {
            seconds: round + 100,
            nanos: 0,
        };
        cluster.connect_timeout = Some(seconds);
        passing.insert(cluster);
        // The others are new messages that say the same.
        for (other, message) in resources
            .clusters
            .iter()
            .filter(|(other, _)| *other != name)
        {
            assert_eq!(message.name, other);
            passing.insert((**message).clone());
        }
        let runtime = Runtime::build_with(&builds, &passing, Some(&first)).unwrap();
        let timeout = runtime.clusters[name].connect_timeout;
        assert_eq!(timeout.as_secs(), u64::try_from(round).unwrap() + 100);
    }
    let many = 2 * resources.clusters.len() + 256;
    assert!(builds.clusters.len() < many, "{}", builds.clusters.len());
}

#[test]
fn a_cluster_whose_endpoints_changed_is_read_again() {
    let resources = file("matching/uri-exact.1.client.json");
    let builds = Builds::default();
    let first = Runtime::build_with(&builds, &resources, None).unwrap();
    let mut changed = resources.clone();
    let (name, assignment) = resources
        .endpoints
        .iter()
        .find(|(_, assignment)| !assignment.endpoints.is_empty())
        .unwrap();
    let mut assignment = (**assignment).clone();
    assignment.endpoints.clear();
    changed.insert(assignment);
    let second = Runtime::build_with(&builds, &changed, Some(&first)).unwrap();
    assert_eq!(second, Runtime::build(&changed, None).unwrap());
    assert_ne!(second.clusters[name], first.clusters[name]);
}

/// The route that a runtime has for a GET.
fn route(runtime: &Runtime, table: &str, authority: &str, path: &str) -> Arc<Route> {
    let head = RequestHead {
        method: &::http::Method::GET,
        scheme: "http",
        authority,
        path_and_query: path,
        headers: &::http::HeaderMap::new(),
    };
    match decide(&runtime.tables[table], &head) {
        Decision::Route { route, .. } => route,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sealanes_own_metadata_names_origin_and_draw() {
    let table: Value = json!({
        "name": "80",
        "virtual_hosts": [{
            "name": "h", "domains": ["*"],
            "routes": [
                {
                    "match": {"prefix": "/a"},
                    "metadata": {"filter_metadata": {"sealane": {
                        "origin": "VirtualService/default/reviews#r1", "weights": "random"
                    }}},
                    "route": {
                        "weighted_clusters": {"clusters": [
                            {"name": "x", "weight": 3}, {"name": "y", "weight": 1},
                            {"name": "z", "weight": 0}
                        ]},
                        "request_mirror_policies": [{"cluster": "m"}]
                    }
                },
                {"match": {"prefix": "/"}, "route": {"cluster": "x"}}
            ]
        }]
    });
    let resources = [Resource::from_json(ResourceKind::Route, &table).unwrap()];
    let runtime = Runtime::build(&resources.into_iter().collect(), None).unwrap();
    let declared = route(&runtime, "80", "any", "/a");
    assert_eq!(
        declared.origin.as_ref().map(ToString::to_string).as_deref(),
        Some("VirtualService/default/reviews#r1")
    );
    let Action::Forward(forward) = &declared.action else {
        panic!("{declared:?}")
    };
    assert_eq!(&*forward.split.key, "VirtualService/default/reviews#r1");
    assert_eq!((forward.split.total, forward.split.parts.len()), (4, 2));
    assert!(forward.split.random);
    assert_eq!(
        &*forward.mirrors[0].key,
        "VirtualService/default/reviews#r1#mirror0"
    );
    assert_eq!(forward.timeout, Some(std::time::Duration::from_secs(15)));
    let plain = route(&runtime, "80", "any", "/b");
    let Action::Forward(forward) = &plain.action else {
        panic!("{plain:?}")
    };
    assert_eq!(&*forward.split.key, "80/h/1");
    assert!(!forward.split.random);
}
