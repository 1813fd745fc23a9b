//! Who calls, from where: a rule may depend on both.

use std::collections::BTreeSet;

use crate::manifests::{deployment, gateway, service, subsets, virtual_service};
use crate::run::{Up, until};
use crate::wire::{at_edge, captured};

/// A shop with two versions in the namespace `a`, and callers in `a` and `b`.
fn shop_and_callers() -> String {
    [
        service("a", "shop"),
        deployment("a", ("shop", "v1"), 1),
        deployment("a", ("shop", "v2"), 1),
        subsets("a", "shop"),
        deployment("a", ("front", "v1"), 1),
        deployment("a", ("other", "v1"), 1),
        deployment("b", ("front", "v1"), 1),
    ]
    .concat()
}

/// The workload that answers a call to `host` from `caller`.
fn answers(up: &Up, caller: &str, host: &str) -> String {
    let url = format!("http://{host}:8000/");
    let answer = captured(up.capture(caller), &url, &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.echo("workload")
}

/// Calls until both versions have answered: no rule chooses one. Which pod is picked is random.
fn sees_both(up: &Up, caller: &str, host: &str) {
    let mut seen = BTreeSet::new();
    until("both versions answer", || {
        seen.insert(answers(up, caller, host));
        (seen.len() == 2).then_some(())
    });
}

/// A VirtualService in `a` that sends the shop's requests to v2.
fn all_to_v2(head: &str) -> String {
    let spec = format!(
        "  hosts: [shop]
{head}  http:
  - route:
    - destination: {{host: shop, subset: v2}}"
    );
    virtual_service("a", "shop", &spec)
}

#[test]
fn source_labels_choose_by_the_caller() {
    let spec = "  hosts: [shop]
  http:
  - match:
    - sourceLabels: {app: front}
    route:
    - destination: {host: shop, subset: v2}
  - route:
    - destination: {host: shop, subset: v1}";
    let up = Up::of(&(shop_and_callers() + &virtual_service("a", "shop", spec)));
    for _ in 0..4 {
        assert_eq!(answers(&up, "a/front-v1", "shop"), "shop-v2");
        assert_eq!(answers(&up, "a/other-v1", "shop"), "shop-v1");
        assert_eq!(answers(&up, "b/front-v1", "shop.a"), "shop-v2");
    }
}

#[test]
fn a_short_name_is_the_service_of_the_callers_namespace() {
    let own = service("b", "shop") + &deployment("b", ("shop", "v9"), 1);
    let up = Up::of(&(shop_and_callers() + &own + &all_to_v2("")));
    for _ in 0..4 {
        assert_eq!(answers(&up, "a/front-v1", "shop"), "shop-v2");
        assert_eq!(answers(&up, "b/front-v1", "shop"), "shop-v9");
        for long in ["shop.a", "shop.a.svc", "shop.a.svc.cluster.local"] {
            assert_eq!(answers(&up, "b/front-v1", long), "shop-v2");
        }
    }
}

#[test]
fn a_rule_that_is_exported_to_its_own_namespace_binds_no_other() {
    let up = Up::of(&(shop_and_callers() + &all_to_v2("  exportTo: [\".\"]\n")));
    let from_a: Vec<_> = (0..4).map(|_| answers(&up, "a/front-v1", "shop")).collect();
    assert_eq!(from_a, ["shop-v2"; 4]);
    sees_both(&up, "b/front-v1", "shop.a");
}

#[test]
fn a_rule_for_gateways_only_binds_no_caller_in_the_mesh() {
    let spec = "  hosts: [shop.a.svc.cluster.local]
  gateways: [default/edge]
  http:
  - route:
    - destination: {host: shop, subset: v2}";
    let edge = gateway("\"*\"") + &virtual_service("a", "shop", spec);
    let up = Up::of(&(shop_and_callers() + &edge));
    for _ in 0..4 {
        let answer = at_edge(up.gateway(), "shop.a.svc.cluster.local", "/");
        assert_eq!(answer.echo("workload"), "shop-v2");
    }
    for (caller, host) in [("a/front-v1", "shop"), ("b/front-v1", "shop.a")] {
        sees_both(&up, caller, host);
    }
}

#[test]
fn curl_calls_as_the_workload_that_is_named() {
    let up = Up::of(&(shop_and_callers() + &all_to_v2("")));
    let said = up.run(&["curl", "--from", "b/front-v1", "http://shop.a:8000/x"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(r#""workload":"shop-v2""#), "{said:?}");
    let said = up.run(&["curl", "--from", "front-v1", "http://shop.a:8000/x"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("say which: a/front-v1 b/front-v1"),
        "{said:?}"
    );
}
