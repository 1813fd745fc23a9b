//! Objects of a running mesh: shown, applied, deleted.

use serde_json::json;

use crate::manifests::{SHOP, service, shop_split, weights};
use crate::run::Up;
use crate::wire::at_edge;

#[test]
fn workloads_tell_their_pods_and_capture_ports() {
    let up = Up::of(&shop_split(90, 10));
    let all = up.place().json(&["get", "workloads", "-o", "json"]);
    let names: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["client", "shop-v1", "shop-v2"]);
    let shop = &all[1];
    assert_eq!(
        (&shop["namespace"], &shop["kind"]),
        (&json!("default"), &json!("simulated"))
    );
    assert_eq!(shop["capture"], up.capture("shop-v1").to_string());
    let pod = &shop["pods"][0];
    assert_eq!(
        (&pod["name"], &pod["ready"]),
        (&json!("shop-v1-0"), &json!(true))
    );
    assert!(
        pod["address"].as_str().unwrap().starts_with("127.10."),
        "{pod}"
    );
}

#[test]
fn gateways_tell_where_each_server_is_bound() {
    let up = Up::of(&shop_split(90, 10));
    let address = up.gateway().to_string();
    let all = up.place().json(&["get", "gateways", "-o", "json"]);
    assert_eq!(
        (&all["kind"], all["items"].as_array().unwrap().len()),
        (&json!("List"), 1)
    );
    let server = json!({
        "port": 80, "name": "http", "protocol": "HTTP", "hosts": [SHOP], "address": address
    });
    assert_eq!(all["items"][0]["status"]["servers"], json!([server]));
    let one = up.place().json(&["get", "gw/edge", "-o", "json"]);
    assert_eq!(one["status"]["servers"], json!([server]));
    let said = up.run(&["get", "gw"]);
    let rows: Vec<_> = said.out.lines().collect();
    assert!(rows[0].starts_with("NAME   SERVERS"), "{rows:?}");
    assert!(
        rows[1].starts_with(&format!("edge   80/HTTP {address}   ")),
        "{rows:?}"
    );
}

#[test]
fn env_tells_a_shell_where_the_gateway_is() {
    let up = Up::of(&shop_split(90, 10));
    let address = up.gateway();
    let said = up.run(&["env"]);
    for line in [
        format!("export INGRESS_HOST={}", address.ip()),
        format!("export INGRESS_PORT={}", address.port()),
        format!("export GATEWAY_URL={address}"),
    ] {
        assert!(said.out.lines().any(|found| found == line), "{said:?}");
    }
}

#[test]
fn apply_says_what_became_of_each_object() {
    let up = Up::of(&shop_split(90, 10));
    let apply = |yaml: &str| up.place().feed(&["apply", "-f", "-"], yaml);
    let vs = "virtualservice.networking.istio.io/shop";

    let said = apply(&weights(90, 10));
    assert_eq!((said.code, said.out), (0, format!("{vs} unchanged\n")));

    let said = apply(&(weights(0, 100) + &service("default", "fresh")));
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(said.code, 0);
    assert!(lines.contains(&&*format!("{vs} configured")), "{lines:?}");
    assert!(lines.contains(&"service/fresh created"), "{lines:?}");
    assert!(lines[2].starts_with("generation 2 live on "), "{lines:?}");
    assert_eq!(at_edge(up.gateway(), SHOP, "/").echo("workload"), "shop-v2");

    let said = apply(&weights(1, 99).replace("destination", "desination"));
    assert_eq!((said.code, &*said.out), (65, ""));
    assert!(
        said.err.contains("did you mean `destination`?"),
        "{}",
        said.err
    );
    assert!(said.err.contains("Nothing changed."), "{}", said.err);
    assert_eq!(at_edge(up.gateway(), SHOP, "/").echo("workload"), "shop-v2");
}

#[test]
fn delete_takes_an_object_away_and_knows_when_there_is_none() {
    let up = Up::of(&shop_split(90, 10));
    let said = up.run(&["delete", "vs", "shop"]);
    let deleted = "virtualservice.networking.istio.io \"shop\" deleted\n";
    assert_eq!((said.code, &*said.out), (0, deleted));
    assert_eq!(at_edge(up.gateway(), SHOP, "/").status, 404);
    let said = up.run(&["delete", "vs", "shop"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("\"shop\" not found"), "{said:?}");
    let said = up.run(&["get", "vs"]);
    assert_eq!((said.code, &*said.out), (0, ""));
    assert_eq!(said.err, "No resources found in default namespace.\n");
}

#[test]
fn get_knows_the_names_of_kinds_and_forms() {
    let up = Up::of(&shop_split(90, 10));
    let said = up.run(&["get", "vs,dr", "-A", "-o", "name"]);
    let vs = "virtualservice.networking.istio.io/shop";
    let dr = "destinationrule.networking.istio.io/shop";
    assert_eq!(said.out, format!("{vs}\n{dr}\n"));
    for word in ["vs", "virtualservice", "virtualservices"] {
        let one = up.place().json(&["get", word, "shop", "-o", "json"]);
        assert_eq!(
            (&one["kind"], &one["spec"]["hosts"][0]),
            (&json!("VirtualService"), &json!(SHOP))
        );
    }
    let said = up.run(&["get", "vs", "shop", "-o", "yaml"]);
    assert!(
        said.out
            .starts_with("apiVersion: networking.istio.io/v1\nkind: VirtualService\n"),
        "{said:?}"
    );
    let said = up.run(&["get", "virtualservce"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("did you mean virtualservice?"),
        "{said:?}"
    );
}
