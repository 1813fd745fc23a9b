//! Changes while requests are in flight: none is lost, each is live, a broken one changes nothing.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::manifests::{
    SHOP, behaving, deployment, gateway, service, shop, shop_split, virtual_service, weights,
};
use crate::run::{Up, until};
use crate::wire::{Wire, at_edge};

/// Threads that call.
const CALLERS: u32 = 4;
/// Between two requests of one thread: together they make 200 a second.
const PACE: Duration = Duration::from_millis(20);
/// How long requests are made at least.
const LOAD: Duration = Duration::from_secs(3);

/// Requests at a steady rate.
struct Load {
    enough: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Vec<u16>>>,
    started: Instant,
}

impl Load {
    fn start(gateway: SocketAddr) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let callers = (0..CALLERS).map(|_| {
            let enough = Arc::clone(&enough);
            thread::spawn(move || call(gateway, &enough))
        });
        Self {
            callers: callers.collect(),
            enough,
            started: Instant::now(),
        }
    }

    /// The statuses that were seen.
    fn stop(self) -> Vec<u16> {
        thread::sleep(LOAD.saturating_sub(self.started.elapsed()));
        self.enough.store(true, Ordering::Relaxed);
        let callers = self.callers.into_iter();
        callers.flat_map(|caller| caller.join().unwrap()).collect()
    }
}

/// Every second request takes a new connection, the others a kept one.
fn call(gateway: SocketAddr, enough: &AtomicBool) -> Vec<u16> {
    let mut statuses = Vec::new();
    let mut kept = Wire::to(gateway);
    let mut next = Instant::now();
    while !enough.load(Ordering::Relaxed) {
        let is_fresh = statuses.len() % 2 == 1;
        let answer = if is_fresh {
            at_edge(gateway, SHOP, "/")
        } else {
            kept.get("/", &[("host", SHOP)])
        };
        statuses.push(answer.status);
        next += PACE;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    statuses
}

/// The pods that answer the next hundred requests, and how many of these shop-v2 took.
fn next_hundred(gateway: SocketAddr) -> (BTreeSet<String>, usize) {
    let answers: Vec<_> = (0..100).map(|_| at_edge(gateway, SHOP, "/")).collect();
    let pods = answers.iter().map(|answer| answer.echo("pod")).collect();
    let v2 = answers
        .iter()
        .filter(|answer| answer.echo("workload") == "shop-v2");
    (pods, v2.count())
}

#[test]
fn changes_under_load_lose_no_request() {
    let up = Up::of(&shop_split(90, 10));
    let load = Load::start(up.gateway());
    let applied = up.place().feed(&["apply", "-f", "-"], &weights(50, 50));
    assert_eq!(applied.code, 0, "{applied:?}");
    up.tells("✓ generation 2 · live");
    let more = shop_split(90, 10) + &deployment("default", ("shop", "v2"), 2);
    up.place().save("mesh.yaml", &more);
    up.tells("✓ generation 3 · live");
    up.place()
        .save("mesh.yaml", &more.replace("route:", "rout:"));
    up.tells("generation 3 goes on");
    up.place().save(
        "mesh.yaml",
        &more
            .replace("weight: 90", "weight: 30")
            .replace("weight: 10", "weight: 70"),
    );
    up.tells("✓ generation 4 · live");
    let statuses = load.stop();
    assert!(statuses.len() > 400, "{} requests", statuses.len());
    let lost: Vec<_> = statuses.iter().filter(|status| **status != 200).collect();
    assert!(lost.is_empty(), "of {}: {lost:?}", statuses.len());
}

#[test]
fn pods_that_come_go_and_change_their_labels_lose_no_request() {
    let spec = format!(
        "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - route: [{{destination: {{host: shop}}}}]"
    );
    let yaml = shop() + &virtual_service("default", "shop", &spec);
    let up = Up::with(&yaml, &["--access-log", "log"]);
    let load = Load::start(up.gateway());
    let run = |args: &[&str]| {
        let said = up.run(args);
        assert_eq!(said.code, 0, "{args:?}: {said:?}");
    };
    for replicas in ["0", "2", "0", "1"] {
        run(&["scale", "deploy/shop-v2", "--replicas", replicas]);
    }
    for label in ["version=v1", "app=other", "app=shop", "version=v2"] {
        run(&["label", "pod/shop-v2-0", label, "--overwrite"]);
    }
    let statuses = load.stop();
    let log = std::fs::read_to_string(up.place().path("log")).unwrap();
    let lost: Vec<_> = log
        .lines()
        .filter(|line| !line.contains("\" 200 "))
        .collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let (pods, _) = next_hundred(up.gateway());
    assert_eq!(pods.len(), 2, "{pods:?}");
}

#[test]
fn each_saved_change_is_live_and_a_broken_one_is_not() {
    let up = Up::of(&shop_split(90, 10));
    let gateway = up.gateway();
    let of_v2 = |share: usize| share.saturating_sub(1)..=share + 1;
    up.place().save("mesh.yaml", &shop_split(50, 50));
    up.tells("✓ generation 2 · live");
    assert!(of_v2(50).contains(&next_hundred(gateway).1));

    up.place()
        .save("mesh.yaml", &shop_split(0, 100).replace("route:", "rout:"));
    up.tells("generation 2 goes on");
    up.tells("unknown field `rout`");
    up.tells("did you mean `route`?");
    assert!(of_v2(50).contains(&next_hundred(gateway).1));

    let three = shop_split(20, 80) + &deployment("default", ("shop", "v2"), 3);
    up.place().save("mesh.yaml", &three);
    up.tells("✓ generation 3 · live");
    let (pods, v2) = next_hundred(gateway);
    assert!(of_v2(80).contains(&v2), "{v2}");
    assert_eq!(pods.len(), 4, "{pods:?}");

    std::fs::remove_file(up.place().path("manifests/mesh.yaml")).unwrap();
    up.tells("generation 4");
    until("nothing is left", || {
        std::net::TcpStream::connect(gateway).is_err().then_some(())
    });
}

#[test]
fn an_upstream_that_dies_while_things_change_makes_its_request_count() {
    let annotations = "{sealane.dev/delay: 3s, sealane.dev/reset: 'true'}";
    let mortal = |tries: &str| {
        let spec = format!(
            "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - retries: {{attempts: 0}}
    headers: {{request: {{set: {{x-tries: {tries}}}}}}}
    route: [{{destination: {{host: shop}}}}]"
        );
        [
            service("default", "shop"),
            behaving("default", ("shop", "v1"), 1, annotations),
            gateway(SHOP),
            virtual_service("default", "shop", &spec),
        ]
        .concat()
    };
    let up = Up::of(&mortal("none"));
    let mut wire = Wire::to(up.gateway());
    let headers = [
        ("host", SHOP),
        ("expect", "100-continue"),
        ("content-length", "2"),
    ];
    wire.ask("/", &headers);
    // What a server lets go on, it has begun.
    assert_eq!(
        (&*wire.line(), &*wire.line()),
        ("HTTP/1.1 100 Continue", "")
    );
    wire.write(b"hi");
    up.place().save("mesh.yaml", &mortal("few"));
    up.tells("✓ generation 2 · live");
    assert_eq!(wire.read().status, 503);
    // In the line of the generation or in one of its own, whichever came first.
    up.tells("1 request lost");
}
