//! Requests that are alike reach the same endpoint.

use std::time::Duration;

use sealane_runtime::cluster::Balance;
use sealane_runtime::route::HashPolicy;

use crate::build::{cluster, forward, sidecar};
use crate::fixture::{Bench, Requests, get, run};

fn bench(policy: HashPolicy) -> Bench {
    let mut upstream = cluster("v1", &["127.10.0.9:80", "127.10.0.8:80", "127.10.0.7:80"]);
    upstream.balance = Balance::Maglev { table_size: 1009 };
    let mut action = forward(&[("v1", 1)]);
    action.hash = vec![policy];
    Bench::new(sidecar(action, vec![upstream]))
}

#[test]
fn the_same_header_leads_to_the_same_endpoint() {
    run(async {
        let bench = bench(HashPolicy::Header("x-user".parse().unwrap()));
        let endpoints = ["127.10.0.9:80", "127.10.0.8:80", "127.10.0.7:80"];
        let seen = endpoints.map(|address| bench.echo(address, address));
        let mut used = std::collections::BTreeSet::new();
        for user in 0..20 {
            let mut homes = std::collections::BTreeSet::new();
            for _ in 0..3 {
                let mut request = get("/");
                let value = user.to_string().parse().unwrap();
                request.headers_mut().insert("x-user", value);
                homes.insert(bench.send(request).await.body);
            }
            assert_eq!(homes.len(), 1, "{user}: {homes:?}");
            used.extend(homes);
        }
        assert_eq!(used.len(), 3);
        assert_eq!(seen.iter().map(Requests::count).sum::<usize>(), 60);
    });
}

#[test]
fn a_caller_without_the_cookie_gets_one_that_leads_back() {
    run(async {
        let bench = bench(HashPolicy::Cookie {
            name: "cart".into(),
            ttl: Some(Duration::from_mins(1)),
            path: Some("/shop".into()),
            attributes: Vec::new(),
        });
        let endpoints = ["127.10.0.9:80", "127.10.0.8:80", "127.10.0.7:80"];
        let _seen = endpoints.map(|address| bench.echo(address, address));
        for _ in 0..10 {
            let first = bench.get("/").await;
            let cookie = first.header("set-cookie").unwrap().to_owned();
            assert!(
                cookie.ends_with("; Max-Age=60; Path=/shop; HttpOnly"),
                "{cookie}"
            );
            let (pair, _) = cookie.split_once(';').unwrap();
            let mut request = get("/");
            request
                .headers_mut()
                .insert("cookie", pair.parse().unwrap());
            let second = bench.send(request).await;
            assert_eq!(second.body, first.body);
            assert_eq!(second.header("set-cookie"), None);
        }
    });
}
