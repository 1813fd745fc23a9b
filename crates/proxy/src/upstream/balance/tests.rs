//! Picks as a stock Envoy 1.40 makes them, and the promises of each policy.

use std::net::SocketAddr;
use std::time::Duration;

use sealane_runtime::cluster::{Discovery, Limits, UpstreamProtocol, UpstreamTransport};
use sealane_runtime::endpoint::{EndpointAddress, Endpoints, LocalityEndpoints};
use sealane_runtime::hash::xx64;
use sealane_seam::SeededRandom;

use super::*;

/// Endpoints `127.0.0.11:28431` and following, with these weights.
fn locality(first: u8, weights: &[u32], priority: u32, weight: Option<u32>) -> LocalityEndpoints {
    let endpoint = |(last, weight): (u8, &u32)| {
        Arc::new(Endpoint {
            address: EndpointAddress::Socket(SocketAddr::from(([127, 0, 0, last], 28431))),
            weight: *weight,
            health: Health::Healthy,
            hostname: "".into(),
            workload: None,
        })
    };
    LocalityEndpoints {
        locality: "".into(),
        priority,
        weight,
        endpoints: (first..).zip(weights).map(endpoint).collect(),
    }
}

fn cluster(balance: Balance, localities: Vec<LocalityEndpoints>) -> Cluster {
    Cluster {
        name: "c".into(),
        discovery: Discovery::Given,
        balance,
        connect_timeout: Duration::from_secs(1),
        protocol: UpstreamProtocol::Http1,
        limits: Limits {
            connections: 1,
            pending: 1,
            requests: 1,
            retries: 1,
        },
        outlier: None,
        max_requests_per_connection: None,
        idle_timeout: None,
        max_connection_duration: None,
        panic_threshold: 0,
        locality_weighted: localities.iter().any(|group| group.weight.is_some()),
        keepalive: None,
        transport: UpstreamTransport::Plaintext,
        endpoints: Arc::new(Endpoints {
            localities,
            overprovisioning: 140,
        }),
        config: None,
        service: None,
    }
}

struct Bench {
    hosts: Vec<Host>,
    balancer: Balancer,
    random: SeededRandom,
}

impl Bench {
    fn new(cluster: &Cluster) -> Self {
        let hosts: Vec<Host> = cluster
            .endpoints
            .localities
            .iter()
            .flat_map(|group| {
                let hosts = group.endpoints.iter();
                hosts.map(|endpoint| Host::new(endpoint, Arc::default()))
            })
            .collect();
        Self {
            balancer: Balancer::new(cluster, &hosts),
            hosts,
            random: SeededRandom::new(1),
        }
    }

    fn flat(balance: Balance, weights: &[u32]) -> Self {
        Self::new(&cluster(balance, vec![locality(11, weights, 0, None)]))
    }

    /// The last number of the address that is picked; 0 for none.
    fn pick(&self, hash: Option<u64>, attempt: u32) -> u8 {
        let wish = Wish {
            hash,
            attempt,
            random: &self.random,
        };
        let host = self.balancer.pick(&self.hosts, &wish);
        match host.map(|host| &host.endpoint.address) {
            Some(EndpointAddress::Socket(SocketAddr::V4(address))) => address.ip().octets()[3],
            _ => 0,
        }
    }

    /// How often each endpoint is picked, the first being 127.0.0.11.
    fn counts(&self, picks: usize) -> Vec<usize> {
        let mut counts = vec![0; self.hosts.len()];
        for _ in 0..picks {
            counts[usize::from(self.pick(None, 0)) - 11] += 1;
        }
        counts
    }

    /// What is picked for the header values `k0`, `k1` and following.
    fn by_keys(&self, keys: usize) -> String {
        let pick = |key: usize| {
            let hash = xx64(format!("k{key}").as_bytes(), 0);
            self.pick(Some(hash), 0).to_string()
        };
        (0..keys).map(pick).collect::<Vec<_>>().join(" ")
    }
}

const fn ring(minimum_size: u64) -> Balance {
    Balance::RingHash {
        minimum_size,
        maximum_size: 8 * 1024 * 1024,
    }
}

const EQUAL: &[u32] = &[1, 1, 1, 1, 1];
const UNEQUAL: &[u32] = &[1, 2, 3, 1, 5];

#[test]
fn rings_are_envoys() {
    for (minimum, weights, expected) in [
        (
            1024,
            EQUAL,
            "15 12 14 13 13 13 14 15 14 15 11 12 11 13 11 14 11 15 13 13 \
            14 15 13 13 14 11 11 14 12 13 12 11 15 12 11 12 13 11 15 11",
        ),
        (
            1024,
            UNEQUAL,
            "15 13 14 13 13 13 14 15 15 15 15 12 11 13 11 15 11 15 13 13 \
            14 15 13 13 14 11 11 15 13 13 12 15 15 12 11 13 13 15 15 13",
        ),
        (
            7,
            UNEQUAL,
            "11 12 15 13 13 15 15 11 15 13 13 13 12 15 11 15 15 15 15 12 \
            14 12 15 15 14 15 15 14 12 13 12 14 15 15 15 13 12 12 13 13",
        ),
    ] {
        assert_eq!(Bench::flat(ring(minimum), weights).by_keys(40), expected);
    }
}

#[test]
fn maglev_tables_are_envoys() {
    for (table_size, weights, expected) in [
        (
            65_537,
            EQUAL,
            "15 11 13 11 12 12 12 13 15 11 13 11 11 14 12 11 14 12 12 13 \
            13 12 14 13 11 14 11 14 14 15 12 13 11 12 11 14 15 13 14 13",
        ),
        (
            1009,
            UNEQUAL,
            "14 14 11 15 13 15 13 13 15 15 15 14 15 11 15 15 13 15 12 15 \
            13 13 15 15 15 15 12 15 15 11 15 12 12 12 13 15 15 14 15 15",
        ),
    ] {
        let bench = Bench::flat(Balance::Maglev { table_size }, weights);
        assert_eq!(bench.by_keys(40), expected);
    }
}

#[test]
fn a_failing_endpoint_moves_few_keys_and_another_attempt_leads_elsewhere() {
    for balance in [ring(1024), Balance::Maglev { table_size: 65_537 }] {
        let bench = Bench::flat(balance, EQUAL);
        let hashes: Vec<u64> = (0..500_u64)
            .map(|key| xx64(&key.to_le_bytes(), 0))
            .collect();
        let picks = || -> Vec<u8> {
            hashes
                .iter()
                .map(|hash| bench.pick(Some(*hash), 0))
                .collect()
        };
        let before = picks();
        assert_eq!(before, picks());
        bench.hosts[2].live.set_ejected(true);
        let after = picks();
        assert!(!after.contains(&13));
        let both = before.iter().zip(&after);
        let moved = both
            .filter(|(before, after)| **before != 13 && before != after)
            .count();
        assert!(moved < 30, "{moved} moved");
        bench.hosts[2].live.set_ejected(false);
        assert_eq!(before, picks());
        let elsewhere = |hash: &u64| {
            (1..6).any(|attempt| bench.pick(Some(*hash), attempt) != bench.pick(Some(*hash), 0))
        };
        assert!(hashes.iter().filter(|hash| elsewhere(hash)).count() > 450);
    }
}

#[test]
fn turns_are_exact_by_weight() {
    assert_eq!(
        Bench::flat(Balance::RoundRobin, EQUAL).counts(500),
        [100; 5]
    );
    assert_eq!(
        Bench::flat(Balance::RoundRobin, UNEQUAL).counts(1200),
        [100, 200, 300, 100, 500]
    );
}

#[test]
fn random_picks_count_every_endpoint_alike_as_envoy_does() {
    let counts = Bench::flat(Balance::Random, UNEQUAL).counts(5000);
    assert!(
        counts.iter().all(|count| (850..1150).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn the_less_busy_endpoint_is_taken() {
    let least = Balance::LeastRequest { choices: 2 };
    let bench = Bench::flat(least.clone(), &[1, 1]);
    let busy: Vec<_> = (0..3)
        .map(|_| crate::live::endpoint::Active::at(&bench.hosts[0].live))
        .collect();
    // The busy one is taken only where it is drawn twice.
    let counts = bench.counts(2000);
    assert!((400..600).contains(&counts[0]), "{counts:?}");
    drop(busy);
    let weighted = Bench::flat(least, &[1, 3]);
    assert_eq!(weighted.counts(400), [100, 300]);
    let _busy = crate::live::endpoint::Active::at(&weighted.hosts[1].live);
    // Weight 3 with one request counts as much as 1.5.
    assert_eq!(weighted.counts(500), [200, 300]);
}

#[test]
fn what_is_not_available_is_not_picked() {
    let bench = Bench::flat(Balance::RoundRobin, &[1, 1, 1]);
    bench.hosts[0].live.set_ejected(true);
    assert_eq!(bench.counts(10), [0, 5, 5]);
    for host in &bench.hosts {
        host.live.set_ejected(true);
    }
    assert_eq!(bench.pick(None, 0), 0);
    assert_eq!(Bench::flat(Balance::RoundRobin, &[]).pick(None, 0), 0);
}

#[test]
fn below_the_panic_threshold_all_are_picked() {
    let mut cluster = cluster(Balance::RoundRobin, vec![locality(11, &[1, 1, 1], 0, None)]);
    cluster.panic_threshold = 50;
    let bench = Bench::new(&cluster);
    bench.hosts[0].live.set_ejected(true);
    bench.hosts[1].live.set_ejected(true);
    assert_eq!(bench.counts(9), [3, 3, 3]);
}

#[test]
fn the_next_priority_takes_what_the_first_cannot() {
    let localities = vec![
        locality(11, &[1, 1], 0, None),
        locality(13, &[1, 1], 1, None),
    ];
    let bench = Bench::new(&cluster(Balance::RoundRobin, localities));
    assert_eq!(bench.counts(100), [50, 50, 0, 0]);
    bench.hosts[0].live.set_ejected(true);
    let counts = bench.counts(1000);
    assert_eq!(counts[0], 0);
    // Half of the first, counted 1.4 times, keeps 70 percent.
    assert!((640..760).contains(&counts[1]), "{counts:?}");
    bench.hosts[1].live.set_ejected(true);
    assert_eq!(bench.counts(100), [0, 0, 50, 50]);
}

#[test]
fn weighted_localities_take_turns_and_lose_weight_as_they_fail() {
    let localities = vec![
        locality(11, &[1, 1], 0, Some(3)),
        locality(13, &[1, 1], 0, Some(1)),
    ];
    let bench = Bench::new(&cluster(Balance::RoundRobin, localities));
    assert_eq!(bench.counts(400), [150, 150, 50, 50]);
    bench.hosts[0].live.set_ejected(true);
    // 3 × 0.7 to 1.
    assert_eq!(bench.counts(310), [0, 210, 50, 50]);
}
