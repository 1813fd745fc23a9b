//! The first hundred requests at 90/10 are ninety and ten.

use std::thread;

use crate::manifests::{SHOP, shop_split};
use crate::run::Up;
use crate::wire::{Wire, at_edge};

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
