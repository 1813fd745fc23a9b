//! Instructions of compiling one sidecar's resources for 100 and 1,000 Services, and of building
//! what it serves by.

#![expect(
    missing_docs,
    unused_qualifications,
    clippy::exit,
    reason = "the macros of the harness"
)]

use std::hint::black_box;

use gungraun::prelude::*;
use sealane_benches::meshes;
use sealane_compile::{Compiled, Snapshot};
use sealane_runtime::Runtime;
use sealane_runtime::build::BuildError;

fn snapshot(services: usize) -> Snapshot {
    meshes::snapshot(&meshes::services(services))
}

fn compiled(services: usize) -> Compiled {
    meshes::compiled(&snapshot(services))
}

#[library_benchmark]
#[bench::services_100(args = (100), setup = snapshot)]
#[bench::services_1000(args = (1_000), setup = snapshot)]
fn compile(snapshot: Snapshot) -> (Compiled, Snapshot) {
    (black_box(meshes::compiled(&snapshot)), snapshot)
}

#[library_benchmark]
#[bench::services_100(args = (100), setup = compiled)]
#[bench::services_1000(args = (1_000), setup = compiled)]
fn build(compiled: Compiled) -> (Result<Runtime, Vec<BuildError>>, Compiled) {
    (
        black_box(Runtime::build(&compiled.resources, None)),
        compiled,
    )
}

library_benchmark_group!(name = control, benchmarks = [compile, build]);
main!(library_benchmark_groups = control);
