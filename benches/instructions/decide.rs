//! Instructions of one routing decision among 10, 1,000 and 10,000 rules.

#![expect(
    missing_docs,
    unused_qualifications,
    clippy::exit,
    reason = "the macros of the harness"
)]

use std::hint::black_box;
use std::sync::Arc;

use gungraun::prelude::*;
use http::{HeaderMap, Method};
use sealane_benches::meshes;
use sealane_runtime::table::RouteTable;
use sealane_runtime::{Decision, RequestHead, decide};

/// A table, and a request that one of its rules takes.
struct Asked {
    table: Arc<RouteTable>,
    path: String,
    headers: HeaderMap,
}

fn asked(rules: usize, path: String) -> Asked {
    let asked = Asked {
        table: meshes::table(&meshes::rules(rules)),
        path,
        headers: HeaderMap::new(),
    };
    assert!(matches!(decide_one(&asked), Decision::Route { .. }));
    asked
}

/// The last rule with an exact path.
fn exact(rules: usize) -> Asked {
    asked(rules, format!("/exact/{}", (rules - 2) / 3 * 3))
}

/// The last rule with a prefix.
fn prefix(rules: usize) -> Asked {
    asked(rules, format!("/prefix/{}/x", (rules - 3) / 3 * 3 + 1))
}

/// The rule behind all others.
fn last(rules: usize) -> Asked {
    asked(rules, "/nothing/of/these".to_owned())
}

fn decide_one(asked: &Asked) -> Decision {
    let head = RequestHead {
        method: &Method::GET,
        scheme: "http",
        authority: "shop:9080",
        path_and_query: &asked.path,
        headers: &asked.headers,
    };
    decide(&asked.table, &head)
}

#[library_benchmark]
#[bench::exact_10(args = (10), setup = exact)]
#[bench::exact_1000(args = (1_000), setup = exact)]
#[bench::exact_10000(args = (10_000), setup = exact)]
#[bench::prefix_10(args = (10), setup = prefix)]
#[bench::prefix_1000(args = (1_000), setup = prefix)]
#[bench::prefix_10000(args = (10_000), setup = prefix)]
#[bench::last_10(args = (10), setup = last)]
#[bench::last_1000(args = (1_000), setup = last)]
#[bench::last_10000(args = (10_000), setup = last)]
fn decision(asked: Asked) -> (Decision, Asked) {
    (black_box(decide_one(&asked)), asked)
}

library_benchmark_group!(name = decisions, benchmarks = [decision]);
main!(library_benchmark_groups = decisions);
