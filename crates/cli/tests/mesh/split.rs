//! The first hundred requests at 90/10 are ninety and ten: at every moment, on any number of threads,
//! across reloads, and whatever else is drawn beside.

use std::fs;
use std::thread;

use crate::manifests::{SHOP, deployment, gateway, service, shop, shop_split, virtual_service};
use crate::run::{Up, until};
use crate::wire::{Wire, at_edge};

/// A shop with so many versions at the edge, each with its weight.
fn weighted(weights: &[u32]) -> String {
    let versions: Vec<_> = (1..)
        .map(|number| format!("v{number}"))
        .take(weights.len())
        .collect();
    let subset =
        |version: &String| format!("  - {{name: {version}, labels: {{version: {version}}}}}\n");
    let route = |(version, weight): (&String, &u32)| {
        format!("    - {{destination: {{host: shop, subset: {version}}}, weight: {weight}}}\n")
    };
    let rule = format!(
        "---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: shop}}
spec:
  host: shop
  subsets:
{}",
        versions.iter().map(subset).collect::<String>()
    );
    let spec = format!(
        "  hosts: [{SHOP}]\n  gateways: [edge]\n  http:\n  - route:\n{}",
        versions.iter().zip(weights).map(route).collect::<String>()
    );
    let pods = versions
        .iter()
        .map(|version| deployment("default", ("shop", version), 1));
    let pods: String = pods.collect();
    let rest = [service("default", "shop"), gateway(SHOP), rule];
    pods + &rest.concat() + &virtual_service("default", "shop", &spec)
}

/// The versions that answer the next requests of one caller, from 0.
fn versions(wire: &mut Wire, path: &str, count: usize) -> Vec<usize> {
    let mut next = || {
        let version = wire.get(path, &[("host", SHOP)]).echo("version");
        version.trim_start_matches('v').parse::<usize>().unwrap() - 1
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn every_prefix_of_a_split_is_within_one_of_its_shares() {
    for weights in [&[33, 33, 34][..], &[1, 30, 3, 30, 1]] {
        let up = Up::of(&weighted(weights));
        let seen = versions(&mut Wire::to(up.gateway()), "/", 200);
        let total: u32 = weights.iter().sum();
        let mut counts = vec![0_u32; weights.len()];
        for (made, version) in (1_u32..).zip(seen) {
            counts[version] += 1;
            for (count, weight) in counts.iter().zip(weights) {
                let owed = f64::from(*weight) * f64::from(made) / f64::from(total);
                let off = (f64::from(*count) - owed).abs();
                assert!(off <= 1.0, "{weights:?}: {counts:?} after {made}");
            }
        }
    }
}

#[test]
fn thirty_two_connections_on_eight_threads_share_one_sequence() {
    let up = Up::with(&weighted(&[33, 33, 34]), &["--threads", "8"]);
    let gateway = up.gateway();
    let callers = (0..32).map(|_| thread::spawn(move || versions(&mut Wire::to(gateway), "/", 25)));
    let callers: Vec<_> = callers.collect();
    let seen: Vec<_> = callers
        .into_iter()
        .flat_map(|caller| caller.join().unwrap())
        .collect();
    let of = |wanted| seen.iter().filter(|version| **version == wanted).count();
    assert_eq!([of(0), of(1), of(2)], [264, 264, 272]);
}

#[test]
fn a_reload_every_twenty_requests_keeps_a_share_of_one_in_a_hundred() {
    let rule = |round: usize| {
        let spec = format!(
            "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - headers: {{response: {{set: {{x-round: \"{round}\"}}}}}}
    route:
    - {{destination: {{host: shop, subset: v1}}, weight: 99}}
    - {{destination: {{host: shop, subset: v2}}, weight: 1}}"
        );
        virtual_service("default", "shop", &spec)
    };
    let up = Up::of(&(shop() + &rule(0)));
    let mut wire = Wire::to(up.gateway());
    let mut seen = Vec::new();
    for round in 1..=30 {
        seen.extend(versions(&mut wire, "/", 20));
        let applied = up.place().feed(&["apply", "-f", "-"], &rule(round));
        assert_eq!(applied.code, 0, "{applied:?}");
        let now = wire.get("/", &[("host", SHOP)]);
        assert_eq!(now.header("x-round"), Some(&*round.to_string()));
        seen.push(usize::from(now.echo("version") == "v2"));
    }
    for (made, _) in seen.iter().enumerate() {
        let second: usize = seen[..=made].iter().sum();
        let owed = (made + 1) / 100;
        assert!(
            (owed..=owed + 1).contains(&second),
            "{second} after {}",
            made + 1
        );
    }
}

#[test]
fn what_is_delayed_is_no_other_share_than_what_is_not() {
    let spec = format!(
        "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - fault: {{delay: {{percentage: {{value: 20}}, fixedDelay: 1ms}}}}
    route:
    - {{destination: {{host: shop, subset: v1}}, weight: 80}}
    - {{destination: {{host: shop, subset: v2}}, weight: 20}}"
    );
    let rule = virtual_service("default", "shop", &spec);
    let up = Up::with(&(shop() + &rule), &["--access-log", "log"]);
    versions(&mut Wire::to(up.gateway()), "/", 1000);
    let log = up.place().path("log");
    let at_the_edge = until("a thousand lines of the gateway", || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines = text.lines().filter(|line| line.contains(" outbound|8000|"));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        (lines.len() == 1000).then_some(lines)
    });
    let delayed: Vec<_> = at_the_edge
        .iter()
        .filter(|line| line.contains(" 200 DI "))
        .collect();
    assert_eq!(delayed.len(), 200);
    let first = delayed
        .iter()
        .filter(|line| line.contains(" outbound|8000|v1|"))
        .count();
    assert!((144..=176).contains(&first), "{first} of 200 went to v1");
}

#[test]
fn a_caller_that_alternates_two_paths_sees_both_versions_on_each() {
    let up = Up::of(&weighted(&[50, 50]));
    let mut wire = Wire::to(up.gateway());
    let mut second = [0; 2];
    for turn in 0..400 {
        let path = ["/cart", "/list"][turn % 2];
        second[turn % 2] += versions(&mut wire, path, 1)[0];
    }
    assert_eq!(second[0] + second[1], 200);
    for count in second {
        assert!((80..=120).contains(&count), "{second:?}");
    }
}

#[test]
fn weights_are_drawn_at_random_where_the_rule_says_so() {
    let drawn = shop_split(50, 50).replace(
        "kind: VirtualService\nmetadata: {name: shop, namespace: default}",
        "kind: VirtualService
metadata: {name: shop, namespace: default, annotations: {sealane.dev/weights: random}}",
    );
    assert!(drawn.contains("random"));
    let up = Up::of(&drawn);
    let seen = versions(&mut Wire::to(up.gateway()), "/", 400);
    let second: usize = seen.iter().sum();
    // Ten standard deviations: chance does not fail this.
    assert!((100..=300).contains(&second), "{second}");
    // Exact splits at 50/50 give one of each in any two; at random that does not happen.
    let uneven = seen.chunks(2).any(|two| two[0] == two[1]);
    assert!(uneven, "{seen:?}");
}

/// Who answered, how often.
fn count(seen: &[String], workload: &str) -> usize {
    seen.iter().filter(|name| *name == workload).count()
}

#[test]
fn the_first_hundred_at_90_10_are_90_and_10() {
    let up = Up::with(&shop_split(90, 10), &["--threads", "1"]);
    let mut wire = Wire::to(up.gateway());
    let seen: Vec<_> = (0..100)
        .map(|_| wire.get("/", &[("host", SHOP)]).echo("workload"))
        .collect();
    assert_eq!((count(&seen, "shop-v1"), count(&seen, "shop-v2")), (90, 10));
}

#[test]
fn two_traffic_threads_share_one_sequence() {
    let up = Up::with(&shop_split(90, 10), &["--threads", "2"]);
    let gateway = up.gateway();
    // New connections each time, so that both threads get some of them.
    let callers = (0..4).map(|_| {
        thread::spawn(move || {
            let answers = (0..25).map(|_| at_edge(gateway, SHOP, "/").echo("workload"));
            answers.collect::<Vec<_>>()
        })
    });
    let callers: Vec<_> = callers.collect();
    let seen = callers
        .into_iter()
        .flat_map(|caller| caller.join().unwrap());
    let seen: Vec<_> = seen.collect();
    assert_eq!((count(&seen, "shop-v1"), count(&seen, "shop-v2")), (90, 10));
}

#[test]
fn traffic_test_finds_the_split_as_configured() {
    let up = Up::of(&shop_split(80, 20));
    let host = format!("Host: {SHOP}");
    let url = format!("http://{}/", up.gateway());
    let said = up.run(&["traffic", "test", "-n", "100", "-H", &host, &url]);
    assert_eq!(said.code, 0, "{said:?}");
    for row in ["shop-v1", "shop-v2"] {
        assert!(said.out.contains(row), "{}", said.out);
    }
    assert!(said.out.contains("as configured"), "{}", said.out);
}
