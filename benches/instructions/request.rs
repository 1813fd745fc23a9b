//! Instructions of proxied HTTP/1.1 requests on a warm connection: the proxy, both ends and the
//! pipes in memory between them. A hundred at a time; divide to get one.

#![expect(
    missing_docs,
    unused_qualifications,
    clippy::exit,
    reason = "the macros of the harness"
)]

use std::hint::black_box;

use gungraun::prelude::*;
use sealane_benches::proxied::Proxied;

#[library_benchmark]
#[bench::rules_10(args = (10), setup = Proxied::warm)]
#[bench::rules_1000(args = (1_000), setup = Proxied::warm)]
fn hundred(mut proxied: Proxied) -> Proxied {
    proxied.exchange(black_box(100));
    proxied
}

library_benchmark_group!(name = requests, benchmarks = [hundred]);
main!(library_benchmark_groups = requests);
