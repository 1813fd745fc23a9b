//! Which pods are processes, and what their environment says.

use std::net::SocketAddr;
use std::sync::Arc;

use sealane_model::diagnostic::Code;
use serde_json::{Value, json};

use super::*;
use crate::addresses::{AddressPlan, Addresses};
use crate::fixture::{deployment, object, service};
use crate::terms::{Approved, Terms};
use crate::workloads::{Runs, WorkloadKind};
use crate::world::World;

const SERVER: &str = "./server --port $PORT";

fn server(command: &str, env: &Value) -> Value {
    let mut server = deployment("web", 2, &json!({"app": "web", "version": "v1"}));
    let template = &mut server["spec"]["template"];
    template["metadata"]["annotations"] = json!({COMMAND: command});
    template["spec"]["containers"][0]["env"] = env.clone();
    template["spec"]["containers"][0]["ports"] = json!([
        {"name": "web-ui", "containerPort": 9080}, {"containerPort": 9090}]);
    server
}

/// The world of `now`, where a file says `file`.
fn world(file: Option<&Value>, now: &Value) -> World {
    let approved: Approved = file
        .map(|file| (object(file).key(), Arc::new(object(file))))
        .into_iter()
        .collect();
    let terms = Terms {
        commands: Commands::Of(&approved),
        external: true,
        ..Terms::default()
    };
    let declared = [
        object(now),
        object(&service("web", &json!({"app": "web"}), &json!(7070))),
    ];
    World::derive_on(
        &terms,
        &declared,
        &mut Addresses::new(AddressPlan::default()),
    )
}

fn refusals(world: &World) -> Vec<&str> {
    let found = world.diagnostics.iter();
    let found = found.filter(|it| it.code == Code::PodRunsSimulated);
    found.map(|it| it.message.as_str()).collect()
}

#[test]
fn a_command_of_a_file_runs() {
    let file = server(SERVER, &json!([]));
    let world = world(Some(&file), &file);
    assert_eq!(world.processes().len(), 2);
    assert!(world.echoes().keys().all(|(_, name)| name == "client"));
    assert_eq!(world.workloads()[1].kind, WorkloadKind::Process);
    assert_eq!(refusals(&world), Vec::<&str>::new());
}

#[test]
fn a_command_that_no_file_has_never_runs() {
    let now = server(SERVER, &json!([]));
    let sayings: [Option<Value>; 4] = [
        None,
        Some(server("./other", &json!([]))),
        Some(server(
            SERVER,
            &json!([{"name": "LD_PRELOAD", "value": "/tmp/x.so"}]),
        )),
        Some(deployment("web", 1, &json!({}))),
    ];
    for file in sayings {
        let world = world(file.as_ref(), &now);
        assert!(world.processes().is_empty(), "{file:?}");
        let told = refusals(&world);
        assert_eq!(told.len(), 1, "once for the template: {told:?}");
        assert!(told[0].contains("came through the API"), "{told:?}");
    }
}

#[test]
fn the_api_may_scale_and_relabel_what_a_file_runs() {
    let file = server(SERVER, &json!([]));
    let before = world(Some(&file), &file).processes();
    let mut now = file.clone();
    now["spec"]["replicas"] = json!(3);
    now["spec"]["template"]["metadata"]["labels"]["version"] = json!("v2");
    let after = world(Some(&file), &now).processes();
    assert_eq!(after.len(), 3);
    let same = before
        .iter()
        .all(|(pod, spec)| after.get(pod) == Some(spec));
    assert!(same, "those that run need not be exchanged");
}

#[test]
fn without_leave_commands_are_simulated_with_a_warning() {
    let declared = [object(&server(SERVER, &json!([])))];
    let mut addresses = Addresses::new(AddressPlan::default());
    let world = World::derive_on(&Terms::default(), &declared, &mut addresses);
    assert!(world.processes().is_empty());
    assert!(refusals(&world)[0].contains("--allow-commands"));
}

#[test]
fn the_environment_tells_ports_pod_and_proxy() {
    let env = json!([
        {"name": "GREETING", "value": "hi"},
        {"name": "PORT", "value": "1"},
        {"name": "NO_PROXY", "value": "*"},
        {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]);
    let file = server(SERVER, &env);
    let world = world(Some(&file), &file);
    let spec = &world.processes()[&("default".to_owned(), "web-0".to_owned())];
    let socket = |port: u16| SocketAddr::from(([127, 0, 0, 1], 40000 + port));
    let sockets: Sockets = [7070, 9080, 9090]
        .map(|port| (port, socket(port / 1000)))
        .into();
    let capture = SocketAddr::from(([127, 0, 0, 1], 42001));
    let set = spec.environment(&sockets, Some(capture));
    for (name, value) in [
        ("PORT", "40009"),
        ("PORT_WEB_UI", "40009"),
        ("PORT_9080", "40009"),
        ("PORT_7070", "40007"),
        ("POD_NAME", "web-0"),
        ("POD_NAMESPACE", "default"),
        ("VERSION", "v1"),
        ("GREETING", "hi"),
        ("ME", "web-0"),
        ("http_proxy", "http://127.0.0.1:42001"),
        ("HTTP_PROXY", "http://127.0.0.1:42001"),
        ("no_proxy", "localhost,127.0.0.1,::1"),
        ("NO_PROXY", "*"),
        ("NODE_USE_ENV_PROXY", "1"),
    ] {
        assert_eq!(set.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!set.contains_key("SECRET"));
    let told = world
        .diagnostics
        .iter()
        .find(|it| it.code == Code::NotActedOn);
    assert!(told.unwrap().message.contains("SECRET"));
}

#[test]
fn a_version_that_is_no_label_value_is_not_passed_on() {
    let mut file = server(SERVER, &json!([]));
    file["spec"]["template"]["metadata"]["labels"]["version"] = json!("; rm -r x");
    let world = world(Some(&file), &file);
    for spec in world.processes().values() {
        assert_eq!(spec.variables["VERSION"], "");
    }
}

#[test]
fn more_processes_than_the_limit_are_simulated() {
    let mut file = server(SERVER, &json!([]));
    file["spec"]["replicas"] = json!(PROCESSES + 5);
    let world = world(Some(&file), &file);
    assert_eq!(world.processes().len(), PROCESSES);
    assert_eq!(world.echoes().len(), 5 + 1, "and the client");
    assert_eq!(refusals(&world).len(), 1);
}

#[test]
fn external_pods_are_one_for_each_socket() {
    let mut now = deployment("web", 1, &json!({"app": "web"}));
    let annotations = json!({"sealane.dev/endpoints": "127.0.0.1:9001,127.0.0.1:9002"});
    now["spec"]["template"]["metadata"]["annotations"] = annotations.clone();
    let of_deployment = world(None, &now);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata":
        {"name": "web", "labels": {"app": "web"}, "annotations": annotations}});
    let of_pod = world(None, &pod);
    for (world, names) in [
        (of_deployment, ["web-0", "web-1"]),
        (of_pod, ["web", "web-1"]),
    ] {
        let pods: Vec<_> = world
            .pods
            .iter()
            .filter(|it| it.workload() == "web")
            .collect();
        assert_eq!(pods.iter().map(|it| it.name()).collect::<Vec<_>>(), names);
        assert!(matches!(pods[1].runs, Runs::External(socket) if socket.port() == 9002));
        let behind: Vec<u16> = world.externals().values().map(SocketAddr::port).collect();
        assert!(behind.contains(&9001) && behind.contains(&9002));
        assert_eq!(world.workloads()[1].kind, WorkloadKind::External);
    }
}

#[test]
fn annotations_that_do_not_exist_or_stand_elsewhere_are_told() {
    let mut now = deployment("web", 1, &json!({}));
    now["spec"]["template"]["metadata"]["annotations"] = json!({
        "sealane.dev/comand": "x", "sealane.dev/endpoints": "nowhere", "sealane.dev/ready": "maybe"});
    now["metadata"]["annotations"] = json!({"sealane.dev/status": "503"});
    let world = world(None, &now);
    let found = world
        .diagnostics
        .iter()
        .filter(|it| it.code == Code::PodAnnotation);
    let texts: Vec<&str> = found.map(|it| it.message.as_str()).collect();
    assert_eq!(texts.len(), 4, "{texts:?}");
    for part in [
        "did you mean sealane.dev/command?",
        "\"nowhere\"",
        "\"maybe\"",
        "belongs on the pods",
    ] {
        assert!(
            texts.iter().any(|text| text.contains(part)),
            "{part} in {texts:?}"
        );
    }
}
