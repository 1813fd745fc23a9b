//! What the crates say of themselves: for who asks, and what everybody must see.

use serde_json::Value;

use crate::manifests::{service, shop_split};
use crate::run::{Place, Up};

/// A pod that stands for the admin API of a mesh.
fn sly(admin: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: sly\n  labels: {{app: shop}}\n  \
         annotations: {{sealane.dev/endpoints: \"127.0.0.1:{admin}\"}}\n"
    )
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let quiet = Up::of(&shop_split(1, 0));
    let loud = Up::within(
        &[("SEALANE_LOG", "sealane_proxy=debug,h2=trace")],
        Place::new(&shop_split(1, 0)),
        &[],
    );
    let line = "DEBUG sealane_proxy::swap: generation is live proxy=";
    let shown = loud.tells(line);
    assert!(!loud.out().contains(line), "it is on standard output");
    assert!(!shown.contains("sealane_ads"), "{shown}");
    let shown = quiet.tells("Ctrl-C drains and stops");
    assert!(!shown.contains("DEBUG"), "{shown}");
}

#[test]
fn a_filter_that_is_none_is_refused() {
    let place = Place::new(&shop_split(1, 0));
    for args in [
        &["get", "vs"][..],
        &["up", "manifests", "--admin-port", "0"],
    ] {
        let said = place.run_with(&[("SEALANE_LOG", "sealane_proxy=loud")], args);
        assert_eq!(said.code, 64, "{said:?}");
        let text = "error: SEALANE_LOG=sealane_proxy=loud: ";
        assert!(said.err.starts_with(text), "{said:?}");
        assert!(said.err.contains("\n  try SEALANE_LOG="), "{said:?}");
    }
}

#[test]
fn a_warning_is_an_event_for_programs() {
    let place = Place::new(&service("default", "shop"));
    let up = Up::telling("\"event\":\"started\"", place, &["-o", "json"]);
    let admin = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let url = event["admin"].as_str()?.to_owned();
        url.rsplit(':').next()?.parse().ok()
    };
    let port = up.out().lines().find_map(admin).unwrap();
    let said = up.place().feed(&["apply", "-f", "-"], &sly(port));
    assert_eq!(said.code, 0, "{said:?}");
    let shown = up.tells("\"event\":\"warning\"");
    let line = shown.lines().find(|line| line.contains("\"warning\""));
    let event: Value = serde_json::from_str(line.unwrap()).unwrap();
    let message = "what controls this mesh is no endpoint: nobody reaches it";
    assert_eq!(event["message"], message);
    assert_eq!(event["fields"]["socket"], format!("127.0.0.1:{port}"));
}
