//! Envoy's admin interface from outside.

use regex::Regex;
use sealane_xds::json::decode;
use serde_json::Value;

use crate::manifests::{SHOP, shop_split};
use crate::run::{Up, until};
use crate::wire::{Answer, Wire, at_edge, captured};

fn ask(up: &Up, path: &str) -> Answer {
    Wire::to(up.admin()).get(path, &[("host", "localhost")])
}

fn text(up: &Up, path: &str) -> String {
    let answer = ask(up, path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

fn json(up: &Up, path: &str) -> Value {
    serde_json::from_str(&text(up, path)).unwrap()
}

#[test]
fn clusters_show_how_endpoints_are_doing() {
    let up = Up::of(&shop_split(50, 50));
    for _ in 0..4 {
        at_edge(up.gateway(), SHOP, "/");
    }
    let cluster = "outbound|8000|v1|shop.default.svc.cluster.local";
    let counted = Regex::new(r"v1\|shop\S+::127\.\d+\.\d+\.\d+:8000::rq_success::2\n").unwrap();
    let shown = until("two requests are counted", || {
        let shown = text(&up, "/clusters");
        counted.is_match(&shown).then_some(shown)
    });
    for wanted in [
        "::default_priority::max_connections::",
        "::added_via_api::true",
    ] {
        let wanted = format!("{cluster}{wanted}");
        assert!(shown.contains(&wanted), "no {wanted} in\n{shown}");
    }
    for wanted in [
        ":8000::rq_total::2",
        ":8000::rq_error::0",
        ":8000::rq_active::0",
        ":8000::health_flags::healthy",
        ":8000::weight::1",
        ":8000::success_rate::-1",
    ] {
        let lines = shown.lines().filter(|line| line.starts_with(cluster));
        let found = lines.filter(|line| line.ends_with(wanted)).count();
        assert_eq!(found, 1, "{wanted} in\n{shown}");
    }
    let all = json(&up, "/clusters?format=json");
    decode::<sealane_xds::admin::Clusters>(&all).unwrap();
    let statuses = all["cluster_statuses"].as_array().unwrap();
    let ours = statuses.iter().find(|status| status["name"] == cluster);
    let host = &ours.unwrap()["host_statuses"][0];
    assert_eq!(host["health_status"]["eds_health_status"], "HEALTHY");
    assert_eq!(host["weight"], 1);
}

#[test]
fn a_dump_has_envoys_shape_for_any_proxy() {
    let up = Up::of(&shop_split(50, 50));
    let dump = json(&up, "/config_dump?include_eds");
    decode::<sealane_xds::admin::ConfigDump>(&dump).unwrap();
    let configs = dump["configs"].as_array().unwrap();
    let types: Vec<_> = configs
        .iter()
        .map(|config| {
            config["@type"]
                .as_str()
                .unwrap()
                .rsplit('.')
                .next()
                .unwrap()
        })
        .collect();
    let expected = [
        "BootstrapConfigDump",
        "ClustersConfigDump",
        "EndpointsConfigDump",
        "ListenersConfigDump",
        "RoutesConfigDump",
    ];
    assert_eq!(types, expected);
    let id = configs[0]["bootstrap"]["node"]["id"].as_str().unwrap();
    assert!(id.starts_with("router~127."), "{id}");
    // Nobody has called from or to this pod yet: its proxy is not even running.
    let routes = json(
        &up,
        "/config_dump?proxy=client.default&resource=dynamic_route_configs",
    );
    let routes = routes["configs"].as_array().unwrap();
    let tables = routes.iter().map(|item| &item["route_config"]["name"]);
    assert!(tables.clone().any(|name| name == "8000"), "{routes:?}");
    let masked = "/config_dump?proxy=default/client&resource=dynamic_active_clusters\
                  &name_regex=outbound.*v1.*&mask=cluster.name";
    let masked = json(&up, masked);
    let expected = serde_json::json!({ "configs": [{
        "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.DynamicCluster",
        "cluster": {
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            "name": "outbound|8000|v1|shop.default.svc.cluster.local",
        },
    }] });
    assert_eq!(masked, expected);
}

#[test]
fn listeners_server_info_and_the_rest_answer_as_envoys_do() {
    let up = Up::of(&shop_split(50, 50));
    let listeners = text(&up, "/listeners");
    let gateway = up.gateway();
    let line = format!("0.0.0.0_8080::0.0.0.0:8080,{gateway}\n");
    assert!(listeners.contains(&line), "no {line} in {listeners}");
    let listeners = json(&up, "/listeners?format=json");
    decode::<sealane_xds::admin::Listeners>(&listeners).unwrap();
    let info = json(&up, "/server_info");
    decode::<sealane_xds::admin::ServerInfo>(&info).unwrap();
    assert_eq!(info["state"], "LIVE");
    assert_ne!(json(&up, "/memory")["allocated"], "0");
    assert_eq!(json(&up, "/certs")["certificates"], serde_json::json!([]));
    assert!(text(&up, "/help").contains("\n  /config_dump: "));
    assert_eq!(text(&up, "/ready"), "LIVE\n");
}

#[test]
fn stats_are_of_all_proxies_or_of_one() {
    let up = Up::of(&shop_split(100, 0));
    captured(up.capture("client"), "http://shop:8000/", &[]);
    let name = "cluster.outbound|8000||shop.default.svc.cluster.local.upstream_rq_2xx";
    let line = format!("{name}: 1\n");
    for path in [
        "/stats?filter=upstream_rq_2xx&usedonly",
        "/stats?proxy=client.default",
        "/stats?proxy=default/client",
    ] {
        until("the request is counted", || {
            text(&up, path).contains(&line).then_some(())
        });
    }
    assert!(!text(&up, "/stats?proxy=istio-ingressgateway").contains(&line));
    let stats = json(&up, "/stats?format=json&usedonly&filter=upstream_rq_total");
    let stats = stats["stats"].as_array().unwrap();
    assert!(stats.iter().all(|stat| stat["value"] != 0), "{stats:?}");
    let exposed = text(
        &up,
        "/stats/prometheus?proxy=client.default&filter=^envoy_cluster_upstream_rq_xx$",
    );
    let sample = r#"response_code_class="2xx",cluster_name="outbound|8000||shop.default.svc.cluster.local"} 1"#;
    assert!(exposed.contains(sample), "{exposed}");
    assert!(!exposed.contains("istio_"), "{exposed}");
}

#[test]
fn what_cannot_be_answered_says_why() {
    let up = Up::of(&shop_split(50, 50));
    let answer = ask(&up, "/clusters?proxy=nobody.default");
    assert_eq!(answer.status, 404);
    assert!(
        answer.body.contains("there is no proxy nobody.default"),
        "{answer:?}"
    );
    assert!(answer.body.contains("\n    client.default\n"), "{answer:?}");
    let answer = ask(&up, "/clusters?proxy=client.default");
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("does not run yet"), "{answer:?}");
    for (path, about) in [
        ("/stats?filter=(", "is no regular expression"),
        ("/stats?format=xml", "want text, json or prometheus"),
        ("/config_dump?resource=secrets", "dynamic_active_clusters"),
    ] {
        let answer = ask(&up, path);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.body.contains(about), "{path}: {answer:?}");
    }
}

/// What Envoy 1.40 lists at `/help` and this does not serve: what wants a POST there, and the rest.
const POSTS: [&str; 14] = [
    "/allocprofiler",
    "/cpuprofiler",
    "/drain_listeners",
    "/healthcheck/fail",
    "/healthcheck/ok",
    "/heapprofiler",
    "/logging",
    "/quitquitquit",
    "/reopen_logs",
    "/reset_counters",
    "/runtime_modify",
    "/stats/recentlookups/clear",
    "/stats/recentlookups/disable",
    "/stats/recentlookups/enable",
];
const OTHERS: [&str; 8] = [
    "/contention",
    "/heap_dump",
    "/hot_restart_version",
    "/init_dump",
    "/memory/tcmalloc",
    "/peak_heap_dump",
    "/runtime",
    "/stats/recentlookups",
];

#[test]
fn what_only_envoy_serves_says_why_it_is_not_served() {
    let up = Up::of(&shop_split(50, 50));
    let help = text(&up, "/help");
    let post = |path: &str| {
        let mut wire = Wire::to(up.admin());
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
        wire.write(head.as_bytes());
        wire.read()
    };
    for path in POSTS {
        let answer = post(path);
        assert_eq!(answer.status, 501, "{path}: {answer:?}");
        let (before, why) = answer.body.split_once(": ").unwrap();
        assert_eq!(before, format!("{path} is not served"));
        assert!(help.contains(&format!("\n  {path} (POST): not served: {why}")));
        let answer = ask(&up, path);
        assert_eq!(answer.status, 405, "{path}: {answer:?}");
        assert_eq!(answer.header("allow"), Some("POST"));
        assert_eq!(answer.body, "Method GET not allowed, POST required.\n");
    }
    for path in OTHERS {
        let answer = ask(&up, path);
        assert_eq!(answer.status, 501, "{path}: {answer:?}");
        let (before, why) = answer.body.split_once(": ").unwrap();
        assert_eq!(before, format!("{path} is not served"));
        assert!(help.contains(&format!("\n  {path}: not served: {why}")));
    }
    assert_eq!(text(&up, "/ready"), "LIVE\n");
}
