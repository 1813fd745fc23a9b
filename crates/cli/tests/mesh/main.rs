//! The `sealane` binary from outside: meshes that really run, called over loopback sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail by panicking, as the tests do"
)]

mod admin;
mod bad_input;
mod broken;
mod change;
mod closed;
mod declared;
mod drain;
mod failures;
mod findings;
mod floods;
mod identity;
mod logging;
mod logs;
mod manifests;
mod metrics;
mod objects;
mod pasted;
mod processes;
mod prometheus;
mod promql;
mod run;
mod scale;
mod seeds;
mod sides;
mod split;
mod storm;
mod streaming;
mod streams;
mod tls;
mod wire;
mod workloads;
