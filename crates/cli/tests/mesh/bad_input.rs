//! Bad input gets a clear error, and nothing is lost.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use crate::manifests::{SHOP, shop_split, virtual_service};
use crate::run::{Place, Said, Up, logged};
use crate::wire::{Wire, at_edge};

fn up(place: &Place, flags: &[&str]) -> Said {
    let args = ["up", "manifests", "--admin-port", "0"];
    place.run(&[&args, flags].concat())
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let said = Place::new("").run(&["up", "nowhere", "--admin-port", "0"]);
    assert_eq!(said.code, 65);
    let text = "error: cannot read nowhere: No such file or directory";
    assert!(said.err.starts_with(text), "{said:?}");
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let place = Place::new("");
    fs::write(place.path("manifests/mesh.yaml"), b"kind: \xff\xfe").unwrap();
    let said = up(&place, &[]);
    assert_eq!(said.code, 65);
    for text in [
        "manifests/mesh.yaml",
        "not UTF-8",
        "save it as UTF-8",
        "nothing was started",
    ] {
        assert!(said.err.contains(text), "{text}: {said:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let place = Place::new("");
    let file = place.path("manifests/mesh.yaml");
    fs::remove_file(&file).unwrap();
    // Everybody may open this one, the superuser too, and nobody can read its first byte.
    std::os::unix::fs::symlink("/proc/self/mem", &file).unwrap();
    let said = up(&place, &[]);
    assert_eq!(said.code, 65);
    assert!(said.err.contains("manifests/mesh.yaml"), "{said:?}");
    assert!(said.err.contains("cannot be read: "), "{said:?}");
    assert!(said.err.contains("nothing was started"), "{said:?}");
}

#[test]
fn a_folder_without_manifests_is_named() {
    let place = Place::new("");
    fs::remove_file(place.path("manifests/mesh.yaml")).unwrap();
    let said = up(&place, &[]);
    assert_eq!(said.code, 65);
    assert!(
        said.err.starts_with("error: no manifest in manifests\n"),
        "{said:?}"
    );
    assert!(said.err.contains("want YAML or JSON files"), "{said:?}");
}

#[test]
fn text_that_is_no_yaml_is_shown_with_its_place() {
    let said = up(&Place::new("kind: [\n"), &[]);
    assert_eq!(said.code, 65);
    assert!(said.err.contains("manifests/mesh.yaml:1:8"), "{said:?}");
}

#[test]
fn a_gateway_port_in_use_is_told_with_its_gateway_owner_and_flag() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let place = Place::new(&shop_split(90, 10));
    let said = up(&place, &["--gateway-port", &format!("80={port}")]);
    assert_eq!(said.code, 1, "{said:?}");
    let in_use = format!("error: port {port} of 127.0.0.1 is in use");
    assert!(said.err.starts_with(&in_use), "{said:?}");
    if Path::new("/proc/net/tcp").exists() {
        let owner = format!("(pid {})", std::process::id());
        assert!(said.err.contains(&owner), "{said:?}");
    }
    for text in [
        "Gateway default/edge wants port 80",
        "--gateway-port 80=",
        "80=auto",
    ] {
        assert!(said.err.contains(text), "{text}: {said:?}");
    }
}

#[test]
fn an_admin_port_in_use_is_told_with_its_flag_and_nothing_starts() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let place = Place::new(&shop_split(90, 10));
    let said = place.run(&[
        "up",
        "manifests",
        "--gateway-port",
        "80=auto",
        "--admin-port",
        &port,
    ]);
    assert_eq!((said.code, &*said.out), (1, ""), "{said:?}");
    assert!(said.err.contains("--admin-port 0"), "{said:?}");
}

#[test]
fn a_host_that_nothing_declares_is_a_warning() {
    let spec = "  hosts: [nowhere]
  http:
  - route: [{destination: {host: nowhere}}]";
    let rule = virtual_service("default", "lost", spec);
    let up = Up::with(&(shop_split(90, 10) + &rule), &["--no-invent"]);
    let shown = up.tells("Ctrl-C drains and stops");
    assert!(shown.contains("warning["), "{shown}");
    assert!(shown.contains("nowhere"), "{shown}");
    assert_eq!(at_edge(up.gateway(), SHOP, "/").status, 200);
}

#[test]
fn one_broken_object_at_the_start_is_left_out_and_the_others_run() {
    let broken = virtual_service("default", "broken", "  hosts: [x]\n  http:\n  - rout: []");
    let up = Up::of(&(shop_split(90, 10) + &broken));
    let shown = up.tells("Ctrl-C drains and stops");
    assert!(shown.contains("left out"), "{shown}");
    assert!(shown.contains("did you mean `route`?"), "{shown}");
    assert_eq!(at_edge(up.gateway(), SHOP, "/").status, 200);
}

#[test]
fn an_unknown_workload_is_told_with_the_nearest() {
    let up = Up::of(&shop_split(90, 10));
    let said = up.run(&["curl", "--from", "shopv1", "http://shop:8000/"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("there is no workload \"shopv1\""),
        "{said:?}"
    );
    assert!(said.err.contains("did you mean shop-v1?"), "{said:?}");
}

#[test]
fn without_a_mesh_commands_say_how_to_start_one() {
    let place = Place::new("");
    let commands: [&[&str]; 5] = [
        &["get", "vs"],
        &["env"],
        &["delete", "vs", "shop"],
        &["curl", "http://shop/"],
        &["apply", "-f", "manifests"],
    ];
    for command in commands {
        let said = place.run(command);
        assert_eq!((said.code, &*said.out), (1, ""), "{command:?}: {said:?}");
        assert!(
            said.err.starts_with("error: no mesh is running here\n"),
            "{said:?}"
        );
        assert!(said.err.contains("sealane up DIR"), "{said:?}");
    }
}

#[test]
fn garbage_at_the_gateway_is_a_400_and_a_closed_connection() {
    let up = Up::with(&shop_split(90, 10), &["--access-log", "log"]);
    for garbage in [
        &b"\x16\x03\x01garbage\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    ] {
        let mut wire = Wire::to(up.gateway());
        wire.write(garbage);
        let answer = wire.read();
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(wire.is_closed());
    }
    let line = logged(&up.place().path("log"), |line| line.contains(" 400 "));
    assert!(
        line.contains(" 400 DPE http1.codec_error - \"-\" "),
        "{line}"
    );
    assert_eq!(at_edge(up.gateway(), SHOP, "/").status, 200);
}

#[test]
fn a_command_line_that_is_not_understood_exits_with_64() {
    let place = Place::new("");
    let lines: [(&[&str], &str); 6] = [
        (&["up", "--nonsense"], "--nonsense"),
        (&["nonsense"], "nonsense"),
        (&["test", "manifests", "--depth", "nonsense"], "nonsense"),
        (&["up", "manifests", "--gateway-port", "80"], "80=18080"),
        (&["up", "manifests", "--drain-time", "soon"], "250ms"),
        (&["get", "vs", "-o", "nonsense"], "nonsense"),
    ];
    for (line, text) in lines {
        let said = place.run(line);
        assert_eq!((said.code, &*said.out), (64, ""), "{line:?}: {said:?}");
        assert!(said.err.contains(text), "{line:?}: {said:?}");
    }
}
