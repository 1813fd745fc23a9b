//! Copies of requests.

use std::time::Duration;

use sealane_runtime::route::{Forward, Mirror, RetryOn};
use sealane_runtime::split::Fraction;

use crate::build::{cluster, forward, retry, sidecar};
use crate::fixture::{Bench, request, response, run};

const MAIN: &str = "127.10.0.8:80";
const COPY: &str = "127.10.0.9:80";

fn mirrored(numerator: u32) -> Forward {
    let mut action = forward(&[("main", 1)]);
    action.mirrors = vec![Mirror {
        cluster: "copy".into(),
        share: Fraction {
            numerator,
            denominator: 100,
        },
        key: "rule/mirror".into(),
        host_suffix: false,
    }];
    action
}

fn bench(action: Forward) -> Bench {
    let clusters = vec![cluster("main", &[MAIN]), cluster("copy", &[COPY])];
    Bench::new(sidecar(action, clusters))
}

#[test]
fn a_mirror_gets_the_whole_request_and_its_answer_is_thrown_away() {
    run(async {
        let bench = bench(mirrored(100));
        bench.echo(MAIN, "main");
        let copy = bench.workload(COPY, |_| async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            response(500, "copy")
        });
        let started = tokio::time::Instant::now();
        let answer = bench.send(request("POST", "/a?b", "12345")).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "main"));
        assert_eq!(started.elapsed().as_secs(), 0);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(copy.last().uri(), "/a?b");
        assert_eq!(copy.last().body(), "12345");
        assert_eq!(copy.header("host").as_deref(), Some("reviews"));
        assert_eq!(copy.header("x-envoy-internal").as_deref(), Some("true"));
        assert!(copy.header("x-forwarded-for").is_some());
        bench.record().await;
    });
}

#[test]
fn a_share_is_mirrored_exactly() {
    run(async {
        let bench = bench(mirrored(30));
        bench.echo(MAIN, "main");
        let copy = bench.echo(COPY, "copy");
        for _ in 0..100 {
            bench.get("/").await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(copy.count(), 30);
    });
}

#[test]
fn a_mirror_is_sent_once_though_the_request_is_tried_again() {
    run(async {
        let mut action = mirrored(100);
        action.retry = Some(retry(2, &[RetryOn::FiveXx]));
        let bench = bench(action);
        let main = bench.workload(MAIN, |_| async { response(503, "nope") });
        let copy = bench.echo(COPY, "copy");
        bench.send(request("POST", "/", "12345")).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((main.count(), copy.count()), (3, 1));
    });
}

#[test]
fn a_mirror_that_fails_does_not_touch_the_request() {
    run(async {
        let bench = bench(mirrored(100));
        bench.echo(MAIN, "main");
        assert_eq!(bench.get("/").await.status, 200);
    });
}
