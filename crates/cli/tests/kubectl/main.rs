//! kubectl itself against the admin API of a running mesh: every kubectl that is found, an old one
//! and the machine's own. Without any the tests say so and pass; `scripts/install-kubectl` gets one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test's helpers fail by panicking, as the tests do, and say what they skip"
)]

mod copied;
mod kubectl;
mod lines;
mod movie;
mod objects;
#[path = "../mesh/run.rs"]
#[expect(dead_code, reason = "the other tests of the binary use more of it")]
mod run;
mod samples;
#[path = "../mesh/seeds.rs"]
#[expect(dead_code, reason = "the other tests of the binary use more of it")]
mod seeds;
mod token;
mod watch;
#[path = "../mesh/wire.rs"]
#[expect(dead_code, reason = "the other tests of the binary use more of it")]
mod wire;
mod workloads;
