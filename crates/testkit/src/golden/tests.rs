//! Golden resources against ours: what differs, and what may.

use serde_json::json;

use super::differences::{Reasoned, find};
use super::*;

fn golden(address: &str, domains: &str, timeout: &str) -> Golden {
    let text = format!(
        r#"{{"world":{{"pods":{{}},"services":{{"default/a":"{address}"}}}},
        "lds":[{{"name":"{address}_80","filter_chains":[{{"filter_chain_match":{{}}}}],"stat_prefix":"{address}"}}],
        "rds":[{{"name":"80","virtual_hosts":[{{"name":"a:80","domains":{domains},
          "routes":[{{"match":{{"prefix":"/"}},"metadata":{{"filter_metadata":{{"istio":{{"config":"x"}}}}}},
          "route":{{"cluster":"c","timeout":"{timeout}"}}}}]}}]}}],"cds":[],"eds":[]}}"#
    );
    Golden::parse(&text).unwrap()
}

fn normal_of(golden: &Golden) -> Value {
    normal_form(&golden.resources, &golden.owners)
}

#[test]
fn addresses_and_order_do_not_count() {
    let a = golden("127.20.0.3", r#"["a","127.20.0.3:80"]"#, "1s");
    let b = golden("127.20.0.9", r#"["127.20.0.9:80","a"]"#, "1s");
    assert_eq!(normal_of(&a), normal_of(&b));
    assert!(normal_of(&a)["lds"]["service(default/a)_80"].is_object());
}

#[test]
fn a_changed_byte_is_found_with_its_place() {
    let a = normal_of(&golden("127.20.0.3", r#"["a"]"#, "1s"));
    let b = normal_of(&golden("127.20.0.3", r#"["a"]"#, "2s"));
    let found = find(&a, &b);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].place,
        "rds/80/virtual_hosts[a:80]/routes[0]/route/timeout"
    );
    assert_eq!(
        (&found[0].ours, &found[0].golden),
        (&Some(json!("1s")), &Some(json!("2s")))
    );
}

#[test]
fn a_reason_covers_the_places_of_its_pattern() {
    let a = normal_of(&golden("127.20.0.3", r#"["a"]"#, "1s"));
    let found = find(&a, &normal_of(&golden("127.20.0.3", r#"["a"]"#, "2s")));
    let list = "# x\n*: rds/*/route/timeout — later\nseeds/*: cds/* — never seen\n";
    let reasoned = Reasoned::parse(list).unwrap();
    let line = reasoned.reason("seeds/x.1.client", &found[0]).unwrap();
    assert_eq!(line, "*: rds/*/route/timeout — later");
    assert_eq!(
        reasoned.stale(&[line.to_owned()].into()),
        ["seeds/*: cds/* — never seen"]
    );
    assert!(Reasoned::parse("no reason\n").is_err());
}
